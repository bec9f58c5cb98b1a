"""Count what a data set has: images, boxes, classes, sizes, and what stands together."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import attrgetter

import msgspec

from coco_recipe.asking import quick_rows, sides, standing
from coco_recipe.asking.quick_rows import QuickBox, QuickRows
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
    counted = {name: _Part.of(rows) for name, rows in parts.items()}
    boxes = sum(len(rows.annotations) for rows in parts.values())
    names = dict.fromkeys(name for part in counted.values() for name in part.classes)
    classes = {
        name: [part.classes[name] for part in counted.values() if name in part.classes]
        for name in names
    }
    per_image = [n for part in counted.values() for n in part.per_image]
    return Figures(
        whole=_whole("all", counted.values(), boxes),
        parts=tuple(_whole(name, [part], boxes) for name, part in counted.items()),
        classes=tuple(_sum(tallies).group(name, boxes) for name, tallies in classes.items()),
        sizes=_sizes(counted.values()),
        boxes_per_image=_spread(Counter(per_image)),
        together=_together(counted.values()),
        licenses=dict(sum((part.licenses() for part in counted.values()), Counter[str]())),
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


@dataclass(slots=True)
class _Tally:
    """Numbers of boxes by what they have, which can be added."""

    ids: set[int] = field(default_factory=set)
    images: int = 0
    boxes: int = 0
    crowds: int = 0
    sizes: Counter[int] = field(default_factory=Counter)
    widths: Counter[int] = field(default_factory=Counter)
    heights: Counter[int] = field(default_factory=Counter)
    aspects: Counter[int] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, category_id: int, boxes: Sequence[QuickBox]) -> "_Tally":
        """Count the boxes of a category."""
        if not boxes:
            return cls({category_id})
        counted = sides.of(list(map(attrgetter("bbox"), boxes)))
        return cls(
            {category_id},
            0,
            len(boxes),
            sum(map(bool, map(attrgetter("iscrowd"), boxes))),
            counted.sizes,
            counted.widths,
            counted.heights,
            counted.aspects,
            _forms(boxes),
        )

    def group(self, name: str, of: int, *, images: int | None = None, negatives: int = 0) -> Group:
        """Return the figures of the boxes, of ``of`` boxes in all."""
        return Group(
            name=name,
            id=min(self.ids) if len(self.ids) == 1 else None,
            images=self.images if images is None else images,
            boxes=self.boxes,
            share=self.boxes / of if of else 0.0,
            negatives=negatives,
            crowds=self.crowds,
            small=self.sizes[0],
            medium=self.sizes[1],
            large=self.sizes[2],
            width=_spread(self.widths, 10),
            height=_spread(self.heights, 10),
            aspect=_spread(self.aspects, 100),
            polygons=self.forms["polygons"],
            masks=self.forms["masks"],
            keypoints=self.forms["keypoints"],
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """One data set.

    Attributes:
        rows: its rows.
        classes: the tallies of its classes.
        per_image: the number of boxes of each image.
        together: the number of images by two classes that stand on them.
    """

    rows: QuickRows
    classes: Mapping[str, _Tally]
    per_image: Sequence[int]
    together: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, rows: QuickRows) -> "_Part":
        names = {category.id: category.name for category in rows.categories}
        by_class: dict[int, list[QuickBox]] = {id_: [] for id_ in names}
        for box in rows.annotations:
            by_class.setdefault(box.category_id, []).append(box)
        listed = {id_: names.get(id_, f"category {id_}") for id_ in by_class}
        numbers = {name: n for n, name in enumerate(dict.fromkeys(listed.values()))}
        number_of = {id_: numbers[name] for id_, name in listed.items()}
        image_ids = list(map(attrgetter("image_id"), rows.annotations))
        classes = map(number_of.__getitem__, map(attrgetter("category_id"), rows.annotations))
        found = standing.of(image_ids, list(classes))
        tallies: dict[str, list[_Tally]] = defaultdict(list)
        for id_, boxes in by_class.items():
            tallies[listed[id_]].append(_Tally.of(id_, boxes))
        per_image = Counter(image_ids)
        told = list(numbers)
        return cls(
            rows,
            {name: _sum(several, found.images[numbers[name]]) for name, several in tallies.items()},
            [per_image[image.id] for image in rows.images],
            {(told[low], told[high]): n for (low, high), n in found.pairs.items()},
        )

    def licenses(self) -> Counter[str]:
        """Return the number of images by the licence's name."""
        names = {str(row.id): row.name or str(row.id) for row in self.rows.licenses}
        given = (str(row.license) for row in self.rows.images if row.license is not None)
        return Counter(names.get(license_, license_) for license_ in given)


def _forms(boxes: Sequence[QuickBox]) -> Counter[str]:
    """Count what boxes have beside their places."""
    shapes = list(filter(None, map(attrgetter("segmentation"), boxes)))
    kinds = Counter(map(type, shapes))
    found = Counter(polygons=kinds[list], masks=kinds[dict])
    found["keypoints"] = len(list(filter(None, map(attrgetter("keypoints"), boxes))))
    return found


def _sum(tallies: Iterable[_Tally], images: int = 0) -> _Tally:
    """Add tallies; ``images`` is on how many images they are, beside those that they know of."""
    total = _Tally(images=images)
    for one in tallies:
        total.ids |= one.ids
        total.images += one.images
        total.boxes += one.boxes
        total.crowds += one.crowds
        for name in ("sizes", "widths", "heights", "aspects", "forms"):
            getattr(total, name).update(getattr(one, name))
    return total


def _whole(name: str, parts: Iterable[_Part], of: int) -> Group:
    """Return the figures of whole data sets."""
    several = list(parts)
    tally = _sum(tally for part in several for tally in part.classes.values())
    per_image = [n for part in several for n in part.per_image]
    tally.ids = set()
    return tally.group(name, of, images=len(per_image), negatives=per_image.count(0))


def _spread(numbers: Counter[int], scale: int = 1) -> Spread:
    """Return how numbers are spread that were counted in parts of ``1 / scale``."""
    if not numbers:
        return Spread()
    values = sorted(numbers)
    ends = list(accumulate(numbers[value] for value in values))

    def at(share: float) -> float:
        wanted = share * (ends[-1] - 1)
        return values[bisect_right(ends, wanted)] / scale

    return Spread(*map(at, (0, 0.25, 0.5, 0.75, 1)))


def _sizes(parts: Iterable[_Part]) -> tuple[Size, ...]:
    images, boxes = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for part in parts:
        for image, n in zip(part.rows.images, part.per_image, strict=True):
            images[image.width, image.height] += 1
            boxes[image.width, image.height] += n
    return tuple(Size(*size, n, boxes[size]) for size, n in images.most_common())


def _together(parts: Iterable[_Part]) -> tuple[Together, ...]:
    pairs = Counter[tuple[str, str]]()
    for part in parts:
        for pair, n in part.together.items():
            low, high = sorted(pair)
            pairs[low, high] += n
    return tuple(Together(pair, n) for pair, n in pairs.most_common())
