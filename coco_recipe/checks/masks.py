"""Run-length masks whose runs don't make up their picture."""

from collections.abc import Iterator
from typing import Any

import msgspec

from coco_recipe.checks.keys import LARGEST
from coco_recipe.checks.rows import Rows, text_of
from coco_recipe.findings import Row
from coco_recipe.geometry.segmentation import checked_runs


class _Sized(msgspec.Struct):
    size: tuple[int, int]


_sized = msgspec.json.Decoder(_Sized)


def wrong_runs(rows: Rows) -> Iterator[Row]:
    """Yield masks of COCO's form that pycocotools can't decode, or hotcoco can't load."""
    for row, form in rows.odd_forms:
        text = text_of(row)
        if text[:1] == b"{" and not form and (reason := _reason(msgspec.json.decode(text))):
            yield rows.of(row, reason)


def of_another_size(rows: Rows) -> Iterator[Row]:
    """Yield masks whose height and width aren't their image's, where that is known."""
    for row, form in rows.odd_forms:
        text, size = text_of(row), rows.sizes.get(row.image_id)
        if size is None or form or text[:1] != b"{":
            continue
        try:
            height, width = _sized.decode(text).size
        except msgspec.DecodeError:  # numbers that are no sides, which `wrong_runs` tells
            continue
        if (width, height) != size:
            yield rows.of(row, f"{width}x{height} px in {size[0]}x{size[1]} px")


def _reason(mask: dict[str, Any]) -> str:
    """Say what is wrong with a mask; empty where nothing is."""
    size, counts = mask["size"], mask["counts"]
    if any(isinstance(side, bool) or not 0 <= side <= LARGEST for side in size):
        return f"size {msgspec.json.encode(size).decode()} is no height and width in pixels"
    try:
        checked_runs(mask)
    except ValueError as error:
        return str(error)
    for run in counts if isinstance(counts, list) else ():
        if not isinstance(run, int):
            return f"the run {run} isn't written as a whole number"
    return ""
