"""Count what a data set has: images, boxes, classes, sizes, and what stands together."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, islice, repeat
from operator import attrgetter

import msgspec

from coco_recipe.asking import quick_rows, sides, standing
from coco_recipe.asking.numbered import Numbered
from coco_recipe.asking.quick_file import QuickRows
from coco_recipe.asking.sides import Sides
from coco_recipe.dataset import Dataset


class Spread(msgspec.Struct, frozen=True):
    """How some numbers are spread: the smallest, three quartiles, the largest.

    Lengths are to 0.1 px, aspects to 0.01.
    """

    least: float = 0
    lower: float = 0
    median: float = 0
    upper: float = 0
    most: float = 0


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of some boxes: those of a class, of a part, or all.

    Attributes:
        name: what they have in common.
        id: the category's id; None for another group.
        images: number of images; those of a class have a box of it.
        boxes: number of annotations.
        share: of all boxes, 0 to 1.
        negatives: images without a box; 0 of a class.
        crowds: boxes that are crowds.
        small: boxes under 32 x 32 px in area.
        medium: those from there to under 96 x 96 px.
        large: the others.
        width: the boxes' widths in pixels.
        height: their heights in pixels.
        aspect: width / height of those that have both.
        polygons: annotations that have polygons.
        masks: annotations that have a mask (RLE).
        keypoints: annotations that have keypoints.
    """

    name: str
    id: int | None = None
    images: int = 0
    boxes: int = 0
    share: float = 0
    negatives: int = 0
    crowds: int = 0
    small: int = 0
    medium: int = 0
    large: int = 0
    width: Spread = Spread()
    height: Spread = Spread()
    aspect: Spread = Spread()
    polygons: int = 0
    masks: int = 0
    keypoints: int = 0


class Size(msgspec.Struct, frozen=True):
    """How many images have one size, in pixels, and how many boxes they have."""

    width: int
    height: int
    images: int
    boxes: int


class Together(msgspec.Struct, frozen=True):
    """On how many images two classes stand together."""

    classes: tuple[str, str]
    images: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What `stats` tells of one or more data sets.

    Attributes:
        whole: all rows.
        parts: the rows of each data set.
        classes: the rows of each class, in the file's order; classes of one name are one.
        sizes: the sizes of images, the most frequent first.
        boxes_per_image: the number of boxes on an image.
        together: pairs of classes on one image, the most frequent first.
        licenses: number of images by the licence's name.
        findings: number of rows by what is wrong with them; None where nothing was looked at.
    """

    whole: Group
    parts: tuple[Group, ...]
    classes: tuple[Group, ...]
    sizes: tuple[Size, ...]
    boxes_per_image: Spread
    together: tuple[Together, ...]
    licenses: dict[str, int]
    findings: dict[str, int] | None = None


def figures(parts: Mapping[str, QuickRows], findings: Mapping[str, int] | None = None) -> Figures:
    """Count the rows of some data sets.

    Args:
        parts: the data sets by name.
        findings: number of rows by what is wrong with them.
    """
    all_rows = Numbered()
    for part, rows in enumerate(parts.values()):
        all_rows.add(part, rows)
    boxes = sides.joined([rows.boxes for rows in parts.values()])
    names, of = list(all_rows.ids), len(all_rows.classes)
    on = standing.of(all_rows.images, all_rows.classes)
    per_image = [on.boxes[number] for number in all_rows.numbers]
    by_part = sides.of(boxes, all_rows.parts, len(parts))
    whole = by_part[0] if len(parts) == 1 else sides.of(boxes, array("q", bytes(8 * of)), 1)[0]
    by_class = sides.of(boxes, all_rows.classes, len(names))
    left = iter(per_image)
    of_parts = [list(islice(left, len(rows.images))) for rows in parts.values()]
    pairs = Counter({_ordered(names[n], names[m]): times for (n, m), times in on.pairs.items()})
    return Figures(
        whole=_group("all", whole, of, per_image),
        parts=tuple(map(_group, parts, by_part, repeat(of), of_parts)),
        classes=tuple(
            _of_class(name, all_rows.ids[name], one, of, on.images[n])
            for n, (name, one) in enumerate(zip(names, by_class, strict=True))
        ),
        sizes=_sizes(parts.values(), per_image),
        boxes_per_image=Spread(*sides.spread_of(sorted(per_image))),
        together=tuple(Together(pair, n) for pair, n in pairs.most_common()),
        licenses=_licenses(parts.values()),
        findings=None if findings is None else dict(findings),
    )


def of_datasets(parts: Mapping[str, Dataset]) -> Figures:
    """Count the rows of some data sets that are in memory.

    Args:
        parts: the data sets by name.

    Returns:
        Images, boxes, negatives, classes and sizes of boxes, for all and for each part.
    """
    return figures({name: quick_rows.of_dataset(rows) for name, rows in parts.items()})


def _group(name: str, boxes: Sides, of: int, per_image: Collection[int]) -> Group:
    """Return the figures of a whole data set, of ``of`` boxes in all."""
    negatives = sum(1 for n in per_image if not n)
    return _told(Group(name=name, images=len(per_image), negatives=negatives), boxes, of)


def _of_class(name: str, ids: set[int], boxes: Sides, of: int, images: int) -> Group:
    """Return the figures of a class, of ``of`` boxes in all, that is on so many images."""
    only = next(iter(ids)) if len(ids) == 1 else None
    return _told(Group(name=name, id=only, images=images), boxes, of)


def _told(group: Group, boxes: Sides, of: int) -> Group:
    """Return a group with the figures of its boxes."""
    crowds, polygons, masks, keypoints = boxes.forms
    small, medium, large = boxes.sizes
    return msgspec.structs.replace(
        group,
        boxes=boxes.boxes,
        share=boxes.boxes / of if of else 0.0,
        crowds=crowds,
        small=small,
        medium=medium,
        large=large,
        width=Spread(*boxes.widths),
        height=Spread(*boxes.heights),
        aspect=Spread(*boxes.aspects),
        polygons=polygons,
        masks=masks,
        keypoints=keypoints,
    )


def _ordered(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def _sizes(parts: Iterable[QuickRows], per_image: Iterable[int]) -> tuple[Size, ...]:
    of_images = map(attrgetter("width", "height"), chain.from_iterable(p.images for p in parts))
    images, boxes = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for (size, n), times in Counter(zip(of_images, per_image, strict=True)).items():
        images[size] += times
        boxes[size] += n * times
    return tuple(Size(*size, n, boxes[size]) for size, n in images.most_common())


def _licenses(parts: Iterable[QuickRows]) -> dict[str, int]:
    """Count the images of each licence, by its name."""
    found = Counter[str]()
    for rows in parts:
        names = {str(row.id): row.name or str(row.id) for row in rows.licenses}
        given = [str(image.license) for image in rows.images if image.license is not None]
        for license_, n in Counter(given).items():
            found[names.get(license_, license_)] += n
    return dict(found)
