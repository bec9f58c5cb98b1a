"""The jobs of ``evaluate`` and ``predict``."""

from pathlib import Path
from typing import Any

from coco_recipe_mmdet.inside import inference


def evaluate(job: dict[str, Any], tell: Any) -> list[dict[str, Any]]:
    """Measure every checkpoint; return label, files and metrics of each."""
    rows = []
    total = job["images"] * len(job["checkpoints"])
    for n, (item, detector) in enumerate(inference.detectors(job, tell)):
        results = detector.results(tell, n * job["images"], total, item["label"])
        files = inference.write_results(Path("results"), item["label"], results)
        rows.append(
            {
                "label": item["label"],
                "results": files,
                **inference.measure(Path(inference.DATA), results),
            }
        )
    return rows


def predict(job: dict[str, Any], tell: Any) -> dict[str, Any]:
    """Write what a checkpoint finds; return the files and the number of boxes."""
    _, detector = next(iter(inference.detectors(job, tell)))
    results = detector.results(tell, 0, job["images"], "")
    files = inference.write_results(Path("results"), "predictions", results)
    return {"files": files, "boxes": len(results["bbox"])}
