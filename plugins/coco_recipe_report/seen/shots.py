"""What is to be photographed: images with boxes on them, and crops of single rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from msgspec import Raw

from coco_recipe import Annotation, Dataset, DatasetError, Image

Box = tuple[float, float, float, float]  # x, y, width, height in px
MOST_POINTS = 400  # of the polygons of one annotation that are drawn


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation on an image.

    Attributes:
        name: its class; empty where that isn't known.
        bbox: in px of the image; None where the row has none that is one.
        rings: its polygons, x and y in turn, in px.
    """

    name: str
    bbox: Box | None
    rings: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Shot:
    """An image, or a part of it.

    Attributes:
        path: its file; None where the data set has no folder of pictures.
        width: of the image in px, as its row says; 0 where it says nothing.
        height: likewise.
        name: its file name.
        told: why it is shown, or what became of it.
        marks: what is drawn on it.
        crop: the part that is shown, in px; None for all of it.
    """

    path: Path | None
    width: int
    height: int
    name: str
    told: str = ""
    marks: tuple[Mark, ...] = ()
    crop: Box | None = None


def whole(rows: Dataset, image: Image, annotations: Sequence[Annotation], told: str = "") -> Shot:
    """Return an image with its annotations."""
    classes = rows.category_names()
    marks = tuple(_mark(one, classes) for one in annotations)
    width, height = _size(image)
    return Shot(_path(rows, image), width, height, image.file_name, told, marks)


def crop(rows: Dataset, image: Image, row: Annotation, told: str = "") -> Shot:
    """Return the part of an image around an annotation; all of it where it has no box."""
    shot = whole(rows, image, [row], told)
    bbox = shot.marks[0].bbox
    return shot if bbox is None else replace(shot, crop=_around(bbox, shot))


def _around(bbox: Box, shot: Shot) -> Box:
    """Return a square part with the box in its middle half, as far as the image reaches."""
    x, y, wide, high = bbox
    side = max(wide, high, 16) * 1.6
    if shot.width and shot.height:
        side = min(side, shot.width, shot.height)
    left, top = x + wide / 2 - side / 2, y + high / 2 - side / 2
    if shot.width and shot.height:
        left = min(max(left, 0), shot.width - side)
        top = min(max(top, 0), shot.height - side)
    return (left, top, side, side)


def _mark(row: Annotation, classes: Mapping[int, str]) -> Mark:
    id_ = row.category_id if isinstance(row.category_id, int) else -1
    bbox = row.bbox if isinstance(row.bbox, tuple) else None
    return Mark(classes.get(id_, ""), bbox, _rings(row.segmentation))


def _rings(found: object) -> tuple[tuple[float, ...], ...]:
    """Return polygons as they stand; none for a mask, or for what isn't polygons."""
    if not isinstance(found, Raw):
        return ()
    try:
        rings = msgspec.json.decode(found, type=tuple[tuple[float, ...], ...])
    except msgspec.MsgspecError:
        return ()
    return rings if sum(map(len, rings)) <= MOST_POINTS else ()


def _size(image: Image) -> tuple[int, int]:
    width, height = image.width, image.height
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        return width, height
    return 0, 0


def _path(rows: Dataset, image: Image) -> Path | None:
    try:
        return rows.path_of(image)
    except DatasetError:
        return None
