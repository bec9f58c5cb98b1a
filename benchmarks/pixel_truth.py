"""Where boxes and masks say that things are, against where the pixels are, over random pipelines.

Four painted rectangles on each picture, one to four geometric transforms, nearest interpolation:
the tight box of the pixels that survived against the annotation of the copy, beside what
Albumentations itself makes of the boxes. Then painted polygons with a hole and in two parts, as
polygons and as run-length masks, through affine, perspective, elastic and grid transforms with
flips before and after them, and through several. Rectangles given as polygons that begin at any
corner and go either way round, and rings given as run-length masks, whose border is drawn in a
colour of its own. Last, what dropouts and weather hide: the visibility of the copy against the
pixels that are left; and borders that repeat the picture: every connected region of an object's
colour against the boxes of the labels that lie on it, and all pixels of an object against the masks
of its labels. Exits with 1 where a median is below 0.99, or a first percentile below 0.88.

What pixels say is no finer than a pixel: the nearest one moves an edge by up to half of it, and a
tip that reaches no pixel's middle shows in none. So where outlines are compared, stars and askew
rectangles, scenes are drawn `FINE` times as large, sizes of crops and pads with them. And no finer
than a grey level: of what lets near a tenth of a contrast through, a pixel that is within one level
of it counts as hidden or not, as the visibility has it.
"""

import argparse
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import albumentations as A
import cv2
import numpy as np
from coco_recipe_albumentations.carrier import Carrier
from coco_recipe_pictures.geometry import rle
from coco_recipe_pictures.geometry.carried import Carried
from coco_recipe_pictures.geometry.instance import Instance, Moved

HEIGHT, WIDTH, LEAST_PX = 240, 320, 200
COLOURS = (60, 120, 180, 240)
FINE = 3
Box = tuple[float, float, float, float]


def geometric(rng: random.Random, scale: int = 1) -> Any:
    """Draw one geometric transform.

    Nearest interpolation, so that a painted pixel stays one or goes.

    Args:
        rng: what is drawn depends on it.
        scale: how large the scene is.
    """
    near = {"interpolation": cv2.INTER_NEAREST, "mask_interpolation": cv2.INTER_NEAREST, "p": 1}
    return rng.choice(
        [
            lambda: A.HorizontalFlip(p=1),
            lambda: A.VerticalFlip(p=1),
            lambda: A.Transpose(p=1),
            lambda: A.RandomRotate90(p=1),
            lambda: A.Affine(
                rotate=(-40, 40),
                scale=(0.7, 1.3),
                translate_percent=(-0.2, 0.2),
                shear=(-10, 10),
                **near,
            ),
            lambda: A.Rotate(limit=60, crop_border=rng.random() < 0.3, **near),
            lambda: A.Perspective(
                scale=(0.05, 0.15),
                keep_size=rng.random() < 0.5,
                fit_output=rng.random() < 0.5,
                **near,
            ),
            lambda: A.RandomCrop(height=160 * scale, width=160 * scale, pad_if_needed=True, p=1),
            lambda: A.CenterCrop(height=200 * scale, width=220 * scale, pad_if_needed=True, p=1),
            lambda: A.CropAndPad(percent=(-0.15, 0.15), keep_size=rng.random() < 0.5, **near),
            lambda: A.PadIfNeeded(
                min_height=400 * scale, min_width=420 * scale, border_mode=cv2.BORDER_CONSTANT, p=1
            ),
            lambda: A.RandomSizedBBoxSafeCrop(
                height=rng.randint(120, 260) * scale, width=rng.randint(120, 260) * scale, **near
            ),
        ]
    )()


def painted(rng: random.Random, scale: int = 1) -> tuple[Any, list[Box]]:
    """Paint four rectangles that don't touch, one in each quarter, each in a colour of its own."""
    picture, boxes = np.zeros((HEIGHT * scale, WIDTH * scale, 3), np.uint8), []
    for i, colour in enumerate(COLOURS):
        left, top = (i % 2) * WIDTH // 2, (i // 2) * HEIGHT // 2
        w, h = rng.randint(20, 120), rng.randint(20, 90)
        x, y = left + rng.randint(2, WIDTH // 2 - w - 4), top + rng.randint(2, HEIGHT // 2 - h - 4)
        x, y, w, h = x * scale, y * scale, w * scale, h * scale
        picture[y : y + h, x : x + w] = colour
        boxes.append((float(x), float(y), float(w), float(h)))
    return picture, boxes


def tight(mask: Any) -> Box:
    """Return the box of a mask's pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        float(columns[0]),
        float(rows[0]),
        float(columns[-1] + 1 - columns[0]),
        float(rows[-1] + 1 - rows[0]),
    )


def iou(a: Box | None, b: Box) -> float:
    """Return the intersection over union of two boxes; 0 for one that isn't there."""
    if a is None:
        return 0.0
    across = max(min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]), 0)
    down = max(min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]), 0)
    return across * down / (a[2] * a[3] + b[2] * b[3] - across * down)


def boxes_of(pipelines: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """Return the IoU of every box that has enough pixels left: ours, and the library's own."""
    rng, ours, theirs = random.Random(seed), list[float](), list[float]()
    for number in range(pipelines):
        steps = rng.randint(1, 4)
        picture, boxes = painted(rng)
        made = rng.getstate()
        carried = Carrier([geometric(rng) for _ in range(steps)])(
            picture, [Instance(b, None, None) for b in boxes], number
        )
        rng.setstate(made)  # the same transforms again, for the library alone
        plain = A.Compose(
            [geometric(rng) for _ in range(steps)],
            bbox_params=A.BboxParams(
                format="coco", label_fields=["index"], min_area=0, min_visibility=0
            ),
        )
        plain.set_random_state(np.random.default_rng(number), random.Random(number))
        out = plain(image=picture, bboxes=boxes, index=list("0123"))
        own = dict(zip(out["index"], (tuple(row[:4]) for row in out["bboxes"]), strict=True))
        for i, colour in enumerate(COLOURS):
            mask = (carried.picture == colour).all(axis=2)
            if mask.sum() >= LEAST_PX:
                ours.append(iou(carried.moved[i].bbox, tight(mask)))
            mask = (out["image"] == colour).all(axis=2)
            if mask.sum() >= LEAST_PX:
                theirs.append(iou(own.get(str(i)), tight(mask)))
    return ours, theirs


@dataclass(frozen=True)
class Painting:
    """A picture with a shape of two parts, one with a hole, and the same shape as annotations."""

    picture: Any
    polygons: list[list[float]]
    mask: Any


def shape(rng: random.Random, scale: int = 1) -> Painting:
    """Draw a star with a hole, bridged to its border as in COCO, and a triangle beside it."""
    height, width = HEIGHT * scale, WIDTH * scale
    x, y, turn = rng.uniform(110, 140), rng.uniform(100, 140), rng.uniform(0, 1)
    angles = np.linspace(0, 2 * np.pi, 15)[:-1] + turn
    radii = np.where(np.arange(14) % 2, rng.uniform(70, 90), rng.uniform(50, 60))
    star = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1) * scale
    hole = np.stack([x + 25 * np.cos(-angles), y + 25 * np.sin(-angles)], axis=1) * scale
    ring = np.concatenate([star, star[:1], hole, hole[:1]])
    triangle = (
        np.array([[240.0, 40 + rng.uniform(0, 60)], [300, 60], [250 + rng.uniform(0, 40), 180]])
        * scale
    )
    mask = np.zeros((height, width), bool)
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    for part in (star, triangle):
        mask |= _inside(part, columns, rows)
    mask &= ~_inside(hole, columns, rows)
    picture = np.zeros((height, width, 3), np.uint8)
    picture[mask] = 255
    return Painting(picture, [ring.ravel().tolist(), triangle.ravel().tolist()], mask)


def _inside(ring: Any, x: Any, y: Any) -> Any:
    """Return which points are inside a ring, by the number of edges to their left."""
    odd = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            odd ^= ((y0 > y) != (y1 > y)) & (x > x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd


WARPS: dict[str, Any] = {
    "affine": lambda: A.Affine(
        rotate=(-40, 40),
        scale=(0.8, 1.4),
        translate_percent=(-0.2, 0.2),
        shear=(-10, 10),
        interpolation=0,
        mask_interpolation=0,
        p=1,
    ),
    "perspective": lambda: A.Perspective(
        scale=(0.05, 0.15), interpolation=0, mask_interpolation=0, p=1
    ),
    "elastic": lambda: A.ElasticTransform(
        alpha=120 * FINE**2, sigma=10 * FINE, interpolation=0, mask_interpolation=0, p=1
    ),
    "grid": lambda: A.GridDistortion(
        distort_limit=(-0.3, 0.3), interpolation=0, mask_interpolation=0, p=1
    ),
}
KINDS = {
    **{name: (name,) for name in WARPS},
    "elastic and affine": ("elastic", "affine"),
    "grid, perspective and elastic": ("grid", "perspective", "elastic"),
}


def masks_of(kind: str, count: int, seed: int = 0) -> Iterator[tuple[float, float]]:
    """Yield the IoU of the surviving pixels with our polygons, and with our run-length mask.

    pycocotools draws both.
    """
    rng = random.Random(seed)
    for number in range(count):
        drawn = shape(rng, FINE)
        box = tight(drawn.mask)
        pair = [
            Instance(box, drawn.polygons, None),
            Instance(box, rle.encode(drawn.mask, compressed=True), None),
        ]
        warps = [WARPS[name]() for name in KINDS[kind]]
        carried = Carrier([A.HorizontalFlip(p=0.5), *warps, A.Transpose(p=0.5)])(
            drawn.picture, pair, number
        )
        truth = carried.picture[:, :, 0] > 127
        if truth.sum() >= LEAST_PX:
            yield (
                overlap(carried.moved[0].segmentation, truth),
                overlap(carried.moved[1].segmentation, truth),
            )


def overlap(segmentation: Any, truth: Any) -> float:
    """Return the IoU of a segmentation, as pycocotools draws it, with a mask."""
    from pycocotools import mask as coco

    height, width = truth.shape
    if segmentation is None:
        return 0.0
    coded = segmentation
    if isinstance(segmentation, list):
        coded = coco.merge(coco.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        coded = coco.frPyObjects(segmentation, height, width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = coco.decode(coded).astype(bool)
    return float((drawn & truth).sum() / (drawn | truth).sum())


NEAREST: dict[str, Any] = {
    "interpolation": cv2.INTER_NEAREST,
    "mask_interpolation": cv2.INTER_NEAREST,
    "p": 1,
}
MODES = {
    "reflect": cv2.BORDER_REFLECT,
    "reflect_101": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
}
# Every transform with a border mode, such that its border shows.
BORDERED: dict[str, Any] = {
    "Affine": lambda mode, scale=1: A.Affine(
        rotate=(-60, 60),
        scale=(0.4, 1.2),
        translate_percent=(-0.4, 0.4),
        shear=(-15, 15),
        border_mode=mode,
        **NEAREST,
    ),
    "ShiftScaleRotate": lambda mode, scale=1: A.ShiftScaleRotate(
        shift_limit=0.3, scale_limit=(-0.6, 0.2), rotate_limit=60, border_mode=mode, **NEAREST
    ),
    "Rotate": lambda mode, scale=1: A.Rotate(limit=80, border_mode=mode, **NEAREST),
    "SafeRotate": lambda mode, scale=1: A.SafeRotate(limit=80, border_mode=mode, **NEAREST),
    "Perspective": lambda mode, scale=1: A.Perspective(
        scale=(0.05, 0.2), fit_output=True, border_mode=mode, **NEAREST
    ),
    "ElasticTransform": lambda mode, scale=1: A.ElasticTransform(
        alpha=600 * scale**2, sigma=16 * scale, border_mode=mode, **NEAREST
    ),
    "GridDistortion": lambda mode, scale=1: A.GridDistortion(
        distort_limit=(-0.3, 0.3), normalized=False, border_mode=mode, **NEAREST
    ),
    "OpticalDistortion": lambda mode, scale=1: A.OpticalDistortion(
        distort_limit=(0.5, 0.9), border_mode=mode, **NEAREST
    ),
    "PiecewiseAffine": lambda mode, scale=1: A.PiecewiseAffine(
        scale=(0.01, 0.02), border_mode=mode, **NEAREST
    ),
    "Pad": lambda mode, scale=1: A.Pad(
        padding=tuple(px * scale for px in (30, 150, 90, 10)), border_mode=mode, p=1
    ),
    "PadIfNeeded": lambda mode, scale=1: A.PadIfNeeded(
        min_height=500 * scale, min_width=900 * scale, position="random", border_mode=mode, p=1
    ),
    "RandomCrop": lambda mode, scale=1: A.RandomCrop(
        height=300 * scale, width=500 * scale, pad_if_needed=True, border_mode=mode, p=1
    ),
    "CenterCrop": lambda mode, scale=1: A.CenterCrop(
        height=500 * scale, width=300 * scale, pad_if_needed=True, border_mode=mode, p=1
    ),
    "Crop": lambda mode, scale=1: A.Crop(
        x_min=10 * scale,
        y_min=20 * scale,
        x_max=400 * scale,
        y_max=300 * scale,
        pad_if_needed=True,
        border_mode=mode,
        p=1,
    ),
    "CropAndPad": lambda mode, scale=1: A.CropAndPad(
        px=((-60 * scale, 60 * scale),) * 4, keep_size=False, border_mode=mode, **NEAREST
    ),
}


@dataclass
class Again:
    """What labels say of the regions that a border shows.

    Attributes:
        ious: of each region's box with the hull of the boxes that lie on it; 0 without any.
        labels: how many labels there are.
        empty: labels of over 4 px² that have no pixel of their object.
    """

    ious: list[float] = field(default_factory=list)
    labels: int = 0
    empty: int = 0


def repeated(steps: Callable[[random.Random], Sequence[Any]], count: int, seed: int = 0) -> Again:
    """Send painted pictures through transforms whose borders repeat them."""
    rng, found = random.Random(seed), Again()
    for number in range(count):
        picture, boxes = painted(rng)
        carried = Carrier(steps(rng))(picture, [Instance(box, None, None) for box in boxes], number)
        for i, colour in enumerate(COLOURS):
            _regions(
                (carried.picture == colour).all(axis=2),
                [moved.bbox for moved in _of(carried, i) if moved.bbox],
                found,
            )
    return found


def _of(carried: Carried, number: int) -> list[Moved]:
    """Return what is left of an annotation, and all that a border shows again of it."""
    return [
        moved
        for n, moved in enumerate(carried.moved)
        if (n if moved.of is None else moved.of) == number
    ]


def _regions(mask: Any, boxes: Sequence[Box], found: Again) -> None:
    """Give each box to the region that has the most pixels in it, and compare."""
    count, region, figures, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    sides: list[list[Box]] = [[] for _ in range(count)]
    for x, y, w, h in boxes:
        inside = region[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))]
        pixels = np.bincount(inside[inside > 0], minlength=1)
        found.labels += 1
        found.empty += bool(not pixels.any() and w * h > 4)
        sides[int(pixels.argmax())].append((x, y, x + w, y + h))
    for own, (left, top, width, height, pixels) in zip(
        sides[1:], figures[1:].tolist(), strict=True
    ):
        if pixels >= LEAST_PX:
            low, high = (
                (np.min(own, axis=0)[:2], np.max(own, axis=0)[2:])
                if own
                else (np.zeros(2), np.zeros(2))
            )
            found.ious.append(iou((*low, *(high - low)), (left, top, width, height)))


def repeated_masks(
    steps: Callable[[random.Random], Sequence[Any]], count: int, seed: int = 0, scale: int = 1
) -> Iterator[tuple[float, float]]:
    """Yield the IoU of all pixels of a shape with all its labels, as polygons and as masks.

    Args:
        steps: draws the transforms.
        count: how many pictures.
        seed: what is drawn depends on it.
        scale: how large the scenes are.
    """
    rng = random.Random(seed)
    for number in range(count):
        drawn = shape(rng, scale)
        box = tight(drawn.mask)
        pair = [
            Instance(box, drawn.polygons, None),
            Instance(box, rle.encode(drawn.mask, compressed=True), None),
        ]
        carried = Carrier(steps(rng))(drawn.picture, pair, number)
        truth = carried.picture[:, :, 0] > 127
        if truth.sum() >= LEAST_PX * scale**2:
            both = [
                [moved.segmentation for moved in _of(carried, i) if moved.segmentation]
                for i in range(2)
            ]
            yield (
                overlap([ring for polygons in both[0] for ring in polygons], truth),
                _overlap_of_masks(both[1], truth),
            )


def _overlap_of_masks(masks: Sequence[Any], truth: Any) -> float:
    from pycocotools import mask as coco

    return overlap(coco.merge(list(masks)), truth) if masks else 0.0


def bordered(
    mode: int, least: int = 1, most: int = 1, scale: int = 1
) -> Callable[[random.Random], list[Any]]:
    """Return what draws transforms whose borders repeat the picture.

    The library takes seconds for a PiecewiseAffine.

    Args:
        mode: OpenCV's border mode.
        least: how many transforms at least.
        most: how many at the most.
        scale: how large the scene is.
    """
    names = [name for name in BORDERED if name != "PiecewiseAffine"]
    return lambda rng: [
        BORDERED[rng.choice(names)](mode, scale) for _ in range(rng.randint(least, most))
    ]


def repeats_hold(count: int) -> Iterator[bool]:
    """Print what borders that repeat the picture come to.

    Yield whether each line holds its marks.
    """
    for name, mode in MODES.items():
        for label, most in ((name, 1), (f"{name}, two and three in a row", 3)):
            least = 1 if most == 1 else 2
            found = repeated(bordered(mode, least, most), count)
            yield show(f"{label}: boxes", found.ious)
            missing = found.ious.count(0)
            print(
                f"{'':66} {missing} regions without a label, "
                f"{found.empty} of {found.labels} labels without a pixel"
            )
            yield not missing and not found.empty
            fine = bordered(mode, least, most, FINE)
            pairs = list(repeated_masks(fine, count, scale=FINE))
            yield show(f"{label}: polygons", [a for a, _ in pairs])
            yield show(f"{label}: run-length masks", [b for _, b in pairs])


def rectangles_of(count: int, seed: int = 0) -> Iterator[tuple[float, float]]:
    """Yield the IoU of painted rectangles with the boxes, and with the polygons, of their copies.

    Each rectangle is given as a polygon that begins at any corner and goes either way round.
    """
    rng = random.Random(seed)
    for number in range(count):
        picture, boxes = painted(rng, FINE)
        rows = [Instance(box, [_corners(rng, box)], None) for box in boxes]
        steps = [geometric(rng, FINE) for _ in range(rng.randint(1, 4))]
        carried = Carrier(steps)(picture, rows, number)
        for colour, moved in zip(COLOURS, carried.moved, strict=True):
            truth = (carried.picture == colour).all(axis=2)
            if truth.sum() >= LEAST_PX * FINE**2:
                yield iou(moved.bbox, tight(truth)), overlap(moved.segmentation, truth)


def _corners(rng: random.Random, box: Box) -> list[float]:
    x, y, w, h = box
    ring = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    first, turn = rng.randrange(4), rng.choice((1, -1))
    return [side for n in range(4) for side in ring[(first + turn * n) % 4]]


def rings_of(count: int, seed: int = 0) -> Iterator[tuple[float, float]]:
    """Yield the IoU of painted rings, border and all, with the boxes and the masks of their copies.

    Rectangles of `painted` get a hole 12 px inside, where they are large enough, and a border of
    2 px in a colour of its own around both.
    """
    rng = random.Random(seed)
    for number in range(count):
        picture, boxes = painted(rng)
        for (x, y, w, h), colour in zip(boxes, COLOURS, strict=True):
            left, top, right, bottom = int(x), int(y), int(x + w), int(y + h)
            for inset, paint in ((0, colour + 1), (2, colour), (10, colour + 1), (12, 0)):
                picture[top + inset : bottom - inset, left + inset : right - inset] = paint
        rows = [
            Instance(box, rle.encode(_is_of(picture, colour), compressed=number % 2 == 0), None)
            for box, colour in zip(boxes, COLOURS, strict=True)
        ]
        steps = [geometric(rng) for _ in range(rng.randint(1, 4))]
        carried = Carrier(steps)(picture, rows, number)
        for colour, moved in zip(COLOURS, carried.moved, strict=True):
            truth = _is_of(carried.picture, colour)
            if truth.sum() >= LEAST_PX:
                yield iou(moved.bbox, tight(truth)), overlap(moved.segmentation, truth)


def _is_of(picture: Any, colour: int) -> Any:
    return ((picture == colour) | (picture == colour + 1)).all(axis=2)


COVERS: dict[str, Any] = {
    "CoarseDropout": lambda: A.CoarseDropout(
        num_holes_range=(2, 9), hole_height_range=(20, 90), hole_width_range=(20, 90), fill=7, p=1
    ),
    "GridDropout": lambda: A.GridDropout(
        ratio=0.5, unit_size_range=(12, 60), random_offset=True, fill=7, p=1
    ),
    "Erasing": lambda: A.Erasing(scale=(0.1, 0.5), fill=7, p=1),
    "XYMasking": lambda: A.XYMasking(
        num_masks_x=(1, 4),
        num_masks_y=(1, 4),
        mask_x_length=(9, 60),
        mask_y_length=(9, 60),
        fill=7,
        p=1,
    ),
    "PixelDropout": lambda: A.PixelDropout(dropout_prob=0.4, drop_value=7, p=1),
    "SaltAndPepper": lambda: A.SaltAndPepper(amount=(0.2, 0.6), p=1),
    "RandomShadow, black": lambda: A.RandomShadow(
        shadow_roi=(0, 0, 1, 1), num_shadows_limit=(1, 3), shadow_intensity_range=(1, 1), p=1
    ),
    "RandomSunFlare": lambda: A.RandomSunFlare(
        flare_roi=(0, 0, 1, 1), src_radius=150, num_flare_circles_range=(12, 20), p=1
    ),
    "RandomGravel": lambda: A.RandomGravel(gravel_roi=(0, 0, 1, 1), number_of_patches=20, p=1),
    "Spatter, mud": lambda: A.Spatter(mode="mud", mean=(0.7, 0.7), intensity=(1, 1), p=1),
    "RandomRain": lambda: A.RandomRain(
        rain_type="torrential", drop_width=3, blur_value=1, drop_color=(255, 255, 255), p=1
    ),
    "RandomFog": lambda: A.RandomFog(fog_coef_range=(0.8, 1), alpha_coef=0.4, p=1),
}


def hidden_of(name: str, count: int, seed: int = 0) -> Iterator[float]:
    """Yield 1 less how far an object's visibility is from the share of its pixels that show.

    One transform hides and up to two move afterwards. A pixel shows if it differs, by more than a
    tenth of the contrast, from what becomes of the same picture without the objects; within one
    grey level of it, it may show or not (the library rounds after each thing that it draws). Which
    pixels of the copy are an object's is what the library says, which moves a mask of the objects
    along.
    """
    rng, contrast = random.Random(seed), 64
    for number in range(count):
        objects, boxes = painted(rng)
        bare = np.full_like(objects, 90)
        picture = np.where(objects > 0, bare + contrast, bare).astype(np.uint8)
        state, moving = rng.getstate(), rng.randint(0, 2)

        def steps(made: Any = state, moving: int = moving) -> list[Any]:
            rng.setstate(made)
            rng.randint(0, 2)
            return [COVERS[name](), *(_blind(rng) for _ in range(moving))]

        carried = Carrier(steps())(picture, [Instance(box, None, None) for box in boxes], number)
        without = _alone(steps(), bare, objects, number)
        left = np.abs(carried.picture.astype(int) - without["image"]).max(axis=2)
        for colour, moved in zip(COLOURS, carried.moved, strict=True):
            own = (without["mask"] == colour).all(axis=2)
            if own.sum() >= LEAST_PX:
                least, most = (
                    (own & (left > contrast / 10 + level)).sum() / own.sum() for level in (1, -1)
                )
                yield 1 - abs((1 - moved.hidden) - np.clip(1 - moved.hidden, least, most))


def _blind(rng: random.Random) -> Any:
    """Draw a geometric transform that doesn't look at boxes: the library alone knows none."""
    return next(
        one for one in iter(lambda: geometric(rng), None) if "BBox" not in type(one).__name__
    )


def _alone(steps: Sequence[Any], picture: Any, mask: Any, key: int) -> Any:
    plain = A.Compose(list(steps))
    plain.set_random_state(np.random.default_rng(key), random.Random(key))
    return plain(image=picture, mask=mask)


MEDIAN, FIRST_PERCENTILE = 0.99, 0.88


def show(label: str, values: Sequence[float]) -> bool:
    """Print a line of the table; return whether median and first percentile hold their marks."""
    median, first = float(np.median(values)), float(np.percentile(values, 1))
    held = median >= MEDIAN and first >= FIRST_PERCENTILE
    print(
        f"{label:66} n {len(values):5}  median {median:.4f}  first percentile {first:.4f}"
        f"{'' if held else f'  below {MEDIAN} or {FIRST_PERCENTILE}'}"
    )
    return held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipelines", type=int, default=600)
    parser.add_argument(
        "--masks", type=int, default=100, help="pictures for each kind of transform"
    )
    parser.add_argument(
        "--hidden", type=int, default=60, help="pictures for each transform that hides"
    )
    parser.add_argument(
        "--repeats", type=int, default=40, help="pictures for each border that repeats the picture"
    )
    options = parser.parse_args()
    ours, theirs = boxes_of(options.pipelines)
    held = [show(f"boxes, {options.pipelines} pipelines: coco-recipe", ours)]
    show(f"boxes, {options.pipelines} pipelines: Albumentations", theirs)
    for kind in KINDS:
        pairs = list(masks_of(kind, options.masks))
        held.append(show(f"{kind}: polygons with a hole and two parts", [a for a, _ in pairs]))
        held.append(show(f"{kind}: run-length masks", [b for _, b in pairs]))
    for label, pairs in (
        ("rectangles as polygons", list(rectangles_of(options.pipelines))),
        ("rings as run-length masks", list(rings_of(options.pipelines))),
    ):
        held.append(show(f"{label}: boxes", [a for a, _ in pairs]))
        held.append(show(f"{label}: segmentations", [b for _, b in pairs]))
    for name in COVERS:
        held.append(show(f"visibility under {name}", list(hidden_of(name, options.hidden))))
    held += repeats_hold(options.repeats)
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
