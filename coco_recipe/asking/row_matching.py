"""Which rows of two data sets are one: pictures by name, boxes by place, whatever ids.

A picture is known by its file name, an untouched one also by the original that it goes back to.
Within a picture, rows of one class and box are one; then those that kept their id, where ids were
kept; then the two that overlap most, from an IoU of .50 on.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from coco_recipe.dataset import Annotation, Dataset, Image, Origin

LEAST_IOU = 0.5
KEPT_IDS = 0.9  # from this share of equal rows on, ids tell rows that moved far
Box = tuple[float, float, float, float]  # x, y, width, height in pixels
NONE = Image(-1, "")  # of annotations without an image


@dataclass(frozen=True, slots=True)
class Picture:
    """An image with its part and its rows."""

    part: str
    image: Image
    origin: str  # its own name among the raw files
    rows: list[Annotation]


def pictures(parts: Mapping[str, Dataset]) -> Iterator[Picture]:
    for name, part in parts.items():
        rows: dict[int, list[Annotation]] = {image.id: [] for image in part.images}
        lost: list[Annotation] = []
        for row in part.annotations:
            rows.get(row.image_id, lost).append(row)
        for image in part.images:
            yield Picture(name, image, _origin(image), rows.pop(image.id, []))
        if lost:
            yield Picture(name, NONE, "", lost)


def _origin(image: Image) -> str:
    """Return the name of an untouched picture among the raw files; empty for one that was made."""
    mark = image.coco_recipe
    if not isinstance(mark, Origin) or not mark.root:
        return image.file_name
    return "" if mark.source else mark.root.partition("/")[2]


def pairs_of(old: Sequence[Picture], new: Sequence[Picture]) -> list[tuple[Picture, Picture]]:
    """Return the pictures that are in both, in the order of the second."""
    order = {id(one): n for n, one in enumerate(new)}
    pairs: list[tuple[Picture, Picture]] = []
    ways: Sequence[tuple[Callable[[Picture], Hashable], bool]] = (
        (lambda one: (one.part, one.image.file_name), False),
        (lambda one: one.image.file_name, False),
        (lambda one: one.origin, True),
        (lambda one: one.image.file_name.replace("\\", "/").rpartition("/")[2], True),
    )
    for key, must_be_one in ways:
        waiting: dict[Hashable, list[Picture]] = defaultdict(list)
        for one in old:
            waiting[key(one)].append(one)
        same = Counter(map(key, new))
        rest = []
        for one in new:
            others = waiting.get(key(one)) or []
            if (
                others
                and key(one)
                and not (must_be_one and (len(others) > 1 or same[key(one)] > 1))
            ):
                pairs.append((others.pop(0), one))
            else:
                rest.append(one)
        taken = {id(was) for was, _ in pairs}
        old, new = [one for one in old if id(one) not in taken], rest
        if not old or not new:
            break
    return sorted(pairs, key=lambda pair: order[id(pair[1])])


def taken(
    rest: tuple[list[Annotation], list[Annotation]],
    key: Callable[[Annotation], Hashable],
    other_key: Callable[[Annotation], Hashable],
    only: Callable[[Annotation], bool] = lambda row: True,
) -> Iterator[tuple[Annotation, Annotation]]:
    """Yield pairs of rows with an equal key, those of one id first, and take them out of both."""
    waiting: dict[Hashable, list[Annotation]] = defaultdict(list)
    for row in filter(only, rest[0]):
        waiting[key(row)].append(row)
    pairs = []
    for row in filter(only, rest[1]):
        if others := waiting.get(other_key(row)):
            same = next((n for n, one in enumerate(others) if one.id == row.id), 0)
            pairs.append((others.pop(same), row))
    for n in (0, 1):
        gone = {id(pair[n]) for pair in pairs}
        rest[n][:] = [row for row in rest[n] if id(row) not in gone]
    yield from pairs


def share_their_ids(
    left: Sequence[tuple[Picture, Picture, list[Annotation], list[Annotation]]],
) -> bool:
    """Say whether rows of which none is as it was have their ids."""
    same = sum(len({row.id for row in old} & {row.id for row in new}) for *_, old, new in left)
    return same >= KEPT_IDS * sum(min(len(old), len(new)) for *_, old, new in left)


def overlaps(
    old: Sequence[Annotation], new: Sequence[Annotation]
) -> Iterator[tuple[int, int, float]]:
    """Yield the places of boxes that overlap enough, with their IoU; a sweep from left to right."""
    boxes = [(row.bbox, n) for n, row in enumerate(new) if isinstance(row.bbox, tuple)]
    boxes.sort()
    widest = max((box[2] for box, _ in boxes), default=0)
    for n, row in enumerate(old):
        if not isinstance(row.bbox, tuple):
            continue
        x, _, w, _ = row.bbox
        for box, m in boxes:
            if box[0] > x + w:
                break
            if box[0] + widest >= x and (iou := iou_of(row.bbox, box)) >= LEAST_IOU:
                yield n, m, iou


def iou_of(one: Box, other: Box) -> float:
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(wide, 0) * max(high, 0)
    whole = one[2] * one[3] + other[2] * other[3] - shared
    return shared / whole if whole > 0 else float(one == other)


def shift_of(one: Box, other: Box) -> float:
    """Return the most that an edge moved, in pixels."""
    x, y, w, h = (new - old for old, new in zip(one, other, strict=True))
    return max(abs(x), abs(y), abs(x + w), abs(y + h))
