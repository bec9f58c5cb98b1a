"""Check segmentations: no area, outside of the picture, at odds with the box or the area.

Polygons are taken by the thousand, so that COCO's 860,000 of 44 numbers take seconds.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from coco_recipe import (
    FAR_SIDES,
    NO_PLACE_PX,
    POLYGONS_TOO_SHORT,
    SEGMENTATIONS_OF_NO_AREA,
    SHORT,
    Annotation,
    Dataset,
    Finding,
    Kind,
    Row,
    about,
    has_area,
)
from coco_recipe_pictures.checks.mask_kinds import (
    CROWD_POLYGONS,
    FAR_OUTSIDE,
    KINDS,
    NOT_THE_AREA,
    NOT_THE_BOX,
    OUTSIDE,
    PAST_THE_EDGE,
    POLYGONS_OF_NO_AREA,
)
from coco_recipe_pictures.geometry import outlines, rle
from coco_recipe_pictures.geometry.outlines import Floats, Ints, Outlines, Polygons
from coco_recipe_pictures.geometry.recorded import SIDE_PX, SIDE_SHARE

CHUNK = 1000  # rows: what fits the processor's cache
EDGE_PX = 1.0  # tools round outwards
AREA_SHARE = 0.1
FIRST = 5  # rows of a kind that are shown

_Sizes = Mapping[int, tuple[int, int]]  # by image id
_lists = msgspec.json.Decoder(list[Polygons])
_polygons = msgspec.json.Decoder(Polygons)
_image_id, _bbox, _area, _iscrowd, _segmentation = map(
    attrgetter, ("image_id", "bbox", "area", "iscrowd", "segmentation")
)


@dataclass(slots=True)
class _Tally:
    """Counts rows by kind, and keeps the first few of each, with their places in the file."""

    dataset: Dataset
    names: Mapping[int, str]
    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)

    def add(self, kind: Kind, rows: Sequence[int] | Ints, value: Callable[[int], Any]) -> None:
        """Add rows by their places in the data set.

        ``value`` tells the value of the n-th of them.
        """
        if not len(rows):
            return
        self.counts[kind.name] = self.counts.get(kind.name, 0) + len(rows)
        kept = self.first.setdefault(kind.name, [])
        for n, place in enumerate(map(int, rows[:FIRST])):
            if len(kept) < FIRST or place < kept[-1][0]:  # masks come after polygons
                row = self.dataset.annotations[place]
                told = Row(f"annotation {row.id}", value(n), self.names.get(row.image_id, ""))
                kept[:] = sorted([*kept, (place, told)], key=itemgetter(0))[:FIRST]

    def findings(self, place: str) -> Iterator[Finding]:
        for kind in KINDS:
            if kind.name in self.counts:
                rows = [row for _, row in self.first[kind.name]]
                yield Finding.of(kind, place, rows, count=self.counts[kind.name])


def check(dataset: Dataset, place: str, *, decode: bool = False) -> Iterator[Finding]:
    """Find what is wrong with the geometry of a data set's segmentations.

    Rows whose segmentation hasn't the form of polygons or of a run-length mask, or whose runs can't
    be read, are left out: the checks of rows name these. An image of unknown size judges nothing.

    Args:
        dataset: the data set.
        place: the input's name or the file, for the findings.
        decode: of no meaning here; checks of pictures have it.
    """
    sizes = {
        image.id: (image.width, image.height)
        for image in dataset.images
        if isinstance(image.width, int)
        and isinstance(image.height, int)
        and image.width > 0
        and image.height > 0
    }
    tally = _Tally(dataset, {image.id: image.file_name for image in dataset.images})
    collecting = gc.isenabled()
    # the collector would take a third of the time, and lists of numbers hold no cycles
    gc.disable()
    try:
        for start in range(0, len(dataset.annotations), CHUNK):
            _check_chunk(tally, start, dataset.annotations[start : start + CHUNK], sizes)
    finally:
        if collecting:
            gc.enable()
    return tally.findings(place)


def _check_chunk(tally: _Tally, start: int, rows: Sequence[Annotation], sizes: _Sizes) -> None:
    crowds = [n for n, flag in enumerate(map(_iscrowd, rows)) if flag == 1]
    places, polygons, masks = _segmentations(rows, crowds)
    of_masks = outlines.of_masks(_whole_masks(masks, rows, sizes))
    for chosen, found in ((places, outlines.of_polygons(polygons)), (list(masks), of_masks)):
        if len(found.rows):
            found.rows = np.asarray(chosen, np.intp)[found.rows]
            _Rows(tally, start, rows, found, sizes).check()
    tally.add(
        CROWD_POLYGONS,
        [start + n for n in crowds if _is_list(_text(rows[n])) and _polygons_of(_text(rows[n]))],
        lambda n: None,
    )


def _segmentations(
    rows: Sequence[Annotation], crowds: Sequence[int]
) -> tuple[Sequence[int], list[Polygons], dict[int, bytes]]:
    """Return the places of rows with polygons, the polygons, and masks by their row's place.

    The rows that are no crowds are decoded at once, if they all have polygons.
    """
    others = set(crowds)
    if UNSET in map(_segmentation, rows):
        others |= {n for n, row in enumerate(rows) if row.segmentation is UNSET}
    usual = [n for n in range(len(rows)) if n not in others] if others else range(len(rows))
    try:
        decoded = _lists.decode(
            b"[" + b",".join(map(_segmentation, [rows[n] for n in usual])) + b"]"
        )
    except (msgspec.DecodeError, OverflowError):
        usual, decoded, others = [], [], set(range(len(rows)))
    texts = {n: text for n in sorted(others) if (text := _text(rows[n]))}
    masks = {n: text for n, text in texts.items() if text[:1] == b"{"}
    lists = {n: _polygons_of(text) for n, text in texts.items() if _is_list(text)}
    if not lists:
        return usual, decoded, masks
    polygons = lists | dict(zip(usual, decoded, strict=True))
    places = sorted(polygons)
    return places, [polygons[n] for n in places], masks


def _is_list(text: bytes) -> bool:
    return text[:1] == b"[" and len(text) > len("[ ]")


def _text(row: Annotation) -> bytes:
    return b"" if row.segmentation is UNSET else bytes(row.segmentation)


class _Rows:
    """The rows of one chunk that have an outline, beside what they and their images say."""

    def __init__(
        self, tally: _Tally, start: int, rows: Sequence[Annotation], found: Outlines, sizes: _Sizes
    ) -> None:
        self.tally, self.start, self.rows, self.found = tally, start, rows, found
        chosen = rows if len(found.rows) == len(rows) else [rows[n] for n in found.rows.tolist()]
        of_images = map(sizes.get, map(_image_id, chosen), repeat((np.nan, np.nan)))
        self.size = outlines.floats(tuple(chain.from_iterable(of_images))).reshape(-1, 2).T.copy()
        boxes = list(map(_bbox, chosen))
        if UNSET in boxes:
            boxes = [(np.nan,) * 4 if box is UNSET else box for box in boxes]
        self.box = outlines.floats(tuple(chain.from_iterable(boxes))).reshape(-1, 4).T.copy()
        areas = list(map(_area, chosen))
        self.area = outlines.floats(
            [np.nan if area is UNSET else area for area in areas] if UNSET in areas else areas
        )

    def check(self) -> None:
        """Count each kind; a row that is of one of the graver kinds isn't judged by the others."""
        found = self.found
        left, top, right, bottom = found.sides
        width, height = self.size
        empty = found.degenerate == found.polygons
        self._add(SEGMENTATIONS_OF_NO_AREA, self._is_flat(empty), self._text)
        self._add(
            POLYGONS_TOO_SHORT,
            self._is_long(found.odd > 0),
            lambda n: f"{about(int(found.odd[n]), 'polygons have an odd number of coordinates')}",
        )
        self._add(
            POLYGONS_OF_NO_AREA,
            ~empty & (found.degenerate > 0),
            lambda n: f"{found.degenerate[n]} of {found.polygons[n]}",
        )
        longer = np.maximum(width, height)
        known = ~np.isnan(longer)
        least, most = np.minimum(left, top), np.maximum(right, bottom)
        huge = np.maximum(-least, most) > NO_PLACE_PX  # which the checks of rows tell
        beyond = huge | (
            known & ((least < -FAR_SIDES * longer) | (most > (FAR_SIDES + 1) * longer))
        )
        far = beyond & ~self._covers_nothing(empty & beyond)
        self._add(FAR_OUTSIDE, far & ~huge, self._reach)
        sound = ~(empty | far)
        gone = sound & known & ((right <= 0) | (bottom <= 0) | (left >= width) | (top >= height))
        self._add(OUTSIDE, gone, self._reach)
        over = known & (
            (least < -EDGE_PX) | (right > width + EDGE_PX) | (bottom > height + EDGE_PX)
        )
        self._add(PAST_THE_EDGE, sound & ~gone & over, self._reach)
        self._add(
            NOT_THE_BOX,
            sound & self._is_not_the_box(),
            lambda n: (
                f"bbox {_short(self.box[:, n])}, segmentation {_short(_as_box(found.sides[:, n]))}"
            ),
        )
        self._add(
            NOT_THE_AREA,
            sound & ~over & self._is_not_the_area(),
            lambda n: f"area {self.area[n]:g}, segmentation {found.area[n]:g}",
        )

    def _is_long(self, which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Leave out rows of few characters, which the checks of rows tell."""
        long = which.copy()
        for n in np.flatnonzero(which).tolist():
            long[n] = len(_text(self.rows[int(self.found.rows[n])])) >= SHORT
        return long

    def _is_flat(self, empty: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Report which of those without a shoelace area cover nothing; a bow tie does.

        Those of few characters are told by the checks of rows.
        """
        return self._covers_nothing(self._is_long(empty))

    def _covers_nothing(self, which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which of these cover nothing; a bow tie, which has no shoelace area, does."""
        flat = which.copy()
        for n in np.flatnonzero(flat).tolist():
            flat[n] = not has_area(msgspec.json.decode(_text(self.rows[int(self.found.rows[n])])))
        return flat

    def _add(self, kind: Kind, which: NDArray[np.bool_], value: Callable[[int], Any]) -> None:
        chosen = np.flatnonzero(which)
        if len(chosen):
            self.tally.add(
                kind, self.start + self.found.rows[chosen], lambda n: value(int(chosen[n]))
            )

    def _text(self, n: int) -> str:
        text = _text(self.rows[int(self.found.rows[n])]).decode()
        return text if len(text) <= 80 else f"{text[:77]}..."

    def _reach(self, n: int) -> str:
        left, top, right, bottom = self.found.sides[:, n].tolist()
        width, height = self.size[:, n].tolist()
        return f"x {left:g} to {right:g}, y {top:g} to {bottom:g} in {width:g}x{height:g} px"

    def _is_not_the_box(self) -> NDArray[np.bool_]:
        """Return which boxes fit neither the segmentation's sides nor those of its visible part."""
        left, top, width, height = self.box
        corners = (left, top, left + width, top + height)
        sides = self.found.sides
        longest = np.maximum(
            np.maximum(width, height), np.maximum(sides[2] - sides[0], sides[3] - sides[1])
        )
        allowed = np.maximum(SIDE_PX, SIDE_SHARE * longest)
        wrong = np.zeros(len(allowed), np.bool_)
        for corner, side in zip(corners, sides, strict=True):
            wrong |= np.abs(corner - side) > allowed
        if wrong.any():
            seen = np.zeros(len(allowed), np.bool_)
            for corner, side, most in zip(corners, sides, (*self.size, *self.size), strict=True):
                visible = np.clip(side, 0, np.where(np.isnan(most), np.inf, most))
                seen |= np.abs(corner - visible) > allowed
            wrong &= seen
        return wrong

    def _is_not_the_area(self) -> NDArray[np.bool_]:
        """Return which areas are less than the largest polygon's or more than those of all.

        Polygons may overlap, so that any area between is right. A drawn mask may
        differ from the outline by half its circumference.
        """
        found = self.found
        left, top, right, bottom = found.sides
        allowed = np.maximum(AREA_SHARE * found.area, right - left + bottom - top)
        wrong: NDArray[np.bool_] = (self.area < found.largest - allowed) | (
            self.area > found.area + allowed
        )
        return wrong


def _as_box(sides: Floats) -> Floats:
    return np.concatenate([sides[:2], sides[2:] - sides[:2]])


def _short(numbers: Floats) -> str:
    return f"[{', '.join(f'{number:g}' for number in numbers.tolist())}]"


def _whole_masks(
    masks: Mapping[int, bytes], rows: Sequence[Annotation], sizes: _Sizes
) -> list[tuple[int, Sequence[int], int]]:
    """Return number, runs and height of run-length masks.

    Those of another size and those that can't be read are left out: the checks of rows name them.
    """
    whole: list[tuple[int, Sequence[int], int]] = []
    for n, (place, text) in enumerate(masks.items()):
        try:
            mask = msgspec.json.decode(text)
            height, width = (int(side) for side in mask["size"])
            runs = rle.checked_runs(mask)
        except (ValueError, KeyError, TypeError):
            continue
        if sizes.get(rows[place].image_id, (width, height)) == (width, height):
            whole.append((n, runs, height))
    return whole


def _polygons_of(text: bytes) -> Polygons:
    try:
        return _polygons.decode(text)
    except (msgspec.DecodeError, OverflowError):
        return []
