"""A data set as checks of its rows see it: one pass over all, and names for rows."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any

from msgspec import UNSET, UnsetType

from coco_recipe.checks.segmentation_form import form
from coco_recipe.dataset import Annotation, Category, Dataset, Image
from coco_recipe.findings import Row

EDGE_PX = 1.0  # labelling tools round a box outward by as much
AREA_SHARE = 0.01  # an area that differs from w * h by less was rounded
_POLYGON_HEADS = {b"[[%c" % c for c in b"0123456789-]"}
# of null, text and exponents; a number is found ten times as fast as bytes
_N, _QUOTE, _E, _LARGE_E = b'n"eE'
_BATCH = (
    1000  # rows whose segmentations are looked through at once: what fits the processor's cache
)
SHORT = 120  # characters; longer segmentations are left to the checks of masks
NO_PLACE_PX = 1e6  # a vertex or keypoint beyond it, on either side of 0, is no place of a picture
FAR_SIDES = 10  # times the picture's longer side
# as whole numbers are looked for: digits as 0, and what stands before a number as a comma
_WHOLE = bytes.maketrans(b"123456789 \t\r\n[-", b"000000000,,,,,,")
_MILLION = b",0000000"


class Rows:
    """A data set with what several checks ask of it."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.images, self.categories = dataset.images, dataset.categories

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        return self.dataset.annotations

    def have(self, table: str, key: str) -> bool:
        """Report whether rows of a table have a key, or may have it."""
        return any(key in kind.__struct_encode_fields__ for kind in self._kinds[table])

    @cached_property
    def _kinds(self) -> dict[str, set[Any]]:
        tables = ("images", "annotations", "categories")
        return {table: set(map(type, getattr(self, table))) for table in tables}

    @cached_property
    def file_names(self) -> dict[int, str]:
        return {image.id: image.file_name for image in self.images}

    @cached_property
    def sizes(self) -> dict[int, tuple[int, int] | None]:
        """Width and height in pixels by image id; None where they are missing or not above 0."""
        return {
            image.id: (image.width, image.height)
            if image.width is not UNSET
            and image.height is not UNSET
            and image.width > 0
            and image.height > 0
            else None
            for image in self.images
        }

    @cached_property
    def have_sizes(self) -> bool:
        """Whether every image has a width and height above 0."""
        sides = [side for key in ("width", "height") for side in map(attrgetter(key), self.images)]
        return UnsetType not in set(map(type, sides)) and min(sides, default=1) > 0

    @cached_property
    def ids(self) -> list[int]:
        """The annotations' ids, in the file's order."""
        return self._column("id")

    @cached_property
    def image_ids(self) -> set[int]:
        """The images that annotations are of."""
        return set(self._column("image_id"))

    @cached_property
    def category_ids(self) -> set[Any]:
        """The categories of annotations; UNSET is one where a row has none."""
        return set(self._column("category_id"))

    @cached_property
    def crowd_flags(self) -> set[Any]:
        """Every ``iscrowd`` of the annotations; UNSET is one where a row has none."""
        return set(self._column("iscrowd"))

    @cached_property
    def have_boxes(self) -> bool:
        """Whether every annotation has a box."""
        return UnsetType not in set(map(type, self._column("bbox")))

    @cached_property
    def areas(self) -> list[Any]:
        """The annotations' areas in square pixels, in order; UNSET where a row has none."""
        return self._column("area")

    @cached_property
    def have_areas(self) -> bool:
        """Whether every annotation has an area."""
        return UnsetType not in set(map(type, self.areas))

    def _column(self, key: str) -> list[Any]:
        return list(map(attrgetter(key), self.annotations))

    @cached_property
    def survey(self) -> "Survey":
        """What one pass over the annotations tells, by fast predicates."""
        found = Survey()
        self.look_at(self.annotations, found)
        return found

    def look_at(self, rows: Sequence[Annotation], found: "Survey") -> None:
        """Add to a survey what fast predicates notice of annotations."""
        for start in range(0, len(rows), _BATCH):
            self._survey_segmentations(found, rows[start : start + _BATCH])
        self._survey_boxes(found, rows)

    def _survey_segmentations(self, found: "Survey", batch: Sequence[Annotation]) -> None:
        texts = [b"" if row.segmentation is UNSET else bytes(row.segmentation) for row in batch]
        # what is nowhere in a batch is in none of its rows; others than lists are odd anyway
        together = b"".join(texts)
        if b"{" in together:
            together = b"".join([text for text in texts if text[:1] == b"["])
        has_text, has_million = _has_text(together), _may_have_a_million(together)
        if has_million:
            found.huge += [
                row
                for row, text in zip(batch, texts, strict=True)
                if text[:1] == b"[" and _may_have_a_million(text)
            ]
        found.odd += [
            row
            for row, text in zip(batch, texts, strict=True)
            if text
            and (
                text[:3] not in _POLYGON_HEADS
                or text[-2:] != b"]]"
                or text.rfind(b"[") > 1
                or (has_text and _has_text(text))
                or (has_million and _may_have_a_million(text))
            )
        ]
        for row, length in [
            (row, len(text)) for row, text in zip(batch, texts, strict=True) if len(text) < SHORT
        ]:
            if length:
                found.short.append(row)
            if row.bbox is not UNSET and row.area is not UNSET:
                _, _, w, h = row.bbox
                if abs(row.area - w * h) > AREA_SHARE * abs(w * h) + 1:
                    found.at_odds.append(row)

    def _survey_boxes(self, found: "Survey", rows: Sequence[Annotation]) -> None:
        size_of, edge = self.sizes.get, EDGE_PX
        has_far_place, has_large_side, boxes = found.has_far_place, found.has_large_side, 0
        for row in rows:
            box = row.bbox
            if box is UNSET:
                continue
            boxes += 1
            x, y, w, h = box
            has_far_place = has_far_place or x > 1 or y > 1 or x < 0 or y < 0
            if w > 1 or h > 1:
                has_large_side = True
            elif w > 0 and h > 0:
                found.tiny.append(row)
            if not (w > 0 and h > 0):
                found.no_area.append(row)
            if (size := size_of(row.image_id)) and (
                x < -edge or y < -edge or x + w > size[0] + edge or y + h > size[1] + edge
            ):
                found.outside.append((row, box, size))
        found.has_far_place, found.has_large_side = has_far_place, has_large_side
        found.boxes += boxes

    @cached_property
    def boxes(self) -> list[tuple[Annotation, tuple[float, float, float, float], tuple[int, int]]]:
        """Every annotation that has a box and an image of known size."""
        return [
            (row, row.bbox, size)
            for row in self.annotations
            if isinstance(row.bbox, tuple) and (size := self.sizes.get(row.image_id))
        ]

    @property
    def tiny(self) -> list[tuple[Annotation, tuple[float, float, float, float], tuple[int, int]]]:
        """Those whose box has no side above 1 px, and lies in the first pixel of its image."""
        return [
            (row, row.bbox, size)
            for row in self.survey.tiny
            if isinstance(row.bbox, tuple)
            and 0 <= row.bbox[0] <= 1
            and 0 <= row.bbox[1] <= 1
            and (row.bbox[2] % 1 or row.bbox[3] % 1)
            and (size := self.sizes.get(row.image_id))
        ]

    @cached_property
    def odd_forms(self) -> list[tuple[Annotation, str]]:
        """The annotations whose segmentation doesn't begin as polygons do, with its form."""
        return [(row, form(text_of(row))) for row in self.survey.odd]

    def unread(self, table: str) -> set[int | None]:
        """Return the ids of a table's rows that the file has, but that can't be read."""
        return set(self.dataset.left_out.get(table, {}).values())

    def of(self, row: Annotation, value: Any = None) -> Row:
        """Name an annotation."""
        return Row(f"annotation {row.id}", value, self.file_names.get(row.image_id, ""))


@dataclass(slots=True)
class Survey:
    """Annotations that a fast predicate has noticed.

    Attributes:
        odd: their segmentation doesn't begin and end as a polygon does, has more than one list of
            numbers, has null or text in it, or is one of the huge.
        huge: their segmentation is a list, and may have a number of a million or more.
        short: their segmentation has few characters.
        boxes: how many have a box.
        no_area: their box has a side of 0 or less.
        outside: their box reaches out of the image by more than rounding; with box and size.
        at_odds: their area isn't their box's, and they have no long segmentation.
        tiny: their box has sides of up to 1 px.
        has_far_place: the left top of a box isn't within 0..1.
        has_large_side: a box has a side of over 1 px.
    """

    odd: list[Annotation] = field(default_factory=list)
    huge: list[Annotation] = field(default_factory=list)
    short: list[Annotation] = field(default_factory=list)
    boxes: int = 0
    no_area: list[Annotation] = field(default_factory=list)
    outside: list[tuple[Annotation, tuple[float, float, float, float], tuple[int, int]]] = field(
        default_factory=list
    )
    at_odds: list[Annotation] = field(default_factory=list)
    tiny: list[Annotation] = field(default_factory=list)
    has_far_place: bool = False
    has_large_side: bool = False


def _has_text(text: bytes) -> bool:
    """Report whether segmentations have null or text in them."""
    return _N in text or _QUOTE in text


def _may_have_a_million(text: bytes) -> bool:
    """Report whether there may be a number of a million or more, on either side of 0."""
    if _E in text or _LARGE_E in text:
        return True
    return text.translate(_WHOLE).rfind(_MILLION) >= 0  # takes half of what find does


def of_image(image: Image, value: Any = None) -> Row:
    """Name an image."""
    return Row(f"image {image.id} ({image.file_name!r})", value, image.file_name)


def of_category(category: Category, value: Any = None) -> Row:
    """Name a category."""
    return Row(f"category {category.id} ({category.name!r})", value)


def repeated(values: Collection[Any]) -> set[Any]:
    if len(set(values)) == len(values):
        return set()
    return {value for value, n in Counter(values).items() if n > 1}


def text_of(row: Annotation) -> bytes:
    return b"" if row.segmentation is UNSET else bytes(row.segmentation)
