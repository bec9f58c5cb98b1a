"""What is wrong with segmentations: no area, outside of the picture, at odds with the box or the area.

Polygons are taken by the thousand, so that COCO's 860,000 of 44 numbers take seconds.
"""

import gc
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from coco_recipe import Annotation, Dataset, Finding, Kind, Row
from coco_recipe_albumentations import rle
from coco_recipe_albumentations.mask_kinds import (
    CROWD_POLYGONS,
    FAR_OUTSIDE,
    KINDS,
    MASK_RUNS,
    MASK_SIZE,
    NO_AREA,
    NOT_THE_AREA,
    NOT_THE_BOX,
    OUTSIDE,
    PAST_THE_EDGE,
    POLYGONS_OF_NO_AREA,
)
from coco_recipe_albumentations.recorded import SIDE_PX, SIDE_SHARE

CHUNK = 1000  # rows: what fits the processor's cache
NO_AREA_PX = 1e-6  # square pixels: dust of collinear points
EDGE_PX = 1.0  # tools round outwards
AREA_SHARE = 0.1
FAR = 10  # times the picture's longer side

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Polygons = list[list[float]]
_Sizes = Mapping[int, tuple[int, int]]  # by image id
_lists = msgspec.json.Decoder(list[Polygons])
_polygons = msgspec.json.Decoder(Polygons)
_image_id, _bbox, _area, _iscrowd, _segmentation = map(
    attrgetter, ("image_id", "bbox", "area", "iscrowd", "segmentation"))


@dataclass(slots=True)
class Outlines:
    """What there is to know of the segmentations of some rows, row by row.

    Attributes:
        rows: which of the rows each line is about.
        sides: (N, 4) left, top, right, bottom in pixels; NaN where there is no point.
        area: square pixels, of all polygons of a row.
        largest: square pixels, of its largest polygon.
        degenerate: how many of its polygons have no area.
        polygons: how many it has.
    """

    rows: Ints
    sides: Floats
    area: Floats
    largest: Floats
    degenerate: Ints
    polygons: Ints


@dataclass(slots=True)
class _Tally:
    """Counts rows by kind, and keeps the first few of each."""

    dataset: Dataset
    names: Mapping[int, str]
    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, kind: Kind, rows: Sequence[int] | Ints, value: Callable[[int], Any]) -> None:
        """Add rows by their places in the data set; ``value`` tells the value of the n-th of them."""
        if not len(rows):
            return
        self.counts[kind.name] = self.counts.get(kind.name, 0) + len(rows)
        kept = self.first.setdefault(kind.name, [])
        for n, place in enumerate(rows[:5 - len(kept)]):
            row = self.dataset.annotations[int(place)]
            kept.append(Row(f"annotation {row.id}", value(n), self.names.get(row.image_id, "")))

    def findings(self, place: str) -> Iterator[Finding]:
        for kind in KINDS:
            if kind.name in self.counts:
                yield Finding.of(kind, place, self.first[kind.name], count=self.counts[kind.name])


def check(dataset: Dataset, place: str, *, decode: bool = False) -> Iterator[Finding]:
    """Find what is wrong with the geometry of a data set's segmentations.

    Rows whose segmentation hasn't the form of polygons or of a run-length mask are left out: the
    checks of rows name these.

    Args:
        dataset: the data set.
        place: the input's name or the file, for the findings.
        decode: of no meaning here; checks of pictures have it.
    """
    sizes = {image.id: (image.width, image.height) for image in dataset.images
             if isinstance(image.width, int) and isinstance(image.height, int)}
    tally = _Tally(dataset, {image.id: image.file_name for image in dataset.images})
    collecting = gc.isenabled()
    gc.disable()  # the collector would take a third of the time, and lists of numbers hold no cycles
    try:
        for start in range(0, len(dataset.annotations), CHUNK):
            _check_chunk(tally, start, dataset.annotations[start:start + CHUNK], sizes)
    finally:
        if collecting:
            gc.enable()
    return tally.findings(place)


def _check_chunk(tally: _Tally, start: int, rows: Sequence[Annotation], sizes: _Sizes) -> None:
    crowds = [n for n, flag in enumerate(map(_iscrowd, rows)) if flag == 1]
    places, polygons, masks = _segmentations(rows, crowds)
    for chosen, found in ((places, outlines(polygons)), (list(masks), _mask_outlines(tally, start, masks, rows, sizes))):
        if len(found.rows):
            found.rows = np.asarray(chosen, np.intp)[found.rows]
            _Rows(tally, start, rows, found, sizes).check()
    tally.add(CROWD_POLYGONS, [start + n for n in crowds if _is_list(_text(rows[n])) and _polygons_of(_text(rows[n]))],
              lambda n: None)


def _segmentations(rows: Sequence[Annotation], crowds: Sequence[int]
                   ) -> tuple[Sequence[int], list[Polygons], dict[int, bytes]]:
    """Return the places of rows with polygons, these, decoded, and the text of masks by the row's place.

    The rows that are no crowds are decoded at once, if they all have polygons.
    """
    others = set(crowds)
    if UNSET in map(_segmentation, rows):
        others |= {n for n, row in enumerate(rows) if row.segmentation is UNSET}
    usual = [n for n in range(len(rows)) if n not in others] if others else range(len(rows))
    try:
        decoded = _lists.decode(b"[" + b",".join(map(_segmentation, [rows[n] for n in usual])) + b"]")
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

    def __init__(self, tally: _Tally, start: int, rows: Sequence[Annotation], found: Outlines,
                 sizes: _Sizes) -> None:
        self.tally, self.start, self.rows, self.found = tally, start, rows, found
        chosen = rows if len(found.rows) == len(rows) else [rows[n] for n in found.rows.tolist()]
        of_images = map(sizes.get, map(_image_id, chosen), repeat((np.nan, np.nan)))
        self.size = _floats(tuple(chain.from_iterable(of_images))).reshape(-1, 2)
        boxes = [(np.nan,) * 4 if box is UNSET else box for box in map(_bbox, chosen)]
        self.box = _floats(tuple(chain.from_iterable(boxes))).reshape(-1, 4)
        self.area = _floats([np.nan if area is UNSET else area for area in map(_area, chosen)])

    def check(self) -> None:
        """Count each kind; a row that is of one of the graver kinds isn't judged by the others."""
        found = self.found
        empty = found.degenerate == found.polygons
        self._add(NO_AREA, empty, self._text)
        self._add(POLYGONS_OF_NO_AREA, ~empty & (found.degenerate > 0),
                  lambda n: f"{found.degenerate[n]} of {found.polygons[n]}")
        longer = self.size.max(axis=1)
        far = ~empty & ((found.sides[:, :2].min(axis=1) < -FAR * longer)
                        | (found.sides[:, 2:].max(axis=1) > (FAR + 1) * longer))
        self._add(FAR_OUTSIDE, far, self._reach)
        sound = ~(empty | far)
        gone = sound & ((found.sides[:, 2:] <= 0) | (found.sides[:, :2] >= self.size)).any(axis=1)
        self._add(OUTSIDE, gone, self._reach)
        over = ((found.sides[:, :2] < -EDGE_PX) | (found.sides[:, 2:] > self.size + EDGE_PX)).any(axis=1)
        self._add(PAST_THE_EDGE, sound & ~gone & over, self._reach)
        self._add(NOT_THE_BOX, sound & self._is_not_the_box(), lambda n: (
            f"bbox {_short(self.box[n])}, segmentation {_short(_as_box(found.sides[n]))}"))
        self._add(NOT_THE_AREA, sound & ~over & self._is_not_the_area(), lambda n: (
            f"area {self.area[n]:g}, segmentation {found.area[n]:g}"))

    def _add(self, kind: Kind, which: NDArray[np.bool_], value: Callable[[int], Any]) -> None:
        chosen = np.flatnonzero(which)
        self.tally.add(kind, self.start + self.found.rows[chosen], lambda n: value(int(chosen[n])))

    def _text(self, n: int) -> str:
        text = _text(self.rows[int(self.found.rows[n])]).decode()
        return text if len(text) <= 80 else f"{text[:77]}..."

    def _reach(self, n: int) -> str:
        left, top, right, bottom = self.found.sides[n].tolist()
        width, height = self.size[n].tolist()
        return f"x {left:g} to {right:g}, y {top:g} to {bottom:g} in {width:g}x{height:g} px"

    def _is_not_the_box(self) -> NDArray[np.bool_]:
        """Tell which boxes have a side too far from the segmentation's, and from its visible part's."""
        corners = np.concatenate([self.box[:, :2], self.box[:, :2] + self.box[:, 2:]], axis=1)
        most = np.concatenate([self.size, self.size], axis=1)
        allowed = np.maximum(SIDE_PX, SIDE_SHARE * np.maximum(
            self.box[:, 2:].max(axis=1), (self.found.sides[:, 2:] - self.found.sides[:, :2]).max(axis=1)))
        whole: NDArray[np.bool_] = np.abs(corners - self.found.sides).max(axis=1) > allowed
        visible = np.clip(self.found.sides, 0, np.where(np.isnan(most), np.inf, most))
        seen: NDArray[np.bool_] = np.abs(corners - visible).max(axis=1) > allowed
        wrong: NDArray[np.bool_] = whole & seen
        return wrong

    def _is_not_the_area(self) -> NDArray[np.bool_]:
        """Tell which areas are neither of one polygon nor of all, nor between: polygons may overlap.

        A drawn mask may differ from the outline by half its circumference.
        """
        found = self.found
        allowed = np.maximum(AREA_SHARE * found.area,
                             (found.sides[:, 2:] - found.sides[:, :2]).sum(axis=1))
        wrong: NDArray[np.bool_] = (self.area < found.largest - allowed) | (
            self.area > found.area + allowed)
        return wrong


def _as_box(sides: Floats) -> Floats:
    return np.concatenate([sides[:2], sides[2:] - sides[:2]])


def _short(numbers: Floats) -> str:
    return f"[{', '.join(f'{number:g}' for number in numbers.tolist())}]"


def _mask_outlines(tally: _Tally, start: int, masks: Mapping[int, bytes],
                   rows: Sequence[Annotation], sizes: _Sizes) -> Outlines:
    """Measure run-length masks; count those that aren't whole."""
    lines: list[tuple[int, tuple[float, float, float, float], int]] = []
    for n, (place, text) in enumerate(masks.items()):
        try:
            mask = msgspec.json.decode(text)
            height, width = (int(side) for side in mask["size"])
            runs = rle.checked_runs(mask)
        except (ValueError, KeyError, TypeError) as error:
            tally.add(MASK_RUNS, [start + place], partial(_always, str(error)))
            continue
        size = sizes.get(rows[place].image_id, (width, height))
        if size != (width, height):
            seen = f"{width}x{height} px in {size[0]}x{size[1]} px"
            tally.add(MASK_SIZE, [start + place], partial(_always, seen))
        else:
            lines.append((n, *_mask_outline(runs, height)))
    area = np.array([line[2] for line in lines], np.float64)
    sides = np.array([line[1] for line in lines], np.float64).reshape(-1, 4)
    return Outlines(np.array([line[0] for line in lines], np.intp), sides, area, area,
                    (area == 0).astype(np.intp), np.ones(len(lines), np.intp))


def _always(text: str, n: int) -> str:
    return text


def _mask_outline(runs: Sequence[int], height: int) -> tuple[tuple[float, float, float, float], int]:
    """Return left, top, right, bottom and area of a mask whose runs go down columns of ``height``."""
    ends = np.cumsum(runs)
    first, last = ends[0::2][:len(runs) // 2], ends[1::2] - 1
    first, last = first[last >= first], last[last >= first]
    if not len(first):
        return (np.nan,) * 4, 0
    through = (first // height != last // height).any()  # a run over a column's end: all rows
    top, bottom = (0, height) if through else ((first % height).min(), (last % height).max() + 1)
    return (float(first.min() // height), float(top), float(last.max() // height + 1),
            float(bottom)), int((last - first + 1).sum())


def outlines(segmentations: Sequence[Polygons]) -> Outlines:
    """Measure polygons; leave out rows that have none.

    The area of a polygon is the shoelace formula's. An odd number at a polygon's end is left out.
    """
    lengths = np.fromiter(map(len, segmentations), np.intp, len(segmentations))
    rows = np.flatnonzero(lengths)
    if not len(rows):
        nothing, none = np.empty(0), np.empty(0, np.intp)
        return Outlines(none, nothing.reshape(0, 4), nothing, nothing, none, none)
    first = np.cumsum(lengths[rows]) - lengths[rows]
    polygons = list(chain.from_iterable(segmentations))
    counts = np.fromiter(map(len, polygons), np.intp, len(polygons))
    if (counts % 2).any():
        polygons = [polygon[:len(polygon) // 2 * 2] for polygon in polygons]
        counts = counts // 2 * 2
    numbers = _floats(tuple(chain.from_iterable(polygons)))
    areas, sides = np.zeros(len(counts)), np.full((len(counts), 4), np.inf)
    real = counts > 1
    if real.any():
        numbers = numbers if real.all() else numbers[np.repeat(real, counts)]
        x, y = numbers.reshape(-1, 2).T.copy()
        areas[real], sides[real] = _measured(x, y, counts[real] // 2)
    hulls = np.minimum.reduceat(sides, first, axis=0) * (1, 1, -1, -1)
    hulls[~np.isfinite(hulls).all(axis=1)] = np.nan
    return Outlines(rows, hulls, np.add.reduceat(areas, first), np.maximum.reduceat(areas, first),
                    np.add.reduceat((areas < NO_AREA_PX).astype(np.intp), first),
                    lengths[rows])


def _measured(x: Floats, y: Floats, points: Ints) -> tuple[Floats, Floats]:
    """Return the area and (left, top, -right, -bottom) of polygons of so many points each."""
    ends = np.cumsum(points)
    starts = ends - points
    sides = np.stack([np.minimum.reduceat(x, starts), np.minimum.reduceat(y, starts),
                      -np.maximum.reduceat(x, starts), -np.maximum.reduceat(y, starts)], axis=1)
    return _shoelace(x, y, starts, ends), sides


def _shoelace(x: Floats, y: Floats, starts: Ints, ends: Ints) -> Floats:
    """Return each polygon's area; points are counted from its first, so that no digits are lost."""
    sizes = ends - starts
    x, y = x - np.repeat(x[starts], sizes), y - np.repeat(y[starts], sizes)
    crossed = np.empty_like(x)
    crossed[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    crossed[ends - 1] = 0  # the edge back to the first point, which is the origin now
    areas: Floats = np.abs(np.add.reduceat(crossed, starts)) / 2
    return areas


def _polygons_of(text: bytes) -> Polygons:
    try:
        return _polygons.decode(text)
    except (msgspec.DecodeError, OverflowError):
        return []


def _floats(numbers: Sequence[float]) -> Floats:
    """Return numbers as an array, twice as fast as np.array."""
    return np.frombuffer(struct.pack(f"{len(numbers)}d", *numbers))
