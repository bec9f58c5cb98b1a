"""Draw images with their annotations as they stand in the rows, sound or not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from coco_recipe import Annotation, DatasetError, checked_runs
from coco_recipe_pictures import pictures
from coco_recipe_pictures.sheet.contact_sheet import Cell, blank, contact_sheet
from coco_recipe_pictures.sheet.previews import mark
from coco_recipe_pictures.show.telling import Chosen

COLUMNS = 4
PAGE_PX = 1000
BLANK_PX = 4000  # the longest side of the cell of a picture that can't be shown


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row says that it is, as far as it can be drawn, in pixels of its picture."""

    bbox: tuple[float, float, float, float] | None
    segmentation: list[list[float]] | dict[str, Any] | None
    keypoints: tuple[float, ...] | None


def sheet(chosen: Sequence[Chosen], form: str) -> bytes:
    """Return a contact sheet of images, as PNG, JPEG or WEBP."""
    cells = [cell(one) for one in chosen]
    rows = [cells[i : i + COLUMNS] for i in range(0, len(cells), COLUMNS)]
    return contact_sheet(rows, form=form, counted=("", ""))


def single(one: Chosen) -> bytes:
    """Return one image as a JPEG for a page, which has its title."""
    untitled = replace(cell(one), title="")
    return contact_sheet([[untitled]], form="JPEG", cell_px=PAGE_PX, counted=("", ""))


def title(one: Chosen) -> str:
    """Return an image's name, and why it is looked at."""
    return f"{one.image.file_name}{f' ({one.why})' if one.why else ''}"


def cell(one: Chosen) -> Cell:
    """Return an image's cell; a grey one, with the reason, where its picture can't be shown."""
    names = one.dataset.category_names()
    marks = tuple(mark(row, names, _place(row)) for row in one.rows)
    try:
        path = one.dataset.path_of(one.image)
        picture = pictures.decode(pictures.read(path), size=None)
    except (ValueError, OSError, DatasetError) as error:
        width, height = one.image.width or 320, one.image.height or 240
        told = f"{title(one)}: {error}"
        return Cell(blank(min(int(width), BLANK_PX), min(int(height), BLANK_PX)), told, marks)
    return Cell(picture, title(one), marks)


def _place(row: Annotation) -> "_Place":
    return _Place(
        row.bbox if isinstance(row.bbox, tuple) else None,
        _segmentation(row.segmentation),
        _keypoints(getattr(row, "keypoints", UNSET)),
    )


def _segmentation(found: Any) -> list[list[float]] | dict[str, Any] | None:
    """Return polygons or a mask; None for a form that can't be drawn."""
    value = _decoded(found)
    try:
        if isinstance(value, dict):
            checked_runs(value)
            return value
        return msgspec.convert(value, list[list[float]])
    except (msgspec.ValidationError, KeyError, TypeError, ValueError):
        return None


def _keypoints(found: Any) -> tuple[float, ...] | None:
    """Return x, y, visibility triples; None for another form."""
    try:
        return msgspec.convert(_decoded(found), tuple[float, ...])
    except msgspec.ValidationError:
        return None


def _decoded(found: Any) -> Any:
    return msgspec.json.decode(found) if isinstance(found, Raw) else None
