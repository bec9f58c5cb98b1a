"""Segmentations of a wrong form and crowds that can't be as they are; no geometry."""

from collections.abc import Callable, Iterator

import msgspec
from msgspec import UNSET

from coco_recipe.checks.rows import NO_PLACE_PX, Rows, text_of
from coco_recipe.checks.segmentation_form import form
from coco_recipe.findings import Row
from coco_recipe.geometry.segmentation import has_area, is_flat

_polygons = msgspec.json.Decoder(list[list[float]])


def segmentation_forms(wanted: str) -> Callable[[Rows], Iterator[Row]]:
    """Return what finds segmentations of one wrong form: see `segmentation_form.form`."""

    def find(rows: Rows) -> Iterator[Row]:
        for row, found in rows.odd_forms:
            if found == wanted:
                yield rows.of(row, _short(text_of(row)))

    return find


def short_polygons(rows: Rows) -> Iterator[Row]:
    """Yield rows with a polygon of an odd count, or of fewer than 6 numbers.

    pycocotools takes 4 numbers for a box.
    """
    for row in rows.survey.short:
        text = text_of(row)
        commas = text.count(b",")
        is_suspect = not commas % 2 or commas < 5 or text.rfind(b"[") > 1
        if text.startswith(b"[[") and is_suspect and not form(text):
            found = msgspec.json.decode(text)
            wrong = [
                len(ring)
                for ring in found
                if isinstance(ring, list) and (len(ring) < 6 or len(ring) % 2)
            ]
            if any(wrong):
                yield rows.of(row, f"{wrong[0]} numbers")


def huge_polygons(rows: Rows) -> Iterator[Row]:
    """Yield rows with a polygon's vertex that is a place of no picture."""
    for row in rows.survey.huge:
        try:
            rings = _polygons.decode(text_of(row))
        except msgspec.DecodeError:  # the check of forms says so
            continue
        far = next((n for ring in rings for n in ring if abs(n) > NO_PLACE_PX), None)
        if far is not None:
            yield rows.of(row, far)


def flat_segmentations(rows: Rows) -> Iterator[Row]:
    """Yield rows with a segmentation that covers nothing, among those of few characters.

    The checks of masks look at the others.
    """
    for row in rows.survey.short:
        text = text_of(row)
        if _is_flat(text):
            yield rows.of(row, _short(text))


def _is_flat(text: bytes) -> bool:
    """Say whether a segmentation has polygons or runs, and none of them an area."""
    try:
        polygons = _polygons.decode(text)
    except (
        msgspec.DecodeError,
        OverflowError,
    ):  # a mask, or of a form that is told by its own kind
        return text[:1] == b"{" and not form(text) and _is_empty_mask(text)
    if any(map(_turns_at_once, polygons)):
        return False
    return bool(polygons) and all(map(is_flat, polygons)) and not form(text)


def _turns_at_once(polygon: list[float]) -> bool:
    """Say whether the first three points aren't on a line: then a polygon has an area."""
    if len(polygon) < 6:
        return False
    x, y, right, below, last_x, last_y = polygon[:6]
    return abs((right - x) * (last_y - y) - (last_x - x) * (below - y)) > 1


def _is_empty_mask(text: bytes) -> bool:
    try:
        return not has_area(msgspec.json.decode(text))
    except ValueError:  # the check of runs says so
        return False


def crowd_flags(rows: Rows) -> Iterator[Row]:
    if rows.crowd_flags <= {0, 1, UNSET}:
        return iter(())
    return (
        rows.of(row, row.iscrowd)
        for row in rows.annotations
        if row.iscrowd is not UNSET and row.iscrowd not in (0, 1)
    )


def without_crowd_flag(rows: Rows) -> Iterator[Row]:
    if UNSET not in rows.crowd_flags:
        return iter(())
    return (rows.of(row) for row in rows.annotations if row.iscrowd is UNSET)


def _short(text: bytes) -> str:
    shown = text.decode("utf-8", "replace")
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
