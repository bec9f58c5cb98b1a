"""Borders that repeat the picture: which tiles of it show, and which annotations in them.

A reflected or wrapped border makes an endless tiling of a picture. Tile (0, 0) is the picture, tile
(column, row) the one so many tiles to the right and down. A transform with such a border moves the
tiling as it moves the picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coco_recipe_pictures.geometry import shapes
from coco_recipe_pictures.geometry.move import Border, Matrix, Move, Size, Warp
from coco_recipe_pictures.geometry.rings import Points, cut, fill
from coco_recipe_pictures.geometry.shapes import Shape

REFLECT, WRAP, REFLECT_101 = 2, 3, 4  # cv2.BORDER_*
MOST_TILES = 5000
HERE = (0, 0)
Tile = tuple[int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """One tile along one axis: q from ``low`` to ``high`` is at ``turn * q + shift``."""

    turn: int
    shift: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Axis:
    """A row of tiles: ``pixels`` of the picture along it, and cv2's border mode."""

    pixels: int
    mode: int

    @property
    def period(self) -> int:
        """Return how far tiles are apart: reflect_101 shows the pixel between two of them once."""
        return self.pixels - 1 if self.mode == REFLECT_101 and self.pixels > 1 else self.pixels

    def tile_at(self, place: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the number of the tile at each place.

        Args:
            place: in pixels along the axis, of any shape.

        Returns:
            Whole numbers as floats, of the same shape; 0 is the picture.
        """
        beyond = np.where(place < 0, place, place - (self.pixels - self.period))
        return np.where((place >= 0) & (place < self.pixels), 0, np.floor(beyond / self.period))

    def placed(self, tile: int) -> Placed:
        """Return where a tile is, and what of the picture it shows and no nearer tile does."""
        shared = self.pixels - self.period
        mirrored = self.mode != WRAP and tile % 2 == 1
        low, high = 0, self.pixels
        if tile and shared:
            low, high = (low + shared, high) if (tile > 0) != mirrored else (low, high - shared)
        if mirrored:
            return Placed(-1, (tile + 1) * self.period + shared, low, high)
        return Placed(1, tile * self.period, low, high)


@dataclass(frozen=True, slots=True)
class View:
    """What a transform with a matrix shows of the tiling.

    Attributes:
        frame: left, top, right, bottom of the places that the new picture's pixels show.
        line: a, b, c; ``a * x + b * y + c >= 0`` is in front of a perspective's horizon.
    """

    frame: Box
    line: Points


def is_copy(shape: Shape) -> bool:
    """Report whether a shape is of an annotation that a border shows again."""
    return any(tile != HERE for tile in shape.tiles)


def copies(carried: Sequence[Shape]) -> list[tuple[int, Shape]]:
    """Return what borders show again of annotations, with the annotation's number, in its order."""
    found = [(shape.of, shape) for shape in carried if shape.of is not None and is_copy(shape)]
    return sorted(found, key=lambda one: (one[0], one[1].tiles))


def shows(shape: Shape) -> bool:
    """Report whether a pixel's middle is inside a shape."""
    if not shape.groups:
        return False
    left, top, right, bottom = shapes.hull(shape.groups)
    corner = np.floor([left, top])
    groups = [[ring - corner for ring in group] for group in shape.groups]
    width, height = np.ceil(np.array([right, bottom]) - corner).astype(int).tolist()
    return bool(fill(groups, height, width).any())


def followed(carried: Sequence[Shape], move: Move) -> list[Shape]:
    """Send shapes through a transform whose border repeats the picture.

    Args:
        carried: the shapes; they are changed.
        move: what the transform did; it has a border.

    Returns:
        The shapes, then copies of them in other tiles, of which something is in the new picture.

    Raises:
        ValueError: the border shows the picture too often, or a perspective's horizon is in the
            new picture.
    """
    if not carried:
        return []
    first, size = _cropped_first(move)
    _step(carried, first, size)
    if move.matrix is None:
        return _warped(carried, move)
    rest: Matrix = move.matrix @ np.linalg.inv(first)
    spread = _spread(carried, move, size, _view(rest, move))
    _step(spread, rest, move.after)
    return [shape for shape in spread if not is_copy(shape) or _is_left(shape)]


def _border(move: Move) -> Border:
    assert move.border is not None, f"BUG: {move.name} has no border that repeats"
    return move.border


def _cropped_first(move: Move) -> tuple[Matrix, Size]:
    """Return what a transform does before its border: CropAndPad repeats what its crop has left."""
    left, top, right, bottom = _border(move).crop or (0, 0, *move.before[::-1])
    size = int(bottom - top), int(right - left)
    return np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]]), size


def _step(carried: Sequence[Shape], matrix: Matrix, size: Size) -> None:
    stretch = shapes.begin(carried)
    shapes.step(carried, stretch, matrix, size)
    shapes.finish(carried, stretch)


def _is_left(shape: Shape) -> bool:
    return bool(shape.groups) or not bool(np.isnan(shape.points).all())


def _view(matrix: Matrix, move: Move) -> View:
    """Return what the middles of the new picture's pixels show."""
    height, width = move.after
    corners = np.array([[x, y, 1.0] for x in (0.5, width - 0.5) for y in (0.5, height - 0.5)])
    sent = corners @ np.linalg.inv(matrix).T
    if not (sent[:, 2] > 0).all():
        raise ValueError(_too_much(move, "its border goes to the horizon"))
    places = sent[:, :2] / sent[:, 2:]
    depth = places @ matrix[2, :2] + matrix[2, 2]
    line = np.array([*matrix[2, :2], matrix[2, 2] - depth.min() / 2])
    steep = float(np.hypot(*line[:2]))
    frame = (*places.min(axis=0), *places.max(axis=0))
    return View(frame, line / steep if steep else np.array([0.0, 0, 1]))


def _too_much(move: Move, why: str) -> str:
    name, mode = move.name, _border(move).mode
    return (
        f"{name} has border_mode {mode}, and annotations can't follow: {why}; "
        "write repeated: fill (a border of one colour)"
    )


def _axes(move: Move, size: Size) -> tuple[Axis, Axis]:
    mode = _border(move).mode
    return Axis(size[1], mode), Axis(size[0], mode)


def _spread(carried: Sequence[Shape], move: Move, size: Size, view: View) -> list[Shape]:
    """Return shapes, and their copies in every other tile that a view shows."""
    across, down = _axes(move, size)
    left, right = across.tile_at(np.array(view.frame[::2])).astype(int).tolist()
    top, bottom = down.tile_at(np.array(view.frame[1::2])).astype(int).tolist()
    if (count := (right - left + 1) * (bottom - top + 1)) > MOST_TILES:
        raise ValueError(_too_much(move, f"it shows the picture {count} times"))
    tiles = [(i, j) for j in range(top, bottom + 1) for i in range(left, right + 1)]
    for shape in carried:
        shape.tiles += (HERE,)
    places = [((i, j), across.placed(i), down.placed(j)) for i, j in tiles if (i, j) != HERE]
    again = (_copy(shape, *place, view) for place in places for shape in carried)
    return [*carried, *(copy for copy in again if copy)]


def _copy(shape: Shape, tile: Tile, across: Placed, down: Placed, view: View) -> Shape | None:
    """Return a shape as a tile shows it, at its place in the tiling; None if it is out of view."""
    to_tile = np.array([[across.turn, 0, across.shift], [0, down.turn, down.shift], [0, 0, 1.0]])
    points = shapes.move(shape.points, to_tile)
    copy = replace(
        shape,
        points=np.where(_within(shape.points, across, down), points, np.nan),
        groups=_moved(shape.groups, to_tile),
        tiles=(*shape.tiles[:-1], tile),
        mirrored=shape.mirrored ^ (across.turn != down.turn),
    )
    if not _may_show(copy, view.frame):
        return None
    lines = [
        np.array([1.0, 0, -across.low]),
        np.array([-1.0, 0, across.high]),
        np.array([0, 1.0, -down.low]),
        np.array([0, -1.0, down.high]),
        view.line @ to_tile,
    ]
    left = shape.groups
    for line in lines:
        cuts = ([piece for ring in group for piece in cut(ring, line)] for group in left)
        left = [pieces for pieces in cuts if pieces]
    if shape.groups and (whole := shapes.area(shape.groups, crosses=shape.crosses)) > 0:
        copy.visibility *= min(shapes.area(left, crosses=shape.crosses) / whole, 1.0)
    copy.groups = _moved(left, to_tile)
    return copy


def _moved(groups: Sequence[Sequence[Points]], matrix: Matrix) -> list[list[Points]]:
    return [[shapes.move(ring, matrix) for ring in group] for group in groups]


def _within(points: Points, across: Placed, down: Placed) -> NDArray[np.bool_]:
    low, high = (across.low, down.low), (across.high, down.high)
    inside = np.logical_and(points >= low, points <= high).all(axis=1)
    return np.asarray(inside)[:, None]


def _may_show(shape: Shape, frame: Box) -> bool:
    """Report whether a shape's hull, or a point if it has none, is near to a frame."""
    low, high = np.array(frame[:2]) - 0.5, np.array(frame[2:]) + 0.5
    if shape.groups:
        hull = shapes.hull(shape.groups)
        return bool((np.array(hull[:2]) < high).all() and (np.array(hull[2:]) > low).all())
    return bool(np.logical_and(shape.points >= low, shape.points <= high).all(axis=1).any())


def _warped(carried: Sequence[Shape], move: Move) -> list[Shape]:
    """Send shapes, and their copies in other tiles, through a map of pixels."""
    found = list[Shape]()
    for tile, mirrored, through in _maps(move):
        if tile == HERE:
            shapes.warp(carried, through)
            continue
        frame = _frame(through)
        near = [
            replace(shape, tiles=(*shape.tiles, tile), mirrored=shape.mirrored ^ mirrored)
            for shape in carried
            if _may_show(shape, frame)
        ]
        if near:
            shapes.warp(near, through)
        found += [copy for copy in near if _is_left(copy)]
    for shape in carried:
        shape.tiles += (HERE,)
    return [*carried, *found]


def _frame(through: Warp) -> Box:
    left, right = float(np.nanmin(through.x)), float(np.nanmax(through.x))
    return left, float(np.nanmin(through.y)), right, float(np.nanmax(through.y))


def _maps(move: Move) -> Iterator[tuple[Tile, bool, Warp]]:
    """Yield each tile that a map of pixels shows, the picture itself last.

    With it go whether it is mirrored, and its part of the map.
    """
    across, down = _axes(move, move.before)
    maps = _border(move).maps
    assert maps is not None, f"BUG: {move.name} repeats the picture by no map"
    x, y = maps
    columns, rows = across.tile_at(x), down.tile_at(y)
    shown = {(int(both.real), int(both.imag)) for both in np.unique(columns + 1j * rows)}
    if len(shown) > MOST_TILES:
        raise ValueError(_too_much(move, f"it shows {len(shown)} parts of the picture"))
    for i, j in [*sorted(shown - {HERE}), HERE]:
        column, row = across.placed(i), down.placed(j)
        here = (columns == i) & (rows == j)
        own_x, own_y = (
            np.where(here, one.turn * (places - one.shift), np.nan).astype(np.float32)
            for one, places in ((column, x), (row, y))
        )
        yield (i, j), column.turn != row.turn, Warp(own_x, own_y, move.before)
