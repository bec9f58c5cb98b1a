"""What a detector found, missed and mistook: matches at IoU .50, by pycocotools."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe_jobs.coco_metrics import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pycocotools.coco import COCO

IOU = 0.5
MOST_BOXES = 100  # of an image, those with the highest scores, as COCO's metrics have it


class Operating(msgspec.Struct, frozen=True):
    """What a detector is at one threshold of scores, matched at IoU .50; each from 0 to 1.

    Attributes:
        score: boxes with at least this score count; at it F1 is highest.
        f1: the harmonic mean of precision and recall.
        precision: the share of the boxes that are right.
        recall: the share of what is to find that is found.
    """

    score: float
    f1: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall of one class, or of all, for each threshold of scores from high to low.

    Attributes:
        name: the class; ``all`` for all boxes together.
        to_find: how many boxes there are to find.
        scores: the thresholds, falling.
        precision: at each threshold.
        recall: at each threshold.
    """

    name: str
    to_find: int
    scores: "NDArray[np.float64]"
    precision: "NDArray[np.float64]"
    recall: "NDArray[np.float64]"

    @property
    def f1(self) -> "NDArray[np.float64]":
        """The harmonic mean of precision and recall at each threshold."""
        import numpy as np

        both = self.precision + self.recall
        mean: NDArray[np.float64] = 2 * self.precision * self.recall / np.where(both > 0, both, 1)
        return mean

    def best(self) -> Operating | None:
        """Return the threshold with the highest F1, the highest of equals; None without any box."""
        if not len(self.scores) or not self.to_find:
            return None
        at = int(self.f1.argmax())
        figures = (self.scores[at], self.f1[at], self.precision[at], self.recall[at])
        return Operating(*(round(float(figure), 6) for figure in figures))


@dataclass(frozen=True, slots=True)
class Confusion:
    """Which class was taken for which, at one threshold of scores.

    Attributes:
        names: the classes in order.
        counts: (N + 1, N + 1): what is there by row, what was found by column; the last row is
            boxes where nothing is, the last column what was missed.
        score: the threshold.
    """

    names: tuple[str, ...]
    counts: "NDArray[np.int64]"
    score: float


@dataclass(frozen=True, slots=True)
class OnImage:
    """How well an image was done at a threshold: F1 of its boxes, 1 where nothing is to find."""

    image_id: int
    f1: float


class Found:
    """The boxes of a detector on a data set, held against the truth."""

    def __init__(self, annotations: Path, rows: Sequence[Row]) -> None:
        """Match the boxes.

        Args:
            annotations: the COCO file of the data set.
            rows: COCO results of boxes.
        """
        from pycocotools.coco import COCO

        self.rows = rows
        with contextlib.redirect_stdout(io.StringIO()):
            self.truth = COCO(str(annotations))
        self.ids = sorted(self.truth.cats)
        self.names = tuple(self.truth.cats[id_]["name"] for id_ in self.ids)
        self._matched = _evaluated(self.truth, rows, by_class=True) if rows else []

    def curves(self) -> list[Curve]:
        """Return the curve of all boxes, then that of each class, in order."""
        wanted: list[tuple[str, set[int]]] = [("all", set(self.ids))]
        wanted += [(name, {id_}) for name, id_ in zip(self.names, self.ids, strict=True)]
        return [self._curve(name, ids) for name, ids in wanted]

    def thresholds(self) -> dict[str, Operating]:
        """Return the best threshold over all boxes (``all``), and of each class that has one."""
        named = ((curve.name, curve.best()) for curve in self.curves())
        return {name: best for name, best in named if best}

    def confusion(self, score: float) -> Confusion:
        """Return which class was taken for which by the boxes with at least this score."""
        import numpy as np

        place = {id_: n for n, id_ in enumerate(self.ids)}
        last = len(self.ids)
        counts = np.zeros((last + 1, last + 1), np.int64)
        kept = [row for row in self.rows if _score(row) >= score]
        missed = {row["id"]: row for row in self._to_find()}
        for image in _evaluated(self.truth, kept, by_class=False) if kept else []:
            found = zip(image["dtIds"], image["dtMatches"][0], image["dtIgnore"][0], strict=True)
            for number, match, ignored in found:
                column = place[kept[number - 1]["category_id"]]
                there = missed.pop(int(match), None)
                if there is not None:
                    counts[place[there["category_id"]], column] += 1
                elif not ignored:
                    counts[last, column] += 1
        for there in missed.values():
            counts[place[there["category_id"]], last] += 1
        return Confusion(self.names, counts, score)

    def by_image(self, score: float) -> list[OnImage]:
        """Return how well each image was done, in the data set's order."""
        import numpy as np

        right: dict[int, int] = {}
        boxes: dict[int, int] = {}
        for image in self._matched:
            kept = np.asarray(image["dtScores"]) >= score
            kept &= ~image["dtIgnore"][0].astype(bool)
            at = image["image_id"]
            boxes[at] = boxes.get(at, 0) + int(kept.sum())
            right[at] = right.get(at, 0) + int((kept & (image["dtMatches"][0] > 0)).sum())
        there: dict[int, int] = {}
        for row in self._to_find():
            there[row["image_id"]] = there.get(row["image_id"], 0) + 1
        return [
            OnImage(id_, _f1(right.get(id_, 0), boxes.get(id_, 0), there.get(id_, 0)))
            for id_ in self.truth.imgs
        ]

    def _curve(self, name: str, ids: set[int]) -> Curve:
        import numpy as np

        images = [image for image in self._matched if image["category_id"] in ids]
        scores = np.concatenate([np.zeros(0), *(image["dtScores"] for image in images)])
        right = np.concatenate([np.zeros(0), *(image["dtMatches"][0] for image in images)]) > 0
        counted = ~np.concatenate(
            [np.zeros(0, bool), *(image["dtIgnore"][0].astype(bool) for image in images)]
        )
        order = np.argsort(-scores[counted], kind="stable")
        scores, right = scores[counted][order], right[counted][order]
        to_find = sum(row["category_id"] in ids for row in self._to_find())
        last = np.append(scores[1:] != scores[:-1], True)[: len(scores)]  # equal scores go together
        hits, boxes = np.cumsum(right)[last], np.arange(1, len(scores) + 1)[last]
        return Curve(name, to_find, scores[last], hits / boxes, hits / max(1, to_find))

    def _to_find(self) -> Iterator[dict[str, Any]]:
        return (row for row in self.truth.anns.values() if not row.get("iscrowd"))


def _evaluated(truth: "COCO", rows: Sequence[Row], *, by_class: bool) -> list[dict[str, Any]]:
    """Return pycocotools' matches of each image, and class, at IoU .50 and over all areas."""
    import numpy as np
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        evaluation: COCOeval = COCOeval(truth, truth.loadRes([dict(row) for row in rows]), "bbox")
        evaluation.params.iouThrs = np.array([IOU])
        evaluation.params.areaRng = [[0, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.maxDets = [MOST_BOXES]
        evaluation.params.useCats = int(by_class)
        evaluation.evaluate()
    return [image for image in evaluation.evalImgs if image is not None and image["dtIds"]]


def _score(row: Row) -> float:
    score = row["score"]
    assert isinstance(score, float | int)
    return float(score)


def _f1(right: int, boxes: int, there: int) -> float:
    return 2 * right / (boxes + there) if boxes + there else 1.0
