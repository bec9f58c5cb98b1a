"""The jobs of ``evaluate`` and ``predict``."""

from pathlib import Path

from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.coco_metrics import measure
from coco_recipe_jobs.scores import Score, score_of

from coco_recipe_mmdet.inside import inference
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
    return scores


def predict(job: PredictJob, report: Reporter) -> Predicted:
    """Write what a checkpoint finds."""
    _, detector = next(iter(inference.detectors(job, report)))
    results = detector.results(report, 0, job.images, "")
    files = inference.write_results(FOLDER, "predictions", results)
    return Predicted(files, len(results["bbox"]))
