"""Draw one annotation with what is around it, or a whole image with its annotations."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from coco_recipe import Crop
from coco_recipe_pictures.sheet.contact_sheet import LARGEST_ZOOM, Cell, Mark, contact_sheet
from coco_recipe_pictures.show import drawing
from coco_recipe_pictures.show.telling import Chosen

SIDE_PX, LEAST_SIDE_PX = 640, 320  # the longer side of what is shown, and the room for a title
AROUND = 0.5  # of the row's longer side, on each side of it
LEAST_AROUND_PX = 16
GONE = "dropped"


def draw(crop: Crop) -> bytes:
    """Return a PNG of an annotation with what is around it; of an image, all of it.

    A row that is nowhere on its picture is shown with the whole picture.
    """
    rows = [crop.annotation] if crop.annotation else list(_rows(crop))
    cell = drawing.cell(Chosen("", crop.dataset, crop.image, rows, ""))
    # an image's title is its name, behind which stands why there is no picture
    why_not = cell.title.removeprefix(crop.image.file_name).removeprefix(": ")
    cell = replace(cell, title=crop.title + (f" ({why_not})" if why_not else ""))
    if crop.annotation:
        cell = _cut(cell)
        if crop.is_gone:
            cell = replace(cell, marks=tuple(replace(mark, reason=GONE) for mark in cell.marks))
    longest = LARGEST_ZOOM * max(cell.picture.shape[:2])
    cell_px = min(max(longest, LEAST_SIDE_PX), SIDE_PX)
    return contact_sheet([[cell]], cell_px=cell_px, counted=("", ""))


def _rows(crop: Crop) -> Iterator[Any]:
    return (row for row in crop.dataset.annotations if row.image_id == crop.image.id)


def _cut(cell: Cell) -> Cell:
    """Return the part of a cell around its only mark."""
    (mark,) = cell.marks
    height, width = cell.picture.shape[:2]
    extent = _extent(mark)
    if extent is None:
        return cell
    left, top, right, bottom = extent
    around = max(AROUND * max(right - left, bottom - top), LEAST_AROUND_PX)
    left, right = (_inside(x, width) for x in (left - around, right + around))
    top, bottom = (_inside(y, height) for y in (top - around, bottom + around))
    if left >= right or top >= bottom:
        return cell
    part = cell.picture[top:bottom, left:right]
    return Cell(part, cell.title, (_moved(mark, left, top, cell.picture.shape, part.shape),))


def _inside(number: float, most: int) -> int:
    return round(min(max(number, 0), most))


def _extent(mark: Mark) -> tuple[float, float, float, float] | None:
    """Return the left, top, right and bottom of a row; None where it has no place."""
    if mark.bbox and all(map(math.isfinite, mark.bbox)):
        x, y, wide, high = mark.bbox
        return min(x, x + wide), min(y, y + high), max(x, x + wide), max(y, y + high)
    rings = mark.segmentation if isinstance(mark.segmentation, list) else []
    joints = mark.keypoints or ()
    xs = [x for ring in rings for x in ring[::2]]
    ys = [y for ring in rings for y in ring[1::2]]
    for x, y, visibility in zip(joints[::3], joints[1::3], joints[2::3], strict=False):
        if visibility > 0:
            xs.append(x)
            ys.append(y)
    if not (xs and ys and all(map(math.isfinite, [*xs, *ys]))):
        return None
    return min(xs), min(ys), max(xs), max(ys)


def _moved(mark: Mark, left: int, top: int, whole: tuple[int, ...], part: tuple[int, ...]) -> Mark:
    """Return a mark in pixels of a part of its picture."""
    shift = (left, top)
    box, joints = mark.bbox, mark.keypoints
    return replace(
        mark,
        bbox=box and (box[0] - left, box[1] - top, box[2], box[3]),
        segmentation=_moved_shape(mark.segmentation, shift, whole, part),
        keypoints=joints and tuple(v - (*shift, 0)[n % 3] for n, v in enumerate(joints)),
    )


def _moved_shape(
    found: list[list[float]] | dict[str, Any] | None,
    shift: tuple[int, int],
    whole: tuple[int, ...],
    part: tuple[int, ...],
) -> list[list[float]] | dict[str, Any] | None:
    """Return polygons or a mask in pixels of a part; a mask of another size has no place there."""
    if isinstance(found, list):
        return [[v - shift[n % 2] for n, v in enumerate(ring)] for ring in found]
    if found is None or list(found["size"]) != list(whole[:2]):
        return None
    from coco_recipe_pictures.geometry import rle

    left, top = shift
    mask = rle.decode(found)[top : top + part[0], left : left + part[1]]
    return rle.encode(mask, compressed=False)
