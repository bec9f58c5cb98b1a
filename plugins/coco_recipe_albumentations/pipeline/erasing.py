"""Check that an Erasing finds room for its hole.

Where it doesn't, Albumentations ends with an error of its own.
"""

from collections.abc import Collection, Iterator, Sequence
from math import isfinite, sqrt
from typing import Any

from coco_recipe import Complaint
from coco_recipe_albumentations import catalogue
from coco_recipe_albumentations.pipeline import sizes
from coco_recipe_albumentations.pipeline.fits import keeps_size
from coco_recipe_albumentations.pipeline.forms import Transform, Written

Span = tuple[float, float]


def never(transform: Transform) -> Iterator[Complaint]:
    """Yield why an Erasing fails on every picture, whatever its size."""
    scale, ratio = _span(transform, "scale"), _span(transform, "ratio")
    if transform.name != "Erasing" or scale is None or ratio is None:
        return
    if scale == (0, 0):
        yield Complaint(
            (*transform.inside, "scale"),
            "Erasing: scale [0, 0] is a hole of no area, and Albumentations divides by it",
            "write shares of the picture, as scale: [0.02, 0.33], or leave it out",
        )
    elif scale[0] > (room := sqrt(ratio[0] / ratio[1])):
        yield _complaint(transform, scale, ratio, "of any picture", room)


def without_room(pipeline: Written, known: Collection[sizes.Size]) -> Iterator[Complaint]:
    """Yield the Erasings that fail on an image, as far as its own size reaches them.

    Args:
        pipeline: a sound one.
        known: (width, height) of images, in pixels.
    """
    for transform in _reached(pipeline.transforms):
        scale, ratio = _span(transform, "scale"), _span(transform, "ratio")
        if transform.name == "Erasing" and scale and ratio:
            size = min(known, key=lambda size: _room(ratio, size))
            if _room(ratio, size) < scale[0]:
                where = f"in an image of {size[0]}x{size[1]} px"
                yield _complaint(transform, scale, ratio, where, _room(ratio, size))


def _room(ratio: Span, size: sizes.Size) -> float:
    """Return the largest share of a picture that a hole may cover at both ends of ratio."""
    width, height = size
    return min(ratio[0] * height / width, width / height / ratio[1])


def _complaint(
    transform: Transform, scale: Span, ratio: Span, where: str, room: float
) -> Complaint:
    share = f"{int(room * 1000) / 1000:g}"
    return Complaint(
        (*transform.inside, "scale"),
        f"Erasing: a hole with ratio {ratio[0]:g} to {ratio[1]:g} (width by height) covers at "
        f"most {share} {where}, and scale begins at {scale[0]:g}: Albumentations fails there",
        f"let scale begin at {share} or less, or narrow ratio around 1",
    )


def _span(transform: Transform, name: str) -> Span | None:
    """Return a range of two numbers; None where it isn't one, which the library refuses."""
    entry = catalogue.load()[1].get(transform.name)
    value: Any = transform.arguments.get(name, entry.arguments.get(name) if entry else None)
    sound = (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(one, int | float) and isfinite(one) and one >= 0 for one in value)
    )
    return (value[0], value[1]) if sound and (name != "ratio" or value[1] > 0) else None


def _reached(transforms: Sequence[Transform]) -> Iterator[Transform]:
    """Yield the transforms that an image can come to with its own size."""
    for transform in transforms:
        if transform.children is None:
            yield transform
        else:
            for branch in (
                [transform.children]
                if transform.name == "Sequential"
                else [[one] for one in transform.children]
            ):
                yield from _reached(branch)
        if not _passes(transform):
            return


def _passes(transform: Transform) -> bool:
    """Report whether an image can come out of a transform with its own size."""
    p = transform.arguments.get("p", catalogue.load()[1][transform.name].arguments.get("p", 1))
    if p != 1:
        return True
    if transform.children is None:
        return keeps_size(transform)
    return (any if transform.name == "OneOf" else all)(_passes(one) for one in transform.children)
