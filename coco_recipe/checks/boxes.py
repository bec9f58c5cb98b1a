"""Boxes, areas and sizes that are missing, empty, outside, or not in the form of COCO."""

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from coco_recipe.checks.rows import AREA_SHARE, EDGE_PX, Rows, of_image, text_of
from coco_recipe.dataset import Annotation, Image
from coco_recipe.findings import Row
from coco_recipe.geometry.turned_box import turned_box

FEW = 0.2  # share of boxes that must reach out before corners are suspected
NEARLY_ALL = 0.95  # share of boxes that must fit as corners: one odd box doesn't clear the others
_NOTHING = (b"[]", b"null", b"{}", b"[[]]", b'""')


def without_box(rows: Rows) -> Iterator[Row]:
    if rows.have_boxes:
        return iter(())
    return (rows.of(row) for row in rows.annotations if row.bbox is UNSET)


def without_area(rows: Rows) -> Iterator[Row]:
    if rows.have_areas:
        return iter(())
    return (rows.of(row) for row in rows.annotations if row.area is UNSET)


def without_size(rows: Rows) -> Iterator[Row]:
    if rows.have_sizes:
        return iter(())
    return (
        of_image(image, _told_size(image)) for image in rows.images if rows.sizes[image.id] is None
    )


def _told_size(image: Image) -> str:
    return " x ".join(
        "missing" if side is UNSET else str(side) for side in (image.width, image.height)
    )


def no_area_boxes(rows: Rows) -> Iterator[Row]:
    return (rows.of(row, _listed(row.bbox)) for row in rows.survey.no_area)


def outside(rows: Rows) -> Iterator[Row]:
    return (
        rows.of(row, list(box))
        for row, box, size in rows.survey.outside
        if _is_outside(box, size) and not turned_box(row)
    )


def past_the_edge(rows: Rows) -> Iterator[Row]:
    return (
        rows.of(row, list(box))
        for row, box, size in rows.survey.outside
        if not _is_outside(box, size) and not turned_box(row)
    )


def _listed(box: Any) -> list[float]:
    return list(box)


def _is_outside(box: tuple[float, float, float, float], size: tuple[int, int]) -> bool:
    x, y, w, h = box
    return x >= size[0] or y >= size[1] or x + w <= 0 or y + h <= 0


def normalised(rows: Rows) -> Iterator[Row]:
    """Yield boxes that look like shares of an image of more than 2 px a side.

    All are told where the place of each lies in 0..1, or both its sides, which are no larger than a
    pixel; else those of less than a pixel at the image's corner.
    """
    survey = rows.survey
    every = not (survey.has_far_place and survey.has_large_side)
    judged = rows.boxes if every else rows.tiny
    found = [(row, box) for row, box, size in judged if min(size) > 2]
    shares = {
        box if every else box[2:]
        for _, box in found
        if (not survey.has_large_side and (box[2] % 1 or box[3] % 1))
        or (not survey.has_far_place and (box[0] % 1 or box[1] % 1))
        or not every
    }
    # one box may lie in a corner, or be thin
    least = 1 if not every or not (survey.has_far_place or survey.has_large_side) else 2
    return (rows.of(row, list(box)) for row, box in found if len(shares) >= least)


def corners(rows: Rows) -> Iterator[Row]:
    """Yield boxes that are no x y w h, and are right as x1 y1 x2 y2.

    All are told where many reach out, and nearly all fit their image as corners; else those without
    a segmentation whose area is that between the corners, where it is so for most that have another
    area than w * h.
    """
    fitting = (
        [each for each in rows.boxes if _fits_as_corners(*each[1:])] if _many_out(rows) else []
    )
    if fitting and len(fitting) >= NEARLY_ALL * len(rows.boxes):
        return (rows.of(row, list(box)) for row, box, _ in fitting)
    return (rows.of(row, list(box)) for row, box in _corners_by_area(rows))


def _corners_by_area(rows: Rows) -> list[tuple[Annotation, tuple[float, float, float, float]]]:
    other = _of_other_area(rows)
    found = [(row, box) for row, box in other if _is_area_between(row.area, box)]
    return found if 2 * len(found) > len(other) else []


def _of_other_area(rows: Rows) -> list[tuple[Annotation, tuple[float, float, float, float]]]:
    """Return the rows without a segmentation whose area isn't their box's, with their box."""
    return [
        (row, row.bbox)
        for row in rows.survey.at_odds
        if (row.segmentation is UNSET or text_of(row).strip() in _NOTHING)
        and isinstance(row.bbox, tuple)
        and row.area is not UNSET
        and row.area > 0
    ]


def _many_out(rows: Rows) -> bool:
    return len(rows.survey.outside) >= max(1, FEW * rows.survey.boxes)


def _fits_as_corners(box: tuple[float, float, float, float], size: tuple[int, int]) -> bool:
    x, y, right, bottom = box
    return 0 <= x < right <= size[0] + EDGE_PX and 0 <= y < bottom <= size[1] + EDGE_PX


def _is_area_between(area: Any, corners: tuple[float, float, float, float]) -> bool:
    x, y, right, bottom = corners
    between = (right - x) * (bottom - y)
    return 0 <= x < right and 0 <= y < bottom and bool(abs(area - between) <= AREA_SHARE * between)


def areas_not_positive(rows: Rows) -> Iterator[Row]:
    if rows.have_areas and min(rows.areas, default=1) > 0:
        return iter(())
    return (
        rows.of(row, row.area)
        for row in rows.annotations
        if row.area is not UNSET and not row.area > 0
    )


def area_not_of_box(rows: Rows) -> Iterator[Row]:
    """Yield rows without a segmentation whose area isn't their box's, nor that between corners."""
    of_corners = {id(row) for row, _ in _corners_by_area(rows)}
    for row, (_, _, w, h) in _of_other_area(rows):
        if id(row) not in of_corners:
            yield rows.of(row, {"area": row.area, "w * h": round(w * h, 2)})
