"""Tell what each Albumentations transform does to places: a 3x3 matrix, a map, or nothing.

Places are in pixels from the corner of the first pixel. The library moves keypoints by the pixels'
middles in some transforms and by their corners in others; here the transform's own parameters are
read, so that a box lands on its pixels to the half px.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from coco_recipe_pictures.geometry.move import Border, Maps, Mask, Matrix, Move, Size, Warp
from numpy.typing import NDArray

from coco_recipe import Params

REFUSED = {
    "Mosaic": "it puts several pictures into one",
    "OverlayElements": "it pastes other pictures over the objects",
}
NEAREST = 0  # cv2.INTER_NEAREST
REPEATING = (2, 3, 4)  # cv2.BORDER_REFLECT, _WRAP, _REFLECT_101


@dataclass(frozen=True, slots=True)
class Fired:
    """A transform that was applied.

    Attributes:
        transform: the library's.
        params: what it sampled.
        before: the picture's size before it.
        after: the picture's size after it.
    """

    transform: Any
    params: Params
    before: Size
    after: Size


def leaves(transforms: Sequence[Any]) -> Iterator[Any]:
    """Yield the transforms inside OneOf, Sequential and the like, once each.

    Raises:
        ValueError: one of them can't be followed; names it and says why.
    """
    from albumentations import BaseCompose, ImageOnlyTransform, SelectiveChannelTransform

    for transform in transforms:
        if isinstance(transform, BaseCompose):
            inner = list(leaves(transform.transforms))
            if isinstance(transform, SelectiveChannelTransform):
                for leaf in inner:
                    if moves(leaf) and not isinstance(leaf, ImageOnlyTransform):
                        raise ValueError(
                            f"{type(leaf).__name__} in SelectiveChannelTransform moves some "
                            "channels and leaves others, so that no box is right; take it out of "
                            "there"
                        )
            yield from inner
        else:
            _check(transform)
            yield transform


def moves(transform: Any) -> bool:
    """Report whether a transform can move pixels."""
    from albumentations import ImageOnlyTransform

    move = _entry(transform)
    return move is not _stays and not (move is None and isinstance(transform, ImageOnlyTransform))


def matrix_of(fired: Fired) -> Matrix | None:
    """Return the 3x3 matrix of what a transform did to places.

    None stands for what is no matrix, such as an elastic deformation.
    """
    from albumentations import ImageOnlyTransform

    move = _entry(fired.transform)
    if isinstance(fired.transform, ImageOnlyTransform):
        return np.eye(3) if move is None else move(fired)
    return None if move is None else move(fired)


def move_of(fired: Fired, hidden: Mask | None) -> Move:
    """Return what a transform that was applied did.

    Args:
        fired: the transform.
        hidden: pixels (H, W) of the picture after it that it hid; None: none.
    """
    matrix = matrix_of(fired)
    return Move(
        type(fired.transform).__name__,
        fired.before,
        fired.after,
        matrix,
        warp=partial(warp_of, fired) if matrix is None else None,
        border=_border(fired),
        hidden=hidden,
        send=partial(_send, fired) if hasattr(fired.transform, "apply_to_mask") else None,
    )


def _send(fired: Fired, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(fired.transform.apply_to_mask(mask, **fired.params), np.uint8)


def _border(fired: Fired) -> Border | None:
    transform, params = fired.transform, fired.params
    mode = getattr(transform, "border_mode", None)
    if mode not in REPEATING or not getattr(transform, "pad_if_needed", True):
        return None
    return Border(int(mode), params.get("crop_params") or None, _maps(params))


def _maps(params: Params) -> Maps | None:
    if "map_x" not in params:
        return None
    x, y = (np.asarray(params[name], dtype=np.float32) + 0.5 for name in ("map_x", "map_y"))
    return x, y


def is_warp(name: str) -> bool:
    """Report whether a transform of the library may move pixels by no matrix.

    ElasticTransform is one.
    """
    import albumentations

    found = getattr(albumentations, name, None)
    if found is None or issubclass(
        found, albumentations.ImageOnlyTransform | albumentations.BaseCompose
    ):
        return False
    return not any(base.__name__ in MOVES for base in found.__mro__)


def warp_of(fired: Fired) -> Warp:
    """Return what a transform without a matrix did to places.

    It is read from the transform's maps; where there are none, the pixels' coordinates are sent
    through the transform as a mask.
    """
    height, width = fired.before
    if maps := _maps(fired.params):
        x, y = maps
    else:
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        ramp = np.stack([columns + 0.5, rows + 0.5, np.ones_like(rows)], axis=2)
        sent = fired.transform.apply_to_mask(ramp, **fired.params)
        x, y = (np.where(sent[:, :, 2] == 1, sent[:, :, axis], np.nan) for axis in (0, 1))
    outside = ~((x >= 0) & (x <= width) & (y >= 0) & (y <= height))
    return Warp(
        np.where(outside, np.float32(np.nan), x),
        np.where(outside, np.float32(np.nan), y),
        fired.before,
    )


def _check(transform: Any) -> None:
    from albumentations import DualTransform, ImageOnlyTransform

    name = type(transform).__name__
    reason = REFUSED.get(name)
    if reason is None and not isinstance(transform, DualTransform | ImageOnlyTransform):
        reason = "it isn't a transform of a flat picture"
    if (
        reason is None
        and isinstance(transform, DualTransform)
        and "keypoints" not in transform.available_keys
    ):
        reason = "it doesn't move keypoints"
    missing = set(transform.targets_as_params) - {"image"} if reason is None else set()
    if name == "CropNonEmptyMaskIfExists":
        missing = {"mask"}
    if missing:
        reason = f"it needs {', '.join(sorted(missing))}, which a data set doesn't give"
    if reason:
        raise ValueError(f"{name} can't be used here: {reason}; leave it out of the pipeline")


def _shift(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], dtype=np.float64)


def _of_middles(matrix: Any) -> Matrix:
    """Return the matrix for places that equals one for pixel indices.

    An index means the pixel's middle, as in cv2.warpAffine; a place is counted from its corner.
    """
    whole = np.eye(3)
    whole[: len(matrix)] = matrix
    return _shift(0.5, 0.5) @ whole @ _shift(-0.5, -0.5)


def _resized(transform: Any, before: Size, after: Size) -> Matrix:
    """Scale.

    Cv2.resize takes nearest pixels from the left, which moves a picture by up to half a pixel of
    the new size.
    """
    smaller = after[0] < before[0] or after[1] < before[1]
    area = smaller and getattr(transform, "area_for_downscale", None) in ("image", "image_mask")
    nearest = transform.interpolation == NEAREST and not area
    matrix = np.eye(3)
    for axis, (new, old) in enumerate(((after[1], before[1]), (after[0], before[0]))):
        matrix[axis, axis] = new / old
        matrix[axis, 2] = (1 - 1 / Fraction(new, old).denominator) / 2 if nearest else 0.0
    return matrix


def _stays(fired: Fired) -> Matrix:
    return np.eye(3)


def _horizontal(fired: Fired) -> Matrix:
    return np.array([[-1.0, 0, fired.before[1]], [0, 1, 0], [0, 0, 1]])


def _vertical(fired: Fired) -> Matrix:
    return np.array([[1.0, 0, 0], [0, -1, fired.before[0]], [0, 0, 1]])


def _transpose(fired: Fired) -> Matrix:
    return np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])


def _quarters(count: int, size: Size) -> Matrix:
    """Turn ``count`` times by 90 degrees against the clock, as np.rot90 does."""
    height, width = size
    return (
        np.eye(3),
        np.array([[0.0, 1, 0], [-1, 0, width], [0, 0, 1]]),
        np.array([[-1.0, 0, width], [0, -1, height], [0, 0, 1]]),
        np.array([[0.0, -1, height], [1, 0, 0], [0, 0, 1]]),
    )[count % 4]


def _rotate90(fired: Fired) -> Matrix:
    return _quarters(int(fired.params["factor"]), fired.before)


def _d4(fired: Fired) -> Matrix:
    element = str(fired.params["group_element"])
    if element in ("h", "v"):
        return _horizontal(fired) if element == "h" else _vertical(fired)
    turned = _quarters({"r90": 1, "r180": 2, "r270": 3, "hvt": 2}.get(element, 0), fired.before)
    return _transpose(fired) @ turned if element in ("t", "hvt") else turned


def _affine(fired: Fired) -> Matrix:
    return _of_middles(fired.params["matrix"])


def _rotate(fired: Fired) -> Matrix:
    turned = _of_middles(fired.params["matrix"])
    return (
        _shift(-fired.params["x_min"], -fired.params["y_min"]) @ turned
        if fired.transform.crop_border
        else turned
    )


def _perspective(fired: Fired) -> Matrix:
    matrix = np.asarray(fired.params["matrix"], dtype=np.float64)
    if fired.transform.keep_size:
        height, width = fired.before
        matrix = (
            np.diag([width / fired.params["max_width"], height / fired.params["max_height"], 1.0])
            @ matrix
        )
    return _of_middles(matrix)


def _crop(fired: Fired) -> Matrix:
    pads = fired.params.get("pad_params") or {}
    left, top = fired.params["crop_coords"][:2]
    return _shift(pads.get("pad_left", 0) - left, pads.get("pad_top", 0) - top)


def _crop_and_resize(fired: Fired) -> Matrix:
    left, top, right, bottom = (int(side) for side in fired.params["crop_coords"])
    return _resized(fired.transform, (bottom - top, right - left), fired.after) @ _shift(
        -left, -top
    )


def _crop_and_pad(fired: Fired) -> Matrix:
    left, top = (fired.params["crop_params"] or (0, 0))[:2]
    pad_top, _, pad_left, _ = fired.params["pad_params"] or (0, 0, 0, 0)
    moved = _shift(pad_left - left, pad_top - top)
    inner = (int(fired.params["result_shape"][0]), int(fired.params["result_shape"][1]))
    return (
        _resized(fired.transform, inner, fired.after) @ moved
        if fired.transform.keep_size
        else moved
    )


def _pad(fired: Fired) -> Matrix:
    return _shift(fired.params["pad_left"], fired.params["pad_top"])


def _resize(fired: Fired) -> Matrix:
    return _resized(fired.transform, fired.before, fired.after)


def _motion_blur(fired: Fired) -> Matrix:
    """Return the shift to the middle of the blurred object, as a kernel may lie beside its pixel.

    Half a pixel is within what a blur leaves open.
    """
    kernel = np.asarray(fired.params["kernel"], np.float64)
    total = kernel.sum() or 1.0
    down, right = (
        (np.arange(side) * kernel.sum(1 - axis)).sum() / total - side // 2
        for axis, side in enumerate(kernel.shape)
    )
    return np.eye(3) if max(abs(right), abs(down)) <= 0.5 else _shift(-right, -down)


# The nearest class of a transform's bases counts; a class that isn't here is followed pixel by
# pixel.
MOVES: dict[str, Callable[[Fired], Matrix]] = {
    "HorizontalFlip": _horizontal,
    "VerticalFlip": _vertical,
    "Transpose": _transpose,
    "D4": _d4,
    "RandomRotate90": _rotate90,
    "Affine": _affine,
    "Rotate": _rotate,
    "Perspective": _perspective,
    "BaseCrop": _crop,
    "_BaseRandomSizedCrop": _crop_and_resize,
    "RandomSizedBBoxSafeCrop": _crop_and_resize,
    "CropAndPad": _crop_and_pad,
    "Pad": _pad,
    "RandomScale": _resize,
    "MaxSizeTransform": _resize,
    "Resize": _resize,
    "BaseDropout": _stays,
    "PixelDropout": _stays,
    "Morphological": _stays,
    "NoOp": _stays,
    "MotionBlur": _motion_blur,
}


def _entry(transform: Any) -> Callable[[Fired], Matrix] | None:
    return next(
        (MOVES[base.__name__] for base in type(transform).__mro__ if base.__name__ in MOVES), None
    )
