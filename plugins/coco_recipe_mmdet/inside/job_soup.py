"""The job of ``greedy_soup``."""

from pathlib import Path

from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.coco_metrics import measure
from coco_recipe_jobs.scores import Score, score_of
from msgspec.structs import replace

from coco_recipe_mmdet.inside import config_source, inference, weights
from coco_recipe_mmdet.jobs import Soup, SoupJob, Source


def greedy_soup(job: SoupJob, report: Reporter) -> Soup:
    """Measure each checkpoint, then add from the best down what doesn't make the average worse.

    Writes the average to ``soup.pth``.

    Raises:
        ValueError: the checkpoints carry different configs, keys or shapes.
    """
    job = replace(job, checkpoints=_once(job, report))
    rows: list[Score] = []
    total = job.images * (2 * len(job.checkpoints) - 1)

    def measured(detector: inference.Detector, label: str) -> float:
        results = detector.results(report, len(rows) * job.images, total, label)
        rows.append(score_of(label, measure(Path(inference.DATA), results)))
        return rows[-1].metric(job.best_by)

    scores: dict[str, float] = {}
    paths: dict[str, Path] = {}
    detector: inference.Detector | None = None
    for source, found in inference.detectors(job, report):
        if detector not in (None, found):
            raise ValueError(
                "config: the checkpoints carry different ones "
                f"(that of {source.label} is another): say which"
            )
        detector = found
        scores[source.label] = measured(detector, source.label)
        paths[source.label] = Path(source.path)
    assert detector is not None
    order = sorted(scores, key=lambda label: -scores[label])
    taken = order[:1]
    score = scores[order[0]]
    for label in order[1:]:
        average = weights.average([paths[other] for other in (*taken, label)])
        detector.load(average, f"{label} in the soup")
        new = measured(detector, "+".join((*taken, label)))
        if new >= score:
            taken.append(label)
            score = new
    state = weights.average([paths[label] for label in taken])
    _, meta = weights.read(paths[order[0]])
    weights.write(Path("soup.pth"), state, weights.plain_meta(meta), job.lineage)
    kept = next(row for row in rows if row.label == "+".join(taken))
    rows.append(replace(kept, label="soup"))
    return Soup(rows, taken, score, scores, weights.fingerprint(state))


def _once(job: SoupJob, report: Reporter) -> list[Source]:
    """Return the checkpoints, of equal weights for one config the first; say what is left out."""
    first: dict[tuple[str, str], str] = {}
    kept: list[Source] = []
    left_out: dict[str, str] = {}
    for source in job.checkpoints:
        state, meta = weights.read(Path(source.path), job.classes)
        config = str(job.config or config_source.carried(meta))
        other = first.setdefault((weights.fingerprint(state), config), source.label)
        if other == source.label:
            kept.append(source)
        else:
            report.say(f"{source.label} has the weights of {other}, and is left out")
            left_out[source.label] = f"has the weights of {other}"
    if left_out:
        report.note("left out", left_out)
    return kept
