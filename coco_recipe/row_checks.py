"""What is wrong with the rows of a data set, found in one pass over all of them and without a picture.

A check is a fast predicate over every row; only rows that fail it are looked at closely.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

import msgspec
from msgspec import UNSET

from coco_recipe.coco_json import unsafe_name
from coco_recipe.dataset import Annotation, Category, Dataset, Image, extras
from coco_recipe.findings import Finding, Kind, Row

EDGE_PX = 1.0  # labelling tools round a box outward by as much
AREA_SHARE = 0.01  # an area that differs from w * h by less was rounded
FEW = 0.2  # share of boxes that must reach out before corners are suspected


class Rows:
    """A data set with what several checks ask of it."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.images, self.annotations, self.categories = dataset.images, dataset.annotations, dataset.categories

    @cached_property
    def file_names(self) -> dict[int, str]:
        return {image.id: image.file_name for image in self.images}

    @cached_property
    def sizes(self) -> dict[int, tuple[int, int] | None]:
        """Width and height in pixels by image id; None where they are missing or not above 0."""
        return {image.id: (image.width, image.height)
                if isinstance(image.width, int) and isinstance(image.height, int)
                and image.width > 0 and image.height > 0 else None for image in self.images}

    @cached_property
    def survey(self) -> "Survey":
        """What one pass over the annotations tells, by fast predicates."""
        found, size_of = Survey(), self.sizes.get
        for row in self.annotations:
            length = 0
            if row.segmentation is not UNSET:
                view = memoryview(row.segmentation)  # no copy of a long polygon
                length = len(view)
                head = bytes(view[:_HEAD])
                end = head.find(b"]")
                if head[:3] not in _POLYGON_HEADS or (end > 0 and head.count(b",", 0, end) < 5):
                    found.odd.append(row)
                if length < _LONG:
                    found.short.append(row)
            if not isinstance(row.bbox, tuple):
                continue
            found.boxes += 1
            x, y, w, h = row.bbox
            if x > 1 or y > 1 or w > 1 or h > 1 or x < 0 or y < 0:
                found.has_large = True
            if not (w > 0 and h > 0):
                found.no_area.append(row)
            if (size := size_of(row.image_id)) and (
                    x < -EDGE_PX or y < -EDGE_PX or x + w > size[0] + EDGE_PX or y + h > size[1] + EDGE_PX):
                found.outside.append((row, row.bbox, size))
            if length < _LONG and row.area is not UNSET and abs(row.area - w * h) > AREA_SHARE * abs(w * h) + 1:
                found.at_odds.append(row)
        return found

    @cached_property
    def boxes(self) -> list[tuple[Annotation, tuple[float, float, float, float], tuple[int, int]]]:
        """Every annotation that has a box and an image of known size."""
        return [(row, row.bbox, size) for row in self.annotations
                if isinstance(row.bbox, tuple) and (size := self.sizes.get(row.image_id))]

    @cached_property
    def odd_forms(self) -> list[tuple[Annotation, str]]:
        """The annotations whose segmentation doesn't begin as polygons do, with its form; see `_form`."""
        return [(row, _form(_text(row))) for row in self.survey.odd]

    def of(self, row: Annotation, value: Any = None) -> Row:
        """Name an annotation."""
        return Row(f"annotation {row.id}", value, self.file_names.get(row.image_id, ""))


@dataclass(slots=True)
class Survey:
    """Annotations that a fast predicate has noticed.

    Attributes:
        odd: their segmentation doesn't begin as polygons of three points or more do.
        short: their segmentation has few characters.
        boxes: how many have a box.
        no_area: their box has a side of 0 or less.
        outside: their box reaches out of the image by more than rounding; with box and size.
        at_odds: their area isn't their box's, and they have no long segmentation.
        has_large: a box isn't within 0..1.
    """

    odd: list[Annotation] = field(default_factory=list)
    short: list[Annotation] = field(default_factory=list)
    boxes: int = 0
    no_area: list[Annotation] = field(default_factory=list)
    outside: list[tuple[Annotation, tuple[float, float, float, float], tuple[int, int]]] = field(default_factory=list)
    at_odds: list[Annotation] = field(default_factory=list)
    has_large: bool = False


Finder = Callable[[Rows], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A kind of finding, and what finds its rows."""

    kind: Kind
    find: Finder


def of_image(image: Image, value: Any = None) -> Row:
    """Name an image."""
    return Row(f"image {image.id} ({image.file_name!r})", value, image.file_name)


def of_category(category: Category, value: Any = None) -> Row:
    """Name a category."""
    return Row(f"category {category.id} ({category.name!r})", value)


def findings(dataset: Dataset, place: str, kinds: Container[str] | None = None) -> Iterator[Finding]:
    """Yield everything that is wrong with the rows of a data set.

    Args:
        dataset: the data set.
        place: the input's name or the file, for the findings.
        kinds: names of the kinds to look for; None for all.
    """
    rows = Rows(dataset)
    for check in CHECKS:
        if kinds is not None and check.kind.name not in kinds:
            continue
        found = Finding.of(check.kind, place, check.find(rows))
        if found.count:
            yield found


def _repeated(values: Iterable[Any]) -> set[Any]:
    listed = list(values)
    if len(set(listed)) == len(listed):
        return set()
    return {value for value, n in Counter(listed).items() if n > 1}


def _repeated_image_ids(rows: Rows) -> Iterator[Row]:
    again = _repeated(image.id for image in rows.images)
    return (of_image(image) for image in rows.images if image.id in again)


def _repeated_file_names(rows: Rows) -> Iterator[Row]:
    again = _repeated(image.file_name for image in rows.images)
    return (of_image(image) for image in rows.images if image.file_name in again)


def _repeated_annotation_ids(rows: Rows) -> Iterator[Row]:
    again = _repeated(row.id for row in rows.annotations)
    return (rows.of(row) for row in rows.annotations if row.id in again)


def _repeated_category_ids(rows: Rows) -> Iterator[Row]:
    again = _repeated(category.id for category in rows.categories)
    return (of_category(category) for category in rows.categories if category.id in again)


def _repeated_category_names(rows: Rows) -> Iterator[Row]:
    again = _repeated(category.name for category in rows.categories)
    return (of_category(category) for category in rows.categories if category.name in again)


def _empty_names(rows: Rows) -> Iterator[Row]:
    return (of_category(category) for category in rows.categories if not category.name.strip())


def _unsafe_file_names(rows: Rows) -> Iterator[Row]:
    return (of_image(image, reason) for image in rows.images if (reason := unsafe_name(image.file_name)))


def _dangling_images(rows: Rows) -> Iterator[Row]:
    if {row.image_id for row in rows.annotations} <= rows.file_names.keys():
        return iter(())
    return (rows.of(row, f"image {row.image_id}") for row in rows.annotations if row.image_id not in rows.file_names)


def _dangling_categories(rows: Rows) -> Iterator[Row]:
    known: set[Any] = {category.id for category in rows.categories} | {UNSET}
    if not rows.categories or {row.category_id for row in rows.annotations} <= known:
        return iter(())
    return (rows.of(row, f"category {row.category_id}") for row in rows.annotations if row.category_id not in known)


def _no_categories(rows: Rows) -> Iterator[Row]:
    if rows.categories:
        return iter(())
    return (rows.of(row, f"category {row.category_id}") for row in rows.annotations if row.category_id is not UNSET)


def _without_category(rows: Rows) -> Iterator[Row]:
    return (rows.of(row) for row in rows.annotations if row.category_id is UNSET)


def _without_box(rows: Rows) -> Iterator[Row]:
    return (rows.of(row) for row in rows.annotations if row.bbox is UNSET)


def _without_area(rows: Rows) -> Iterator[Row]:
    return (rows.of(row) for row in rows.annotations if row.area is UNSET)


def _without_size(rows: Rows) -> Iterator[Row]:
    return (of_image(image, _told_size(image)) for image in rows.images if rows.sizes[image.id] is None)


def _told_size(image: Image) -> str:
    return " x ".join("missing" if side is UNSET else str(side) for side in (image.width, image.height))


def _no_area_boxes(rows: Rows) -> Iterator[Row]:
    return (rows.of(row, _listed(row.bbox)) for row in rows.survey.no_area)


def _outside(rows: Rows) -> Iterator[Row]:
    return (rows.of(row, list(box)) for row, box, size in rows.survey.outside if _is_outside(box, size))


def _past_the_edge(rows: Rows) -> Iterator[Row]:
    return (rows.of(row, list(box)) for row, box, size in rows.survey.outside if not _is_outside(box, size))


def _listed(box: Any) -> list[float]:
    return list(box)


def _is_outside(box: tuple[float, float, float, float], size: tuple[int, int]) -> bool:
    x, y, w, h = box
    return x >= size[0] or y >= size[1] or x + w <= 0 or y + h <= 0


def _normalised(rows: Rows) -> Iterator[Row]:
    """Yield all boxes where every one of them lies in 0..1, which is no larger than a pixel."""
    if rows.survey.has_large:
        return iter(())
    sized = [(row, box) for row, box, size in rows.boxes if min(size) > 2]
    if all(box[2] == 1 and box[3] == 1 for _, box in sized):
        return iter(())
    return (rows.of(row, list(box)) for row, box in sized)


def _corners(rows: Rows) -> Iterator[Row]:
    """Yield all boxes where many reach out as x y w h, and every one fits its image as x1 y1 x2 y2."""
    if len(rows.survey.outside) < max(1, FEW * rows.survey.boxes) or not all(
            0 <= x < right <= size[0] + EDGE_PX and 0 <= y < bottom <= size[1] + EDGE_PX
            for _, (x, y, right, bottom), size in rows.boxes):
        return iter(())
    return (rows.of(row, list(box)) for row, box, _ in rows.boxes)


def _areas_not_positive(rows: Rows) -> Iterator[Row]:
    return (rows.of(row, row.area) for row in rows.annotations if row.area is not UNSET and not row.area > 0)


def _area_not_of_box(rows: Rows) -> Iterator[Row]:
    """Yield rows without a segmentation whose area isn't their box's."""
    for row in rows.survey.at_odds:
        if (row.segmentation is UNSET or _text(row).strip() in _NOTHING) and isinstance(row.bbox, tuple):
            expected = row.bbox[2] * row.bbox[3]
            if row.area is not UNSET and row.area > 0:
                yield rows.of(row, {"area": row.area, "w * h": round(expected, 2)})


def _text(row: Annotation) -> bytes:
    return b"" if row.segmentation is UNSET else bytes(row.segmentation)


_NOTHING = (b"[]", b"null", b"{}", b"[[]]", b'""')
_POLYGON_HEADS = {b"[[%c" % c for c in b"0123456789-]"} | {b"[]"}


def _segmentation_forms(form: str) -> Finder:
    """Return what finds segmentations of one wrong form: flat, pairs or other."""
    def find(rows: Rows) -> Iterator[Row]:
        for row, found in rows.odd_forms:
            if found == form:
                yield rows.of(row, _short(_text(row)))
    return find


def _form(text: bytes) -> str:
    """Name the form of a segmentation; empty where it is one that COCO has."""
    value = msgspec.json.decode(text)
    if not value:
        return "" if value is None or value == [] else "other"
    if isinstance(value, dict):
        size, counts = value.get("size"), value.get("counts")
        whole = isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) for side in size)
        return "" if whole and isinstance(counts, str | list) else "other"
    if not isinstance(value, list):
        return "other"
    if all(_is_number(one) for one in value):
        return "flat"
    if len(value) > 2 and all(isinstance(one, list) and len(one) == 2 and all(map(_is_number, one)) for one in value):
        return "pairs"
    if all(isinstance(one, list) and one and all(isinstance(two, list) for two in one) for one in value):
        return "pairs"
    return "" if all(isinstance(one, list) and all(map(_is_number, one)) for one in value) else "other"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _short(text: bytes) -> str:
    shown = text.decode("utf-8", "replace")
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _short_polygons(rows: Rows) -> Iterator[Row]:
    """Yield rows with a polygon of an odd count, or of fewer than 6 numbers: pycocotools takes 4 for a box."""
    for row in rows.survey.short:
        text = _text(row)
        if text.startswith(b"[[") and text.count(b",") < 5 * max(1, text.count(b"[") - 1) and not _form(text):
            found = msgspec.json.decode(text)
            wrong = [len(ring) for ring in found if isinstance(ring, list) and (len(ring) < 6 or len(ring) % 2)]
            if any(wrong):
                yield rows.of(row, f"{wrong[0]} numbers")


_HEAD = 40  # characters: three points are longer, but for the smallest numbers
_LONG = 120  # characters; a short polygon beside a long one is seen by the check of masks


def _crowd_flags(rows: Rows) -> Iterator[Row]:
    return (rows.of(row, row.iscrowd) for row in rows.annotations if row.iscrowd is not UNSET and row.iscrowd not in (0, 1))


def _keypoints(rows: Rows) -> Iterator[tuple[Annotation, list[Any], int]]:
    """Yield the rows that have keypoints, decoded, with the number of names that their category has (0: none)."""
    kinds: set[Any] = set(map(type, rows.annotations))
    if not any("keypoints" in kind.__struct_encode_fields__ for kind in kinds):
        return
    names: dict[Any, int] = {}
    for category in rows.categories:
        listed = dict(extras(category)).get("keypoints")
        names[category.id] = len(listed) if isinstance(listed, list) else 0
    for row in rows.annotations:
        value = getattr(row, "keypoints", UNSET)
        if value is not UNSET and (found := msgspec.json.decode(value)):
            yield row, found if isinstance(found, list) else [], names.get(row.category_id, 0)


def _keypoint_number(rows: Rows) -> Iterator[Row]:
    for row, found, names in _keypoints(rows):
        if (names and len(found) != 3 * names) or len(found) % 3 or not all(map(_is_number, found)):
            yield rows.of(row, f"{len(found)} numbers for {names} keypoints" if names else f"{len(found)} numbers")


def _keypoint_flags(rows: Rows) -> Iterator[Row]:
    for row, found, names in _keypoints(rows):
        if (not names or len(found) == 3 * names) and not set(found[2::3]) <= {0, 1, 2}:
            yield rows.of(row, sorted(set(found[2::3]) - {0, 1, 2}, key=str))


def _keypoint_counts(rows: Rows) -> Iterator[Row]:
    for row, found, names in _keypoints(rows):
        value = getattr(row, "num_keypoints", UNSET)
        if value is not UNSET and (not names or len(found) == 3 * names):
            labelled = sum(1 for flag in found[2::3] if flag)
            if msgspec.json.decode(value) != labelled:
                yield rows.of(row, {"num_keypoints": msgspec.json.decode(value), "labelled": labelled})


def _plain(name: str) -> str:
    """Return a name without what the eye doesn't see: case, blanks, Unicode form, characters of no width."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


def _categories_alike(rows: Rows) -> Iterator[Row]:
    names = list(dict.fromkeys(category.name for category in rows.categories))
    first: dict[str, str] = {}
    for name in names:
        if (other := first.setdefault(_plain(name), name)) != name:
            yield Row(f"category {name!r}", other)


def _file_names_alike(rows: Rows) -> Iterator[Row]:
    names = dict.fromkeys(image.file_name for image in rows.images)
    lower = {name.casefold() for name in names}
    if len(lower) == len(names) and all(map(str.isascii, names)):
        return
    first: dict[str, str] = {}
    for image in rows.images:
        key = unicodedata.normalize("NFC", image.file_name).casefold()
        if (other := first.setdefault(key, image.file_name)) != image.file_name:
            yield of_image(image, other)


TEXTS = ("date_captured", "coco_url", "flickr_url")  # COCO has text there, and hotcoco reads nothing else


def _wrong_texts(rows: Rows) -> Iterator[Row]:
    kinds: set[Any] = set(map(type, rows.images))
    keys = [key for key in TEXTS if any(key in kind.__struct_encode_fields__ for kind in kinds)]
    for image in rows.images if keys else ():
        for key in keys:
            value = getattr(image, key, UNSET)
            if value is not UNSET and bytes(memoryview(value)[:1]) not in (b'"', b"n"):
                yield of_image(image, {key: msgspec.json.decode(value)})


def _unused_categories(rows: Rows) -> Iterator[Row]:
    used = {row.category_id for row in rows.annotations}
    return (of_category(category) for category in rows.categories if category.id not in used)


def _check(name: str, what: str, remedy: str, find: Finder, *, severity: Any = "warning", needed: bool = False) -> RowCheck:
    return RowCheck(Kind(name, severity, what, remedy, needed), find)


CHECKS = (
    _check("repeated_image_ids", "images have an id that another has", "give each image its own id", _repeated_image_ids,
           severity="error", needed=True),
    _check("repeated_file_names", "images have the file name of another", "keep one row for each file", _repeated_file_names,
           severity="error", needed=True),
    _check("repeated_category_ids", "categories have an id that another has", "give each category its own id",
           _repeated_category_ids, severity="error", needed=True),
    _check("repeated_category_names", "categories have the name of another", "give each its own name, or join them",
           _repeated_category_names, severity="error", needed=True),
    _check("empty_category_names", "categories have an empty name", "give it a name", _empty_names,
           severity="error", needed=True),
    _check("unsafe_file_names", "images have a file name that can't be used below a folder",
           "repair: file_names: basename", _unsafe_file_names, severity="error", needed=True),
    _check("dangling_image_ids", "annotations point to an image that is not in the file", "add the image, or remove the rows",
           _dangling_images, severity="error", needed=True),
    _check("dangling_category_ids", "annotations point to a category that is not in the file",
           "add the category, or remove the rows", _dangling_categories, severity="error", needed=True),
    _check("no_categories", "annotations have a category id, and the file has no category", "list the categories in the file",
           _no_categories),
    _check("annotations_without_category", "annotations have no category id", "give them one, or remove them", _without_category),
    _check("repeated_annotation_ids", "annotations have an id that another has", "reindex numbers them anew",
           _repeated_annotation_ids),
    _check("annotations_without_box", "annotations have no bbox", "repair: bbox: from_segmentation", _without_box),
    _check("annotations_without_area", "annotations have no area", "repair: area: recompute", _without_area),
    _check("images_without_size", "images have no width and height above 0", "repair: sizes: from_pictures", _without_size),
    _check("boxes_of_no_area", "boxes have a width or height of 0 or less", "filter_annotations: no_area: drop", _no_area_boxes),
    _check("boxes_outside", "boxes lie outside of their image", "filter_annotations: past_the_edge: drop", _outside),
    _check("boxes_past_the_edge", "boxes reach out of their image", "filter_annotations: past_the_edge: clip", _past_the_edge),
    _check("boxes_normalised", "boxes lie in 0..1, all of them, and images are larger: they look normalised",
           "multiply them by their image's width and height", _normalised),
    _check("boxes_as_corners", "boxes look like x1 y1 x2 y2: many reach out as x y w h, and all fit their image as corners",
           "write them as x, y, x2 - x1, y2 - y1", _corners),
    _check("areas_not_positive", "areas are 0 or less, and trainers skip such rows", "repair: area: recompute",
           _areas_not_positive),
    _check("area_not_of_box", "areas are at odds with their box, without a segmentation", "repair: area: recompute",
           _area_not_of_box),
    _check("segmentations_flat", "segmentations are a flat list of numbers, where COCO has a list of polygons",
           "repair: segmentations: flat_to_list", _segmentation_forms("flat")),
    _check("segmentations_of_pairs", "segmentations are pairs of numbers, where COCO has flat polygons",
           "repair: segmentations: pairs_to_list", _segmentation_forms("pairs")),
    _check("segmentations_of_unknown_form", "segmentations are neither polygons nor a run-length mask",
           "correct these rows, or set segmentation to []", _segmentation_forms("other")),
    _check("polygons_too_short", "polygons have an odd number of coordinates or fewer than 6",
           "repair: segmentations: drop_degenerate", _short_polygons),
    _check("crowd_flags", "iscrowd is neither 0 nor 1", "set it to 0 or 1", _crowd_flags),
    _check("keypoints_of_wrong_number", "keypoints are not three numbers (x, y, flag) for each name of their category",
           "write x, y, flag for each keypoint, or correct the category's list", _keypoint_number, severity="error"),
    _check("keypoint_flags", "keypoints have a flag other than 0, 1 and 2", "write 0 (not labelled), 1 (hidden) or 2 (visible)",
           _keypoint_flags),
    _check("num_keypoints_at_odds", "num_keypoints is not the number of labelled keypoints", "repair: num_keypoints: recompute",
           _keypoint_counts),
    _check("categories_alike", "categories have the name of another but for case, blanks or Unicode form",
           "map_categories: map: {<name>: <the other>} joins them", _categories_alike),
    _check("file_names_alike", "file names are another's but for case or Unicode form: some file systems have one file for both",
           "rename one of the files", _file_names_alike),
    _check("texts_of_wrong_type", "keys of images (date_captured, coco_url, flickr_url) are no text", "repair: texts: to_text",
           _wrong_texts),
    _check("unused_categories", "categories have no box", "repair: categories: drop_unused", _unused_categories),
)
KINDS = {check.kind.name: check.kind for check in CHECKS}

# what pycocotools, mmdet's CocoDataset or hotcoco would crash on, misassign or lose
READERS_REFUSE = (
    "repeated_annotation_ids", "no_categories", "annotations_without_category", "annotations_without_box",
    "annotations_without_area", "images_without_size", "segmentations_flat", "segmentations_of_pairs",
    "segmentations_of_unknown_form", "texts_of_wrong_type")
# the same, and what no input may have, as far as it can be looked for without a look at each segmentation
BEFORE_EXPORT = frozenset({*READERS_REFUSE, *(name for name, kind in KINDS.items() if kind.needed)}) - {
    "segmentations_flat", "segmentations_of_pairs", "segmentations_of_unknown_form"}
