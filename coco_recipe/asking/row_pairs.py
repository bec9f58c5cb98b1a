"""Which rows of the pictures that are in two data sets are one."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Raw

from coco_recipe.asking.row_classes import Classes
from coco_recipe.asking.row_matching import KEPT_IDS, Picture, overlaps, share_their_ids, taken
from coco_recipe.dataset import Annotation

Pairs = list[tuple[Annotation, Annotation]]
Rest = tuple[list[Annotation], list[Annotation]]  # rows of a picture that have no other yet


@dataclass(frozen=True, slots=True)
class Paired:
    """Rows of a picture that is in both.

    Attributes:
        was: the picture in the first.
        now: the same in the second.
        kept: rows that are one.
        gone: rows that only the first has.
        added: rows that only the second has.
    """

    was: Picture
    now: Picture
    kept: Pairs
    gone: Sequence[Annotation] = ()
    added: Sequence[Annotation] = ()


def paired(both: Sequence[tuple[Picture, Picture]], classes: Classes) -> Iterator[Paired]:
    """Yield the rows of pictures that are in both, without those of which all are equal.

    First what has an equal, which tells whether ids were kept; then the rest, by id where they
    were, by the same box, by overlap. So a picture may come twice.
    """
    left = []
    equal = kept = 0
    for was, now in both:
        if was.rows == now.rows and _same_classes(was, now, classes):
            equal, kept = equal + len(now.rows), kept + len(now.rows)
            continue
        rest = list(was.rows), list(now.rows)
        pairs = _in_order(was, now, rest, classes)
        if rest[0] and rest[1]:
            pairs += taken(rest, _whole(classes.old, was.part), _whole(classes.new, now.part))
        equal += len(pairs)
        kept += sum(1 for one, other in pairs if one.id == other.id)
        yield Paired(was, now, pairs)
        if rest[0] or rest[1]:
            left.append((was, now, *rest))
    by_id = kept >= KEPT_IDS * equal if equal else share_their_ids(left)
    for was, now, old, new in left:
        yield _of_rest(was, now, (old, new), classes, by_id=by_id)


def _same_classes(was: Picture, now: Picture, classes: Classes) -> bool:
    return classes.are_alike(was.part, now.part) or all(
        classes.same(was.part, row, now.part, row) for row in now.rows
    )


def _in_order(was: Picture, now: Picture, rest: Rest, classes: Classes) -> Pairs:
    """Return the rows of one class and box that stand at one place, and take them out."""
    pairs: Pairs = []
    if len(rest[0]) != len(rest[1]):
        return pairs
    others: Pairs = []
    for one, other in zip(*rest, strict=True):
        is_one = (
            one.bbox == other.bbox
            and isinstance(one.bbox, tuple)
            and classes.same(was.part, one, now.part, other)
        )
        (pairs if is_one else others).append((one, other))
    rest[0][:], rest[1][:] = [one for one, _ in others], [other for _, other in others]
    return pairs


def _whole(
    name_of: Callable[[str, Annotation], str], part: str
) -> Callable[[Annotation], Hashable]:
    """Return what gives a row's class and box; its outline where it has no box."""

    def key(row: Annotation) -> Hashable:
        outline = b"" if isinstance(row.bbox, tuple) else _text(row.segmentation)
        return name_of(part, row), row.bbox, outline

    return key


def _of_rest(was: Picture, now: Picture, rest: Rest, classes: Classes, *, by_id: bool) -> Paired:
    """Pair the rows that have no equal: by id, by the same box, by overlap."""
    pairs = list(taken(rest, _id, _id)) if by_id else []
    pairs += taken(rest, lambda row: row.bbox, lambda row: row.bbox, only=_has_box)
    old, new = rest
    for same_class in (True, False):
        if not (old and new):
            break
        nearest = sorted(
            (-iou, n, m)
            for n, m, iou in overlaps(old, new)
            if not same_class or classes.same(was.part, old[n], now.part, new[m])
        )
        used: tuple[set[int], set[int]] = (set(), set())
        for _, n, m in nearest:
            if n not in used[0] and m not in used[1]:
                used[0].add(n)
                used[1].add(m)
                pairs.append((old[n], new[m]))
        old, new = (
            [row for n, row in enumerate(rows) if n not in gone]
            for rows, gone in zip((old, new), used, strict=True)
        )
    return Paired(was, now, pairs, old, new)


def _has_box(row: Annotation) -> bool:
    return isinstance(row.bbox, tuple)


def _id(row: Annotation) -> Hashable:
    return row.id


def _text(value: Any) -> bytes:
    return bytes(value) if isinstance(value, Raw) else b""
