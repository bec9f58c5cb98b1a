"""The jobs of ``evaluate`` and ``predict``."""

import json
from pathlib import Path

from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.coco_metrics import measure
from coco_recipe_jobs.found_and_missed import Found
from coco_recipe_jobs.scores import Score, best_of, score_of
from msgspec.structs import replace

from coco_recipe_mmdet.inside import drawings, inference
from coco_recipe_mmdet.jobs import EvaluateJob, Predicted, PredictJob

FOLDER = Path("results")


def evaluate(job: EvaluateJob, report: Reporter) -> list[Score]:
    """Measure every checkpoint, and write what it finds."""
    scores = []
    total = job.images * len(job.checkpoints)
    for n, (source, detector) in enumerate(inference.detectors(job, report)):
        results = detector.results(report, n * job.images, total, source.label)
        files = inference.write_results(FOLDER, source.label, results)
        figures = measure(Path(inference.DATA), results)
        scores.append(score_of(source.label, figures, files))
    best = best_of(scores, job.best_by)
    rows = json.loads(Path((best.results or {})["bbox"]).read_text("utf-8"))
    matched = Found(Path(inference.DATA), rows)
    scores[scores.index(best)] = replace(best, best_f1=matched.thresholds())
    with drawings.attempt(report, drawings.PREDICTIONS):
        drawings.detections(Path("."), matched)
    return scores


def predict(job: PredictJob, report: Reporter) -> Predicted:
    """Write what a checkpoint finds."""
    _, detector = next(iter(inference.detectors(job, report)))
    results = detector.results(report, 0, job.images, "")
    files = inference.write_results(FOLDER, "predictions", results)
    if job.draw:
        rows = results.get("segm", results["bbox"])
        with drawings.attempt(report, drawings.PREDICTIONS):
            path = Path(drawings.PREDICTIONS)
            drawings.predictions(path, Path(inference.DATA), rows, job.draw)
    return Predicted(files, len(results["bbox"]), tuple(detector.classes))
