"""The figures of several checkpoints on one data set: the best, and files for people."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from coco_recipe import Figure, Metrics
from coco_recipe_jobs.coco_metrics import UNKNOWN, Figures
from coco_recipe_jobs.found_and_missed import Operating

SHOWN = ("mAP", "mAP_50", "mAP_75", "AR_100")
OF_CLASSES = ("mAP", "mAP_50", "mAP_s", "mAP_m", "mAP_l")


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one checkpoint.

    Attributes:
        label: the checkpoint's label.
        results: files with what it found, by kind, relative to the step's folder.
        bbox: figures of boxes.
        segm: figures of masks, of a model that has them.
        best_f1: the threshold of scores with the highest F1 of boxes, at IoU .50: over all boxes
            (``all``), and of each class.
    """

    label: str
    results: dict[str, str] | UnsetType = UNSET
    bbox: Figures
    segm: Figures | UnsetType = UNSET
    best_f1: dict[str, Operating] | UnsetType = UNSET

    def figures(self) -> dict[str, Figures]:
        """Return the figures by kind."""
        masks = {} if self.segm is UNSET else {"segm": self.segm}
        return {"bbox": self.bbox, **masks}

    def metric(self, name: str) -> float:
        """Return a figure by kind and name, as ``segm_mAP_50``.

        Raises:
            ValueError: it is a figure of masks, and the model has none.
        """
        kind, _, figure = name.partition("_")
        figures = self.figures()
        if kind not in figures:
            raise ValueError(f"best_by: {name} is of masks, and the model has none")
        return figures[kind].named(figure)


def as_json(figures: Mapping[str, Figures]) -> dict[str, dict[str, object]]:
    """Return figures by kind as JSON has them."""
    return {kind: msgspec.to_builtins(found) for kind, found in figures.items()}


def score_of(
    label: str, figures: Mapping[str, Figures], results: dict[str, str] | UnsetType = UNSET
) -> Score:
    """Return the score of a checkpoint from its figures by kind.

    Args:
        label: the checkpoint's.
        figures: ``bbox``, and ``segm`` of a model with masks.
        results: files of results by kind, where they are kept.
    """
    segm = figures.get("segm", UNSET)
    return Score(label=label, results=results, bbox=figures["bbox"], segm=segm)


def as_metrics(scores: Sequence[Score]) -> Metrics:
    """Return the figures by label, numbered where it repeats; None for nothing to find.

    Args:
        scores: of checkpoints or epochs, in order.
    """
    figures: dict[str, Figure] = {}
    for score in scores:
        numbered = (f"{score.label}-{n}" for n in itertools.count(2))
        names = itertools.chain([score.label], numbered)
        label = next(name for name in names if name not in figures)
        figures[label] = _known(as_json(score.figures()))
    return Metrics(figures)


def _known(figures: object) -> Figure:
    if isinstance(figures, Mapping):
        return {name: _known(figure) for name, figure in figures.items()}
    assert isinstance(figures, int | float)
    return None if figures == UNKNOWN else figures


def best_of(scores: Sequence[Score], best_by: str) -> Score:
    """Return the score with the highest figure, the first of equals.

    Raises:
        ValueError: see `Score.metric`.
    """
    return max(scores, key=lambda score: score.metric(best_by))


def write(folder: Path, scores: Sequence[Score], best_by: str, best: str) -> None:
    """Write ``metrics.json`` and ``metrics.txt``.

    Args:
        folder: where to.
        scores: one for each checkpoint, in order.
        best_by: the figure that picked the best.
        best: its label.
    """
    rows = msgspec.to_builtins(scores)
    record = {"best": best, "best_by": best_by, "checkpoints": rows}
    text = json.dumps(record, ensure_ascii=False, indent=1)
    (folder / "metrics.json").write_text(text + "\n", "utf-8")
    (folder / "metrics.txt").write_text("\n".join(table(scores, best)) + "\n", "utf-8")


def table(scores: Sequence[Score], best: str) -> Iterator[str]:
    """Yield the lines of a table: one for each checkpoint, then one for each class of the best."""
    width = max(len(score.label) for score in scores)
    for kind in scores[0].figures():
        yield f"{kind:{width}}     mAP   mAP50   mAP75  AR@100"
        for score in scores:
            figures = score.figures()[kind]
            row = "  ".join(_cell(figures.named(name)) for name in SHOWN)
            yield f"{score.label:{width}}  {row}" + "  best" * (score.label == best)
        chosen = next(score for score in scores if score.label == best)
        yield f"classes of {best}:"
        yield "    mAP   mAP50   small  medium   large  boxes"
        for name, value in chosen.figures()[kind].classes.items():
            row = "  ".join(_cell(getattr(value, figure)) for figure in OF_CLASSES)
            yield f" {row}  {value.boxes:5}  {_on_one_line(name)}"
    yield from _thresholds(next(score for score in scores if score.label == best))


def _thresholds(score: Score) -> Iterator[str]:
    """Yield the lines of the best thresholds of scores; none where they weren't looked for."""
    if score.best_f1 is UNSET:
        return
    yield f"best F1 of {score.label} at IoU .50, for boxes with at least the score:"
    yield "     F1   score  precision  recall"
    for name, best in score.best_f1.items():
        yield (
            f" {best.f1:6.3f}  {best.score:6.3f}     {best.precision:6.3f}  {best.recall:6.3f}  "
            f"{_on_one_line(name)}"
        )


def _cell(figure: float) -> str:
    """Return a figure, and a dash where there is nothing to find."""
    return f"{'-':>6}" if figure == UNKNOWN else f"{figure:6.3f}"


def _on_one_line(name: str) -> str:
    """Return a class name with escapes for what would break a table's line or move a cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode-escape").decode() for c in name)
