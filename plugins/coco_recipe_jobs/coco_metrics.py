"""COCO's metrics of what a detector found, by pycocotools."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

Row: TypeAlias = dict[str, object]  # one COCO result: image_id, category_id, bbox, score, ...
Results: TypeAlias = dict[str, list[Row]]  # by kind: "bbox", and "segm" of a model with masks
UNKNOWN = -1.0  # where there is nothing to find


class ClassFigures(msgspec.Struct, frozen=True):
    """Figures of one class, with at most 100 boxes an image; -1 where there is nothing to find.

    Attributes:
        mAP: average precision over IoU .50 to .95.
        mAP_50: average precision at IoU .50.
        boxes: how many there are to find.
        mAP_s: as mAP, of areas under 32 x 32 px.
        mAP_m: as mAP, of areas from there to 96 x 96 px.
        mAP_l: as mAP, of areas above.
    """

    mAP: float
    mAP_50: float
    boxes: int
    mAP_s: float = UNKNOWN
    mAP_m: float = UNKNOWN
    mAP_l: float = UNKNOWN


class Figures(msgspec.Struct, frozen=True):
    """COCO's twelve figures, each from 0 to 1, or -1 where there is nothing to find; by class."""

    mAP: float
    mAP_50: float
    mAP_75: float
    mAP_s: float
    mAP_m: float
    mAP_l: float
    AR_1: float
    AR_10: float
    AR_100: float
    AR_s: float
    AR_m: float
    AR_l: float
    classes: dict[str, ClassFigures]

    def named(self, name: str) -> float:
        """Return a figure by its name, as ``mAP_50``."""
        return float(getattr(self, name))


NAMES = Figures.__struct_fields__[:-1]  # in pycocotools' order


def measure(annotations: Path, results: Mapping[str, Sequence[Row]]) -> dict[str, Figures]:
    """Return COCO's metrics of results, by kind.

    Args:
        annotations: the COCO file of the data set.
        results: COCO results by kind; boxes ``x y w h`` in pixels, masks as run lengths.
    """
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        return {kind: _figures(truth, rows, kind) for kind, rows in results.items()}


def evaluated(annotations: Path, rows: Sequence[Row], kind: str) -> "COCOeval":
    """Return pycocotools' evaluation of results, with the matches of each image.

    Args:
        annotations: the COCO file of the data set.
        rows: COCO results.
        kind: ``bbox`` or ``segm``.
    """
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        return _evaluated(COCO(str(annotations)), rows, kind)


def _evaluated(truth: "COCO", rows: Sequence[Row], kind: str) -> "COCOeval":
    from pycocotools.cocoeval import COCOeval

    if kind == "segm":  # without boxes, pycocotools takes areas from masks
        rows = [{key: value for key, value in row.items() if key != "bbox"} for row in rows]
    evaluation = COCOeval(truth, truth.loadRes(rows) if rows else _nothing(truth), kind)
    evaluation.evaluate()
    return evaluation


def _figures(truth: "COCO", rows: Sequence[Row], kind: str) -> Figures:
    evaluation = _evaluated(truth, rows, kind)
    evaluation.accumulate()
    evaluation.summarize()
    overall = [round(float(value), 6) for value in evaluation.stats]
    named = dict(zip(NAMES, overall, strict=True))
    return msgspec.convert({**named, "classes": _by_class(evaluation, truth)}, Figures)


def _by_class(evaluation: "COCOeval", truth: "COCO") -> dict[str, ClassFigures]:
    precision = evaluation.eval["precision"]  # IoU, recall, class, area, detections
    return {
        truth.cats[category]["name"]: ClassFigures(
            mAP=_mean(precision[:, :, n, 0, -1]),
            mAP_50=_mean(precision[0, :, n, 0, -1]),
            boxes=len(truth.getAnnIds(catIds=[category], iscrowd=False)),
            mAP_s=_mean(precision[:, :, n, 1, -1]),
            mAP_m=_mean(precision[:, :, n, 2, -1]),
            mAP_l=_mean(precision[:, :, n, 3, -1]),
        )
        for n, category in enumerate(evaluation.params.catIds)
    }


def _mean(values: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    known = values[values > UNKNOWN]
    return round(float(known.mean()), 6) if known.size else UNKNOWN


def _nothing(truth: "COCO") -> "COCO":
    """Return the results of a model that found nothing; pycocotools can't load an empty list."""
    from pycocotools.coco import COCO

    results = COCO()
    results.dataset = {**truth.dataset, "annotations": []}
    results.createIndex()
    return results
