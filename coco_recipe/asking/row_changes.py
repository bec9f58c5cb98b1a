"""What differs between the rows of two data sets, whatever ids they have."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from coco_recipe.asking import row_classes
from coco_recipe.asking.row_classes import Classes
from coco_recipe.asking.row_figures import ClassRows, RowChanges
from coco_recipe.asking.row_matching import pairs_of, pictures
from coco_recipe.asking.row_pairs import paired
from coco_recipe.asking.row_telling import Told
from coco_recipe.asking.row_values import differing, shown
from coco_recipe.dataset import Dataset


def changes(
    before: Mapping[str, Dataset], after: Mapping[str, Dataset], most: int = 5
) -> RowChanges:
    """Compare the rows of data sets.

    Args:
        before: the first ones, by part; parts don't count where a side has one only.
        after: the second ones.
        most: how many rows of each kind of change to name.

    Returns:
        How many images and annotations stayed, came, went and changed, by class and by key, with
        the first rows of each kind of change.
    """
    if len(before) == len(after) == 1:
        before, after = ({"": part} for parts in (before, after) for part in parts.values())
    old, new = list(pictures(before)), list(pictures(after))
    both = pairs_of(old, new)
    classes = Classes(before, after)
    has_parts = len(before) > 1 and len(after) > 1
    told = Told(classes, most, has_parts)
    for was, now in both:
        told.picture_kept(was, now)
    for rows in paired(both, classes):
        for one, other in rows.kept:
            told.kept(rows.was, rows.now, one, other)
        for row in rows.gone:
            told.gone(rows.was, row)
        for row in rows.added:
            told.added(rows.now, row)
    known = {id(one) for pair in both for one in pair}
    for picture in (one for one in old if id(one) not in known):
        told.picture_gone(picture)
    for picture in (one for one in new if id(one) not in known):
        told.picture_added(picture)
    images = (sum(len(part.images) for part in side.values()) for side in (before, after))
    boxes = row_classes.counts(before), row_classes.counts(after)
    return RowChanges(
        told.table("images", *images),
        told.table("annotations", *(one.total() for one in boxes)),
        {
            name: ClassRows(
                boxes[0][name],
                boxes[1][name],
                told.by_class[name]["added"],
                told.by_class[name]["gone"],
                told.by_class[name]["changed"],
            )
            for name in dict.fromkeys([*boxes[0], *boxes[1]])
        },
        dict(sorted(told.keys.items())),
        dict(told.relabelled.most_common()),
        told.moved(),
        tuple(_category_changes(before, after)),
        {kind: tuple(rows) for kind, rows in told.first.items()},
    )


def _category_changes(before: Mapping[str, Dataset], after: Mapping[str, Dataset]) -> Iterator[str]:
    """Yield what became of categories: added, gone, with another id, values or order."""
    old, new = (_categories(parts.values()) for parts in (before, after))
    for name in (name for name in old if name not in new):
        yield f"{name} is gone"
    for name, row in new.items():
        if name not in old:
            yield f"{name} is added"
            continue
        if old[name].id != row.id:
            yield f"{name} has the id {row.id}, was {old[name].id}"
        for key, was, now in differing(old[name], row):
            if key != "name":
                yield f"{name}: {key} {shown(was)} -> {shown(now)}"
    orders = [[name for name in one if name in old and name in new] for one in (old, new)]
    for number, (was, now) in enumerate(zip(*orders, strict=True), 1):
        if was != now:  # trainers number classes by it
            yield f"the order is another: number {number} of those in both is {now}, was {was}"
            return


def _categories(parts: Iterable[Dataset]) -> dict[str, Any]:
    return {category.name: category for part in parts for category in part.categories}
