"""What a pipeline may do to annotations, by the names and arguments of its transforms."""

from collections.abc import Iterator, Mapping
from typing import Any

from coco_recipe_pictures.backend import Effects, Repeat

from coco_recipe_albumentations import catalogue
from coco_recipe_albumentations.pipeline import checks
from coco_recipe_albumentations.pipeline.forms import Transform, Written

# those of the pinned library that can cover a pixel; others may blur, recolour or add noise to it
COVERS = {
    "PixelDropout",
    "SaltAndPepper",
    "RandomSunFlare",
    "RandomShadow",
    "PlasmaShadow",
    "RandomFog",
    "RandomSnow",
    "RandomRain",
    "RandomGravel",
    "Spatter",
}
MIRRORS = {
    "HorizontalFlip",
    "TimeReverse",
    "VerticalFlip",
    "Transpose",
    "D4",
    "SquareSymmetry",
    "Flip",
}
TURNS = {"VerticalFlip", "Transpose", "D4", "SquareSymmetry", "Flip", "RandomRotate90"}
ANGLES = {
    "Rotate": "limit",
    "SafeRotate": "limit",
    "Affine": "rotate",
    "ShiftScaleRotate": "rotate_limit",
}
# of bbox_params, with the step's parameter
LIMITS = {
    "min_visibility": "min_visibility",
    "min_area": "min_area_px",
    "min_width": "min_side_px",
    "min_height": "min_side_px",
}
SCALES = {"Affine": "scale"}
ON_ITS_SIDE = 45  # degrees: from here on, what points to the left points rather up or down
EROSIONS = {
    "RandomSizedBBoxSafeCrop": "erosion_rate",
    "BBoxSafeRandomCrop": "erosion_rate",
    "AtLeastOneBBoxRandomCrop": "erosion_factor",
}
LOSSLESS = MIRRORS | TURNS | {"NoOp"}  # they move whole pictures onto whole pictures
HIDING = {"Erasing", "XYMasking", "OverlayElements", "TextImage", *COVERS}
UNTRACEABLE = {"ThinPlateSpline", "RandomGridShuffle"}
REFLECTING = (2, 4)  # cv2.BORDER_REFLECT, cv2.BORDER_REFLECT_101


def of(pipeline: Written) -> Effects:
    """Return what a pipeline may do; a transform that never fires (``p: 0``) does nothing."""
    transforms = list(pipeline.walk())
    names = {one.name for one in transforms if one.arguments.get("p") != 0}
    return Effects(
        moves=_moves({one.name for one in transforms}),
        mirrors=bool(names & MIRRORS) or any(map(_has_negative_scale, transforms)),
        turns=bool(names & TURNS)
        or any(_tilt(one) > ON_ITS_SIDE or _has_negative_scale(one) for one in transforms),
        untraceable=tuple(
            one.name for one in transforms if one.name in UNTRACEABLE and one.name in names
        ),
        moved_outlines=tuple(
            (one.name, px) for one in transforms if (px := _moves_outlines(one)) > 1
        ),
        repeats=tuple(repeat for one in transforms for repeat in _repeats(one)),
        names=tuple(one.name for one in pipeline.transforms),
        keeps=all(map(_keeps, transforms)),
        limits=tuple(_limits(pipeline)),
        tilts=tuple((one.name, angle) for one in transforms if (angle := _tilt(one)) > 0),
        erodes=tuple((one.name, share) for one in transforms if (share := _erosion(one)) > 0),
    )


def _has_negative_scale(transform: Transform) -> bool:
    """Report whether a transform may turn a picture over by a scale below 0, of each axis its own.

    Albumentations draws the scales of both axes apart, unless ``keep_ratio``.
    """
    scale = _argument(transform, SCALES)
    if isinstance(scale, Mapping):
        return any(_has_below(axis) for axis in scale.values())
    return _has_below(scale)


def _has_below(value: Any) -> bool:
    return any(number < 0 for number in _numbers(value))


def _limits(pipeline: Written) -> Iterator[tuple[str, float, str]]:
    """Yield the limits of the pipeline's ``bbox_params`` that are above nothing."""
    given = pipeline.top.get("bbox_params")
    if not isinstance(given, Mapping):
        return
    for name, meant in LIMITS.items():
        if any(value > 0 for value in _numbers(given.get(name))):
            yield f"bbox_params.{name}", given[name], meant


def _tilt(transform: Transform) -> float:
    """Return the largest angle of a transform in degrees; 0 where it turns by none but 90°."""
    return max(map(abs, _numbers(_argument(transform, ANGLES))), default=0.0)


def _erosion(transform: Transform) -> float:
    """Return the share of a box that a transform for boxes may cut off all the same."""
    return max(_numbers(_argument(transform, EROSIONS)), default=0.0)


def _argument(transform: Transform, names: Mapping[str, str]) -> Any:
    """Return a transform's argument of those by transform, or its default; None for none."""
    name = names.get(transform.name, "")
    _, entries = catalogue.load()
    if not name or transform.name not in entries or transform.arguments.get("p") == 0:
        return None
    return transform.arguments.get(name, entries[transform.name].arguments.get(name))


def _numbers(value: Any) -> list[float]:
    values = value if isinstance(value, list | tuple) else [value]
    return [float(one) for one in values if isinstance(one, int | float)]


def _keeps(transform: Transform) -> bool:
    """Report whether every annotation is whole after a transform: it has other colours at most."""
    _, entries = catalogue.load()
    entry = entries.get(transform.name)
    if entry is None:
        return False
    changes_colours = "BBoxes" not in entry.targets and transform.name not in HIDING
    is_lossless = entry.holds_others or transform.name in LOSSLESS
    return (is_lossless or changes_colours) and "Dropout" not in transform.name


def _moves_outlines(transform: Transform) -> int:
    """Return by how many pixels a morphological transform moves outlines; 0 where none."""
    scale = transform.arguments.get("scale", ())
    sides = scale if isinstance(scale, list | tuple) else [scale]
    if transform.name != "Morphological" or transform.arguments.get("p", 0.5) == 0:
        return 0
    return max((side for side in sides if isinstance(side, int)), default=0) // 2


def _repeats(transform: Transform) -> list[Repeat]:
    mode = checks.repeating(transform.name, transform.arguments)
    return [
        Repeat(what, mirrors=mode in REFLECTING)
        for what, _ in checks.borders(transform.name, transform.arguments)
    ]


def _moves(names: set[str]) -> bool:
    _, entries = catalogue.load()
    return any(
        "BBoxes" in entries[name].targets
        for name in names
        if name in entries
        and not entries[name].holds_others
        and "Dropout" not in name
        and name not in ("Erasing", "XYMasking")
    )


def warps(pipeline: Written) -> bool:
    """Report whether annotations may be moved by no matrix; loads the library."""
    from coco_recipe_albumentations.moves import is_warp

    return any(is_warp(transform.name) for transform in pipeline.walk())
