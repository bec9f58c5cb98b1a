"""How large a pipeline may make a picture: known from sizes, so that no memory is asked for it."""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from coco_recipe import Params, StepProblem
from coco_recipe_albumentations.pipeline import sizes
from coco_recipe_albumentations.pipeline.fits import with_defaults
from coco_recipe_albumentations.pipeline.forms import Transform, Written

MOST_PIXELS = 100_000_000
MOST_TIMES = 4  # what a large picture may grow to, in times of its own pixels
MOST_REPEATS = 20  # of a choice with replacement; more of what grows is over any bound
_NOTHING_KNOWN = (1, 1)
_TURNS = ("Transpose", "RandomRotate90", "D4", "SquareSymmetry")
_SIZED = (
    "Resize",
    "RandomSizedBBoxSafeCrop",
    "RandomCrop",
    "CenterCrop",
    "AtLeastOneBBoxRandomCrop",
)
_OF_PAIR = ("RandomResizedCrop", "RandomSizedCrop")


def too_many_pixels(pipeline: Written, known: Collection[sizes.Size]) -> Iterator[StepProblem]:
    """Yield the transforms that may make more pixels than a copy may have.

    A copy may have 100 million pixels, or four times those of its source.

    Args:
        pipeline: a sound one.
        known: (width, height) of the images, in pixels; none where none is known.
    """
    told: set[tuple[str | int, ...]] = set()
    for size in _extremes(known) or [_NOTHING_KNOWN]:
        budget = max(MOST_PIXELS, MOST_TIMES * size[0] * size[1])
        for transform, made in _Follower(size, budget).follow(pipeline.transforms, {size})[1]:
            if transform.path not in told:
                told.add(transform.path)
                of = f" of an image of {size[0]}x{size[1]} px" if known else ""
                yield StepProblem(
                    transform.path,
                    f"{transform.name} may make a picture of {_shown(made)} px{of}, "
                    f"more than {budget} pixels",
                    "make it smaller",
                )


def _extremes(known: Collection[sizes.Size]) -> list[sizes.Size]:
    """Return the sizes that grow most: those of the most pixels, and the longest and thinnest."""
    if not known:
        return []
    keys = (
        lambda size: size[0] * size[1],
        lambda size: size[0] / size[1],
        lambda size: size[1] / size[0],
    )
    return sorted({max(known, key=key) for key in keys} | {max(known, key=max)})


def _shown(made: tuple[float, float]) -> str:
    return "x".join(f"{side:.0f}" if side < 1e9 else f"{side:.3g}" for side in made)


Sizes = set[tuple[float, float]]
Found = list[tuple[Transform, tuple[float, float]]]


class _Follower:
    """Follows what sizes a picture of one size may have."""

    def __init__(self, size: sizes.Size, budget: int) -> None:
        self.size, self.budget = size, budget

    def follow(self, transforms: Sequence[Transform], known: Sizes) -> tuple[Sizes, Found]:
        """Return the sizes after transforms that come one after another, and those of too many."""
        found: Found = []
        for transform in transforms:
            known, more = self._after(transform, known)
            found += more
            if found:
                break
        return known, found

    def _after(self, transform: Transform, known: Sizes) -> tuple[Sizes, Found]:
        may_not_fire = with_defaults(transform).get("p", 1) != 1
        if transform.children is None:
            made = {one for size in known for one in _made(transform, size, self.size)}
            found = [(transform, one) for one in made if one[0] * one[1] > self.budget]
            return made | (known if may_not_fire else set()), found[:1]
        if transform.name == "Sequential":
            made, found = self.follow(transform.children, known)
        elif transform.name in ("OneOf", "OneOrOther"):
            ends = [self.follow([child], known) for child in transform.children]
            made = set().union(*(end[0] for end in ends))
            found = [one for end in ends for one in end[1]]
        else:  # several of them, each perhaps, in an order that may be any
            made, found = known, []
            for _ in range(self._repeats(transform)):
                after, found = self.follow(transform.children, made)
                if found or after <= made:
                    break
                made = made | after
        return made | (known if may_not_fire else set()), found

    def _repeats(self, transform: Transform) -> int:
        number = with_defaults(transform).get("n", 1)
        children = len(transform.children or ())
        return min(max(children, number if isinstance(number, int) else 1), MOST_REPEATS)


def _made(
    transform: Transform, known: tuple[float, float], size: sizes.Size
) -> Iterator[tuple[float, float]]:
    """Yield the greatest (width, height) that a transform makes or goes through."""
    given, name, (width, height) = _filled(transform, size), transform.name, known
    if name in _TURNS:
        yield from ((height, width), known)
    elif name in _SIZED:
        yield given["width"], given["height"]
    elif name in _OF_PAIR:
        yield given["size"][1], given["size"][0]
    elif name == "Crop":
        yield given["x_max"] - given["x_min"], given["y_max"] - given["y_min"]
    elif name in ("LongestMaxSize", "SmallestMaxSize"):
        yield from ((width * times, height * times) for times in _times(name, given, width, height))
    elif name == "RandomScale":
        limit = _greatest(given["scale_limit"])
        yield width * (1 + limit), height * (1 + limit)
    elif name == "Pad":
        yield _padded(given["padding"], width, height)
    elif name == "PadIfNeeded":
        yield _to_size(given, "width", width), _to_size(given, "height", height)
    elif name == "CropAndPad":
        more, share = _greatest(given["px"]), _greatest(given["percent"])
        yield width * (1 + 2 * share) + 2 * more, height * (1 + 2 * share) + 2 * more
        yield known
    elif name == "Affine" and given["fit_output"]:
        yield _fitted(given, width, height)
    else:
        yield known


def _filled(transform: Transform, size: sizes.Size) -> Params:
    filled: Params = sizes.fill(with_defaults(transform), size)
    return filled


def _times(name: str, given: Params, width: float, height: float) -> Iterator[float]:
    pick = max if name == "LongestMaxSize" else min
    if given["max_size"] is not None:
        yield _greatest(given["max_size"]) / pick(width, height)
        return
    tall, wide = given["max_size_hw"] or (None, None)
    ratios = [one / of for one, of in ((tall, height), (wide, width)) if one is not None]
    if ratios:
        yield (min if name == "LongestMaxSize" else max)(ratios)


def _padded(padding: Any, width: float, height: float) -> tuple[float, float]:
    """Return the size after a Pad of one number, two (across, down), or four (l, t, r, b)."""
    sides = list(padding) if isinstance(padding, (list, tuple)) else [padding]
    left, top, right, bottom = (sides * 4)[:4] if len(sides) != 2 else [*sides, *sides]
    return width + left + right, height + top + bottom


def _to_size(given: Params, side: str, known: float) -> float:
    divisor = given[f"pad_{side}_divisor"]
    if divisor:
        return float(math.ceil(known / divisor) * divisor)
    return max(known, float(given[f"min_{side}"] or 0))


def _fitted(given: Params, width: float, height: float) -> tuple[float, float]:
    """Return a bound of what holds all of a picture that was scaled, sheared and turned."""
    slope = math.tan(math.radians(min(89.999, _greatest(given["shear"]))))
    times = _greatest(given["scale"]) * (1 + slope)
    diagonal = math.hypot(width, height) if given["rotate"] or slope else 0.0
    return times * max(width, diagonal), times * max(height, diagonal)


def _greatest(value: Any) -> float:
    """Return the greatest number, without its sign, anywhere in an argument; 0 where none is."""
    if isinstance(value, dict):
        return _greatest(list(value.values()))
    if isinstance(value, (list, tuple)):
        greatest: float = max(map(_greatest, value), default=0.0)
        return greatest
    return abs(float(value)) if isinstance(value, (int, float)) else 0.0
