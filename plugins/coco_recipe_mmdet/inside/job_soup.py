"""The job of ``greedy_soup``."""

from pathlib import Path
from typing import Any

from coco_recipe_mmdet.inside import inference, weights


def greedy_soup(job: dict[str, Any], tell: Any) -> dict[str, Any]:
    """Measure each checkpoint, then add from the best down what doesn't make the average worse."""
    kind, _, name = job["best_by"].partition("_")
    rows: list[dict[str, Any]] = []
    total = job["images"] * (2 * len(job["checkpoints"]) - 1)

    def measure(detector: inference.Detector, label: str) -> float:
        results = detector.results(tell, len(rows) * job["images"], total, label)
        rows.append({"label": label, **inference.measure(Path(inference.DATA), results)})
        if kind not in rows[-1]:
            raise ValueError(f"best_by: {job['best_by']} is of masks, and the model has none")
        return float(rows[-1][kind][name])

    scores, detector, paths = {}, None, {}
    for item, found in inference.detectors(job, tell):
        if detector not in (None, found):
            raise ValueError(
                f"config: the checkpoints carry different ones (that of {item['label']} is another): say which"
            )
        detector = found
        scores[item["label"]] = measure(detector, item["label"])
        paths[item["label"]] = Path(item["path"])
    assert detector is not None
    order = sorted(scores, key=lambda label: -scores[label])
    taken, score = order[:1], scores[order[0]]
    for label in order[1:]:
        detector.load(
            weights.average([paths[other] for other in (*taken, label)]), f"{label} in the soup"
        )
        new = measure(detector, f"{'+'.join((*taken, label))}")
        if new >= score:
            taken, score = [*taken, label], new
    state = weights.average([paths[label] for label in taken])
    _, meta = weights.read(paths[order[0]])
    weights.write(
        Path("soup.pth"), state, {key: meta[key] for key in ("cfg", "dataset_meta") if key in meta}
    )
    kept = next(row for row in rows if row["label"] == "+".join(taken))
    return {
        "rows": [*rows, {**kept, "label": "soup"}],
        "taken": taken,
        "score": score,
        "scores": scores,
        "fingerprint": weights.fingerprint(state),
    }
