"""Where boxes and masks say that things are, against where the pixels are, over random pipelines.

Four painted rectangles on each picture, one to four geometric transforms, nearest interpolation: the tight box of the pixels
that survived against the annotation of the copy, beside what Albumentations itself makes of the boxes. Then painted polygons
with a hole and in two parts, as polygons and as run-length masks, through affine, perspective, elastic and grid transforms
with flips before and after them, and through several.
"""

import argparse
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import albumentations as A
import cv2
import numpy as np
from coco_recipe_albumentations import rle
from coco_recipe_albumentations.geometry import Carrier, Instance

HEIGHT, WIDTH, LEAST_PX = 240, 320, 200
COLOURS = (60, 120, 180, 240)
Box = tuple[float, float, float, float]


def geometric(rng: random.Random) -> Any:
    """Draw one geometric transform; nearest interpolation, so that a painted pixel stays one or goes."""
    near = {"interpolation": cv2.INTER_NEAREST, "mask_interpolation": cv2.INTER_NEAREST, "p": 1}
    return rng.choice([
        lambda: A.HorizontalFlip(p=1), lambda: A.VerticalFlip(p=1), lambda: A.Transpose(p=1), lambda: A.RandomRotate90(p=1),
        lambda: A.Affine(rotate=(-40, 40), scale=(0.7, 1.3), translate_percent=(-0.2, 0.2), shear=(-10, 10), **near),
        lambda: A.Rotate(limit=60, crop_border=rng.random() < 0.3, **near),
        lambda: A.Perspective(scale=(0.05, 0.15), keep_size=rng.random() < 0.5, fit_output=rng.random() < 0.5, **near),
        lambda: A.RandomCrop(height=160, width=160, pad_if_needed=True, p=1),
        lambda: A.CenterCrop(height=200, width=220, pad_if_needed=True, p=1),
        lambda: A.CropAndPad(percent=(-0.15, 0.15), keep_size=rng.random() < 0.5, **near),
        lambda: A.PadIfNeeded(min_height=400, min_width=420, border_mode=cv2.BORDER_CONSTANT, p=1),
        lambda: A.RandomSizedBBoxSafeCrop(height=rng.randint(120, 260), width=rng.randint(120, 260), **near)])()


def painted(rng: random.Random) -> tuple[Any, list[Box]]:
    """Paint four rectangles that don't touch, one in each quarter, each in a colour of its own."""
    picture, boxes = np.zeros((HEIGHT, WIDTH, 3), np.uint8), []
    for i, colour in enumerate(COLOURS):
        left, top = (i % 2) * WIDTH // 2, (i // 2) * HEIGHT // 2
        w, h = rng.randint(20, 120), rng.randint(20, 90)
        x, y = left + rng.randint(2, WIDTH // 2 - w - 4), top + rng.randint(2, HEIGHT // 2 - h - 4)
        picture[y:y + h, x:x + w] = colour
        boxes.append((float(x), float(y), float(w), float(h)))
    return picture, boxes


def tight(mask: Any) -> Box:
    """Return the box of a mask's pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1 - columns[0]), float(rows[-1] + 1 - rows[0])


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
        carried = Carrier([geometric(rng) for _ in range(steps)])(picture, [Instance(b, None, None) for b in boxes], number)
        rng.setstate(made)  # the same transforms again, for the library alone
        plain = A.Compose([geometric(rng) for _ in range(steps)], bbox_params=A.BboxParams(
            format="coco", label_fields=["index"], min_area=0, min_visibility=0))
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
    """A picture with a shape that has a hole and a second part, and the same shape as annotations."""

    picture: Any
    polygons: list[list[float]]
    mask: Any


def shape(rng: random.Random) -> Painting:
    """Draw a star with a hole, bridged to its border as COCO's polygons want it, and a triangle beside it."""
    x, y, turn = rng.uniform(110, 140), rng.uniform(100, 140), rng.uniform(0, 1)
    angles = np.linspace(0, 2 * np.pi, 15)[:-1] + turn
    radii = np.where(np.arange(14) % 2, rng.uniform(70, 90), rng.uniform(50, 60))
    star = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1)
    hole = np.stack([x + 25 * np.cos(-angles), y + 25 * np.sin(-angles)], axis=1)
    ring = np.concatenate([star, star[:1], hole, hole[:1]])
    triangle = np.array([[240.0, 40 + rng.uniform(0, 60)], [300, 60], [250 + rng.uniform(0, 40), 180]])
    mask = np.zeros((HEIGHT, WIDTH), bool)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    for part in (star, triangle):
        mask |= _inside(part, columns, rows)
    mask &= ~_inside(hole, columns, rows)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
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
    "affine": lambda: A.Affine(rotate=(-40, 40), scale=(0.8, 1.4), translate_percent=(-0.2, 0.2), shear=(-10, 10),
                               interpolation=0, mask_interpolation=0, p=1),
    "perspective": lambda: A.Perspective(scale=(0.05, 0.15), interpolation=0, mask_interpolation=0, p=1),
    "elastic": lambda: A.ElasticTransform(alpha=120, sigma=10, interpolation=0, mask_interpolation=0, p=1),
    "grid": lambda: A.GridDistortion(distort_limit=(-0.3, 0.3), interpolation=0, mask_interpolation=0, p=1)}
KINDS = {**{name: (name,) for name in WARPS}, "elastic and affine": ("elastic", "affine"),
         "grid, perspective and elastic": ("grid", "perspective", "elastic")}


def masks_of(kind: str, count: int, seed: int = 0) -> Iterator[tuple[float, float]]:
    """Yield the IoU of the surviving pixels with our polygons, and with our run-length mask, both drawn by pycocotools."""
    rng = random.Random(seed)
    for number in range(count):
        drawn = shape(rng)
        box = tight(drawn.mask)
        pair = [Instance(box, drawn.polygons, None), Instance(box, rle.encode(drawn.mask, compressed=True), None)]
        warps = [WARPS[name]() for name in KINDS[kind]]
        carried = Carrier([A.HorizontalFlip(p=0.5), *warps, A.Transpose(p=0.5)])(drawn.picture, pair, number)
        truth = carried.picture[:, :, 0] > 127
        if truth.sum() >= LEAST_PX:
            yield overlap(carried.moved[0].segmentation, truth), overlap(carried.moved[1].segmentation, truth)


def overlap(segmentation: Any, truth: Any) -> float:
    """Return the IoU of a segmentation, as pycocotools draws it, with a mask."""
    from pycocotools import mask as coco

    height, width = truth.shape
    if segmentation is None:
        return 0.0
    coded = segmentation if isinstance(segmentation, dict) else coco.merge(coco.frPyObjects(segmentation, height, width))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = coco.decode(coded).astype(bool)
    return float((drawn & truth).sum() / (drawn | truth).sum())


def show(label: str, values: Sequence[float]) -> None:
    print(f"{label:42} n {len(values):5}  median {np.median(values):.4f}  first percentile {np.percentile(values, 1):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipelines", type=int, default=600)
    parser.add_argument("--masks", type=int, default=100, help="pictures for each kind of transform")
    options = parser.parse_args()
    ours, theirs = boxes_of(options.pipelines)
    show(f"boxes, {options.pipelines} pipelines: coco-recipe", ours)
    show(f"boxes, {options.pipelines} pipelines: Albumentations", theirs)
    for kind in KINDS:
        pairs = list(masks_of(kind, options.masks))
        show(f"{kind}: polygons with a hole and two parts", [a for a, _ in pairs])
        show(f"{kind}: run-length masks", [b for _, b in pairs])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
