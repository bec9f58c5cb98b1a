"""Draw what was found on pictures: beside the truth where there is one, else alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coco_recipe_pictures.sheet.contact_sheet import Cell, contact_sheet
from coco_recipe_pictures.sheet.marks import Mark, Picture

IN_A_ROW = 6
COCORow = Mapping[str, Any]  # an annotation or a result: category_id, bbox, maybe segmentation


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture and what is drawn on it.

    Attributes:
        picture: uint8 (H, W, 3) RGB.
        title: what stands above it.
        found: COCO results, the most important first.
        truth: COCO annotations; None where there is nothing to hold against.
    """

    picture: Picture
    title: str
    found: Sequence[COCORow]
    truth: Sequence[COCORow] | None = None


def sheet(pictures: Iterable[Shown], categories: Mapping[int, str]) -> bytes:
    """Return a PNG with the pictures: the truth in the left of two columns, what was found beside.

    Where no picture has a truth, the pictures stand side by side.

    Args:
        pictures: what to draw.
        categories: names by id, in order.
    """
    shown = list(pictures)
    numbers = {id_: n for n, id_ in enumerate(categories)}

    def cell(picture: Shown, rows: Sequence[COCORow], title: str) -> Cell:
        return Cell(picture.picture, title, tuple(_mark(row, categories, numbers) for row in rows))

    if any(picture.truth is not None for picture in shown):
        pairs = [
            [
                cell(picture, picture.truth or (), "truth"),
                cell(picture, picture.found, picture.title),
            ]
            for picture in shown
        ]
        return contact_sheet(pairs, counted=("in truth", "found"))
    cells = [cell(picture, picture.found, picture.title) for picture in shown]
    rows = [cells[n : n + IN_A_ROW] for n in range(0, len(cells), IN_A_ROW)]
    return contact_sheet(rows, counted=("", ""))


def _mark(row: COCORow, categories: Mapping[int, str], numbers: Mapping[int, int]) -> Mark:
    id_ = row["category_id"]
    return Mark(
        label=categories.get(id_, ""),
        colour=numbers.get(id_, 0),
        bbox=tuple(row["bbox"]) if row.get("bbox") else None,
        segmentation=row.get("segmentation"),
        keypoints=None,
        number=id_,
        score=row.get("score"),
    )
