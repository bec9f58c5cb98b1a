"""Check sizes in a pipeline against those of the images, as far as that needs no run."""

from collections.abc import Iterator, Sequence
from typing import Any

from coco_recipe import Params, StepProblem
from coco_recipe_albumentations import catalogue
from coco_recipe_albumentations.pipeline import sizes
from coco_recipe_albumentations.pipeline.forms import Transform, Written

_CROPS = ("RandomCrop", "CenterCrop", "AtLeastOneBBoxRandomCrop", "Crop")
_TURNS = ("Transpose", "RandomRotate90", "D4", "SquareSymmetry")
_KEEPS = (
    "HorizontalFlip",
    "VerticalFlip",
    "TimeReverse",
    "Affine",
    "ShiftScaleRotate",
    "Rotate",
    "SafeRotate",
    "ElasticTransform",
    "GridDistortion",
    "OpticalDistortion",
    "PiecewiseAffine",
    "ThinPlateSpline",
    "GridElasticDeform",
    "CoarseDropout",
    "GridDropout",
    "PixelDropout",
    "Erasing",
    "XYMasking",
    "TimeMasking",
    "FrequencyMasking",
    "Morphological",
    "RandomGridShuffle",
    "NoOp",
    "Perspective",
)
# What may be 0 or less: the library refuses what makes no sense of it.
_OFFSETS = ("x_min", "y_min", "translate_px", "px", "padding")
_SHRINKS = ("fit_output", "crop_border")  # switches with which the ones above give other sizes


def not_positive(pipeline: Written, size: sizes.Size) -> Iterator[StepProblem]:
    """Yield the expressions in a pipeline that give no positive number for an image's size.

    Args:
        pipeline: a sound one.
        size: (width, height) of the image, in pixels.
    """
    for transform in pipeline.walk():
        for name, value in transform.arguments.items():
            for text in sizes.expressions(value):
                try:
                    number = sizes.evaluate(text, size)
                except ValueError as error:
                    yield StepProblem(transform.path, f"{transform.name}: {name}: {error}")
                    continue
                if number <= 0 and name not in _OFFSETS:
                    yield StepProblem(
                        transform.path,
                        f"{transform.name}: {name} is {number} for an image of "
                        f"{size[0]}x{size[1]} px ({text})",
                        "it must be a positive whole number",
                    )


def too_large(pipeline: Written, size: sizes.Size) -> Iterator[StepProblem]:
    """Follow an image's size through a pipeline, and yield the crops that are larger.

    Stop where it can't be known.

    Args:
        pipeline: a sound one.
        size: (width, height) of the smallest image, in pixels: each the least that occurs.
    """
    yield from _Follower(size).follow(pipeline.transforms, size)


class _Follower:
    """Follows an image's size.

    ``left`` is what is known of it after the last transforms, None where nothing is.
    """

    def __init__(self, size: sizes.Size) -> None:
        self.size = size
        self.left: sizes.Size | None = size

    def follow(
        self, transforms: Sequence[Transform], known: sizes.Size | None
    ) -> Iterator[StepProblem]:
        """Yield the crops that are too large among transforms that come one after another."""
        for transform in transforms:
            if known is None:
                break
            if transform.children is None:
                yield from self._crop(transform, known)
                known = _after(transform, known, self.size)
                continue
            ends: set[sizes.Size | None] = (
                {known} if with_defaults(transform).get("p", 1) != 1 else set()
            )
            for branch in (
                [transform.children]
                if transform.name == "Sequential"
                else [[one] for one in transform.children]
            ):
                yield from self.follow(branch, known)
                ends.add(self.left)
            known = (
                next(iter(ends))
                if len(ends) == 1 and transform.name in ("OneOf", "Sequential")
                else None
            )
        self.left = known

    def _crop(self, transform: Transform, known: sizes.Size) -> Iterator[StepProblem]:
        if transform.name in _CROPS and not transform.arguments.get("pad_if_needed", False):
            crop = _cropped(transform, self.size)
            if crop[0] > known[0] or crop[1] > known[1]:
                yield StepProblem(
                    transform.path,
                    f"{transform.name} needs {crop[0]}x{crop[1]} px, the smallest image has "
                    f"{known[0]}x{known[1]}",
                    "pad_if_needed: true or a PadIfNeeded before it pads it",
                )


def keeps_size(transform: Transform) -> bool:
    """Report whether a transform, not made of others, leaves every image's size as it is."""
    colours = set(catalogue.load()[1][transform.name].targets) == {"Image", "Volume"}
    return (transform.name in _KEEPS or colours) and _keeps(with_defaults(transform))


def _keeps(given: Params) -> bool:
    return not any(given.get(switch) for switch in _SHRINKS) and bool(given.get("keep_size", True))


def _cropped(transform: Transform, size: sizes.Size) -> sizes.Size:
    given = sizes.fill(with_defaults(transform), size)
    return (
        (given["x_max"], given["y_max"])
        if transform.name == "Crop"
        else (given["width"], given["height"])
    )


def _after(transform: Transform, known: sizes.Size, size: sizes.Size) -> sizes.Size | None:
    """Return the least (width, height) that a transform leaves, None where it can't be told."""
    given = sizes.fill(with_defaults(transform), size)
    if not _keeps(given):
        return None
    if transform.name in _TURNS:
        return (min(known), min(known))
    if keeps_size(transform):
        return known
    if transform.name in ("Resize", *_CROPS, "RandomSizedBBoxSafeCrop"):
        new: Any = (
            (given["x_max"] - given["x_min"], given["y_max"] - given["y_min"])
            if transform.name == "Crop"
            else (given["width"], given["height"])
        )
    elif transform.name in ("RandomResizedCrop", "RandomSizedCrop"):
        new = (given["size"][1], given["size"][0])
    elif transform.name == "PadIfNeeded":
        new = (max(known[0], given["min_width"] or 0), max(known[1], given["min_height"] or 0))
    else:
        return None
    return new if given["p"] == 1 else (min(known[0], new[0]), min(known[1], new[1]))


def with_defaults(transform: Transform) -> dict[str, Any]:
    """Return a transform's arguments, those that aren't written with their defaults."""
    entry = catalogue.load()[1][transform.name]
    return {
        name: default for name, default in entry.arguments.items() if default is not ...
    } | dict(transform.arguments)
