"""How sure AP is: bootstrap intervals over images, paired where two detectors are compared.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), percentile intervals: the images of
the data set are drawn with replacement as often as there are images, and AP is taken anew of each
draw. Boxes are matched once, by pycocotools; a draw only counts an image's matches several times.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from coco_recipe_jobs.coco_metrics import Row, evaluated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Name: TypeAlias = tuple[str, ...]  # ("mAP_50",), or ("classes", "cap", "mAP")
DRAWS, SEED, LEVEL = 1000, 0, 0.95
AREAS = ("all", "small", "medium", "large")  # in pycocotools' order
BLOCK = 4_000_000  # so many counts are held at once


class Interval(msgspec.Struct, frozen=True):
    """A figure, or a difference of two, with its interval.

    Attributes:
        value: of the data set itself; None where there is nothing to find.
        low: the lower end; None for fewer than two images, which tell nothing of others.
        high: the upper end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def is_off_zero(self) -> bool:
        """Whether zero lies outside, so that a difference is more than the choice of images."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Sampled:
    """The figures of one detector: of the data set, and of each draw; NaN where there are none."""

    values: "dict[Name, float]"
    draws: "dict[Name, NDArray[np.float64]]"


@dataclass(frozen=True, slots=True)
class _Matches:
    """The boxes of one class, judged by one range of areas, from the highest score down.

    Attributes:
        place: the place of each box's image.
        right: (IoUs, boxes): whether it matches.
        counted: (IoUs, boxes): whether it counts; what matches a crowd or is of another size
            doesn't.
        to_find: how many there are to find, by image.
    """

    place: "NDArray[np.int64]"
    right: "NDArray[np.bool_]"
    counted: "NDArray[np.bool_]"
    to_find: "NDArray[np.int64]"

    def precisions(self, counts: "NDArray[np.int64]") -> "NDArray[np.float64]":
        """Return AP by draw and IoU, each from 0 to 1; NaN where a draw has nothing to find.

        Args:
            counts: (draws, images): how often each image was drawn.
        """
        import numpy as np

        found = np.empty((len(counts), len(self.right)))
        step = max(1, BLOCK // max(1, len(self.place)))
        for start in range(0, len(counts), step):
            found[start : start + step] = self._block(counts[start : start + step])
        return found

    def _block(self, counts: "NDArray[np.int64]") -> "NDArray[np.float64]":
        import numpy as np

        to_find = counts @ self.to_find
        weights = counts[:, self.place]
        found = np.empty((len(counts), len(self.right)))
        thresholds = np.linspace(0.0, 1.0, 101)  # COCO's recalls
        boxes: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        for n, (right, counted) in enumerate(zip(self.right, self.counted, strict=True)):
            if not n or (counted != self.counted[n - 1]).any():
                boxes = np.cumsum(weights * counted, axis=1)
            hits = np.flatnonzero(right)
            true = np.cumsum(weights[:, hits], axis=1)
            precision = true / (boxes[:, hits] + np.spacing(1))
            best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
            recall = true / np.maximum(to_find, 1)[:, None]
            passed = np.searchsorted(thresholds, recall, side="right")
            found[:, n] = (best * np.diff(passed, prepend=0, axis=1)).sum(axis=1)
        found /= len(thresholds)
        found[to_find == 0] = np.nan
        return found


class Matched:
    """The boxes or masks of a detector on a data set, matched once.

    Attributes:
        images: the ids of the images, in the order of `draws`.
        classes: the names of the classes.
    """

    def __init__(
        self,
        annotations: Path,
        rows: Sequence[Row],
        kind: str = "bbox",
        images: Sequence[int] | None = None,
    ) -> None:
        """Match.

        Args:
            annotations: the COCO file of the data set.
            rows: COCO results.
            kind: ``bbox`` or ``segm``.
            images: the ids of its images in the order of the draws; None for the ids' own.
        """
        evaluation = evaluated(annotations, rows, kind)
        params = evaluation.params
        self.images = tuple(params.imgIds if images is None else images)
        self.classes = tuple(evaluation.cocoGt.cats[id_]["name"] for id_ in params.catIds)
        place = {id_: n for n, id_ in enumerate(self.images)}
        each, areas = len(params.imgIds), len(params.areaRng)
        self._by_area = {
            area: [
                _matches(
                    evaluation.evalImgs[(n * areas + a) * each : (n * areas + a + 1) * each],
                    place,
                    params.maxDets[-1],
                    len(params.iouThrs),
                )
                for n in range(len(self.classes))
            ]
            for a, area in enumerate(AREAS)
        }

    def sampled(self, counts: "NDArray[np.int64]") -> Sampled:
        """Return the figures of the data set and of each draw.

        Args:
            counts: (draws, images), as `draws` gives them.
        """
        import numpy as np

        once = np.ones((1, len(self.images)), np.int64)
        found = dict(self._figures(np.concatenate([once, counts])))
        return Sampled(
            {name: float(values[0]) for name, values in found.items()},
            {name: values[1:] for name, values in found.items()},
        )

    def _figures(self, counts: "NDArray[np.int64]") -> "Iterator[tuple[Name, NDArray[np.float64]]]":
        """Yield each figure's name and its values by draw."""
        import numpy as np

        precisions = {
            area: np.stack([matches.precisions(counts) for matches in by_class], axis=1)
            for area, by_class in self._by_area.items()
        }
        over_all = precisions["all"]
        yield ("mAP",), _mean(over_all)
        yield ("mAP_50",), _mean(over_all[:, :, :1])
        yield ("mAP_75",), _mean(over_all[:, :, 5:6])
        for area in AREAS[1:]:
            yield (f"mAP_{area[0]}",), _mean(precisions[area])
        for n, name in enumerate(self.classes):
            yield ("classes", name, "mAP"), _mean(over_all[:, n : n + 1])
            yield ("classes", name, "mAP_50"), _mean(over_all[:, n : n + 1, :1])


def draws(images: int, number: int = DRAWS, seed: int = SEED) -> "NDArray[np.int64]":
    """Return how often each image is drawn, (draws, images); the same for every detector.

    Args:
        images: how many images there are.
        number: how many draws.
        seed: of the random choice.
    """
    import numpy as np

    if images < 2:  # one image tells nothing of others
        return np.zeros((number, images), np.int64)
    return np.random.default_rng(seed).multinomial(images, [1 / images] * images, size=number)


def intervals(of: Sampled, level: float = LEVEL) -> dict[Name, Interval]:
    """Return each figure with its interval."""
    return {name: _interval(value, of.draws[name], level) for name, value in of.values.items()}


def differences(of: Sampled, against: Sampled, level: float = LEVEL) -> dict[Name, Interval]:
    """Return the differences of two detectors, paired: both are taken of the same draws.

    Args:
        of: one detector.
        against: the other, which is taken off.
        level: the share of the draws that lie within.

    Returns:
        The figures that both have, by name.
    """
    return {
        name: _interval(value - against.values[name], of.draws[name] - against.draws[name], level)
        for name, value in of.values.items()
        if name in against.values
    }


def _interval(value: float, of_draws: "NDArray[np.float64]", level: float) -> Interval:
    import numpy as np

    if np.isnan(value):
        return Interval(None)
    known = of_draws[~np.isnan(of_draws)]
    if not len(known):
        return Interval(round(value, 6))
    low, high = np.percentile(known, [50 * (1 - level), 50 * (1 + level)])
    return Interval(round(value, 6), round(float(low), 6), round(float(high), 6))


def _mean(precisions: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the mean over classes and IoUs by draw, of those that have anything to find."""
    import numpy as np

    known = ~np.isnan(precisions)
    number = known.sum(axis=(1, 2))
    total = np.where(known, precisions, 0).sum(axis=(1, 2))
    mean: NDArray[np.float64] = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return mean


def _matches(
    images: Sequence[dict[str, Any] | None], place: dict[int, int], most: int, ious: int
) -> _Matches:
    """Put pycocotools' matches of the images together, from the highest score down."""
    import numpy as np

    to_find = np.zeros(len(place), np.int64)
    places = [np.zeros(0, np.int64)]
    scores: list[NDArray[np.float64]] = [np.zeros(0)]
    right: list[NDArray[np.bool_]] = [np.zeros((ious, 0), bool)]
    ignored: list[NDArray[np.bool_]] = [np.zeros((ious, 0), bool)]
    for image in images:
        if image is None:
            continue
        at = place[image["image_id"]]
        to_find[at] = int((np.asarray(image["gtIgnore"]) == 0).sum())
        scores.append(np.asarray(image["dtScores"], float)[:most])
        places.append(np.full(len(scores[-1]), at))
        right.append(np.asarray(image["dtMatches"])[:, :most] != 0)
        ignored.append(np.asarray(image["dtIgnore"])[:, :most].astype(bool))
    order = np.argsort(-np.concatenate(scores), kind="mergesort")
    counted = ~np.concatenate(ignored, axis=1)[:, order]
    used = counted.any(axis=0)
    return _Matches(
        np.concatenate(places)[order][used],
        (np.concatenate(right, axis=1)[:, order] & counted)[:, used],
        counted[:, used],
        to_find,
    )
