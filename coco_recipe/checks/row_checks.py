"""What is wrong with the rows of a data set: kinds of findings, and what finds the rows of each.

A check is a fast predicate over every row; only rows that fail it are looked at closely.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace

from coco_recipe.checks import boxes, ids, keypoints, keys, masks, names, shapes, unsafe_names
from coco_recipe.checks.rows import Rows
from coco_recipe.dataset import Dataset
from coco_recipe.findings import Finding, Kind, Row

Finder = Callable[[Rows], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A kind of finding, what finds its rows, and what tells what to do about them."""

    kind: Kind
    find: Finder
    remedy_of: Callable[[Rows], str] | None = None  # for these rows; None is the kind's own


def findings(
    dataset: Dataset, place: str, kinds: Container[str] | None = None
) -> Iterator[Finding]:
    """Look for everything that is wrong with the rows of a data set.

    Args:
        dataset: the data set.
        place: the input's name or the file, for the findings.
        kinds: names of the kinds to look for; None for all.

    Yields:
        A finding for each kind of which there is a row.
    """
    return findings_of(Rows(dataset), place, kinds)


def findings_of(rows: Rows, place: str, kinds: Container[str] | None = None) -> Iterator[Finding]:
    """Yield the same of rows as checks see them."""
    for check in CHECKS:
        if kinds is not None and check.kind.name not in kinds:
            continue
        found = Finding.of(check.kind, place, check.find(rows))
        if found.count:
            yield replace(found, remedy=check.remedy_of(rows)) if check.remedy_of else found


def _warning(name: str, find: Finder, what: str, remedy: str) -> RowCheck:
    return RowCheck(Kind(name, "warning", what, remedy), find)


def _error(name: str, find: Finder, what: str, remedy: str) -> RowCheck:
    return RowCheck(Kind(name, "error", what, remedy), find)


def _always(
    name: str, find: Finder, what: str, remedy: str, remedy_of: Callable[[Rows], str] | None = None
) -> RowCheck:
    """Make the check of what steps rely on."""
    return RowCheck(Kind(name, "error", what, remedy, needed=True), find, remedy_of)


_BOX = "repair: bbox: from_segmentation, for rows with a segmentation"
NO_AREA, WRONG_RUNS = "segmentations_of_no_area", "masks_with_wrong_runs"
CHECKS = (
    _always(
        "repeated_image_ids",
        ids.repeated_image_ids,
        "images have an id that another has",
        "give each image its own id",
    ),
    _always(
        "repeated_file_names",
        names.repeated_file_names,
        "images have the file name of another",
        "keep one row for each file",
    ),
    _always(
        "repeated_category_ids",
        ids.repeated_category_ids,
        "categories have an id that another has",
        "give each category its own id",
    ),
    _always(
        "repeated_category_names",
        names.repeated_category_names,
        "categories have the name of another",
        "give each its own name, or join them",
    ),
    _always(
        "empty_category_names",
        names.empty_names,
        "categories have an empty name",
        "give it a name",
    ),
    _always(
        "unsafe_file_names",
        names.unsafe_file_names,
        "images have a file name that can't be used below a folder",
        "repair: file_names: {basename: true}",
        unsafe_names.remedy,
    ),
    _always(
        "dangling_image_ids",
        ids.dangling_images,
        "annotations point to an image that is not in the file",
        "add the image, or remove the rows",
    ),
    _always(
        "dangling_category_ids",
        ids.dangling_categories,
        "annotations point to a category that is not in the file",
        "add the category, or remove the rows",
    ),
    _warning(
        "no_categories",
        ids.no_categories,
        "annotations have a category id, and the file has no category",
        "list the categories in the file",
    ),
    _warning(
        "annotations_without_category",
        ids.without_category,
        "annotations have no category id",
        "give them one, or remove them",
    ),
    _warning(
        "repeated_annotation_ids",
        ids.repeated_annotation_ids,
        "annotations have an id that another has",
        "reindex numbers them anew",
    ),
    _warning(
        "image_ids_out_of_range",
        ids.image_ids_out_of_range,
        "images have an id below 0 or of over 63 bits, which readers can't load",
        "reindex numbers them anew",
    ),
    _warning(
        "annotation_ids_out_of_range",
        ids.annotation_ids_out_of_range,
        "annotations have an id below 0 or of over 63 bits, which readers can't load",
        "reindex numbers them anew",
    ),
    _warning(
        "category_ids_out_of_range",
        ids.category_ids_out_of_range,
        "categories have an id below 0 or of over 63 bits, which readers can't load",
        "reindex: categories: 1 numbers them anew",
    ),
    _warning(
        "licenses_of_wrong_type",
        names.wrong_licenses,
        "images have a license that is no whole number from 0 up, of at most 64 bits, which "
        "hotcoco can't load",
        "repair: licenses: drop",
    ),
    _warning(
        "sizes_too_large",
        keys.sizes_too_large,
        f"images have a width or height of over {keys.LARGEST} px, which hotcoco can't load",
        "repair: sizes: from_pictures",
    ),
    _warning(
        "keys_of_wrong_type",
        keys.wrong_values(keys.OTHERS),
        "keys (score, obb, is_group_of and others) are of a type that hotcoco can't load",
        "write a number (score), five (obb), 0 or 1 (is_group_of, isthing), a list of ids "
        "(neg_category_ids, not_exhaustive_category_ids) or a text (frequency), or leave the "
        "key out",
    ),
    _warning(
        "annotations_without_box",
        boxes.without_box,
        "annotations have no bbox",
        "repair: bbox: from_segmentation",
    ),
    _warning(
        "annotations_without_area",
        boxes.without_area,
        "annotations have no area",
        "repair: area: recompute",
    ),
    _warning(
        "images_without_size",
        boxes.without_size,
        "images have no width and height above 0",
        "repair: sizes: from_pictures",
    ),
    _warning(
        "boxes_of_no_area",
        boxes.no_area_boxes,
        "boxes have a width or height of 0 or less",
        f"{_BOX}; else filter_annotations: no_area: drop",
    ),
    _warning(
        "boxes_outside",
        boxes.outside,
        "boxes lie outside of their image",
        f"{_BOX}; else filter_annotations: past_the_edge: drop",
    ),
    _warning(
        "boxes_past_the_edge",
        boxes.past_the_edge,
        "boxes reach out of their image",
        f"{_BOX}; else filter_annotations: past_the_edge: clip",
    ),
    _warning(
        "boxes_normalised",
        boxes.normalised,
        "boxes lie in 0..1, by place, sides or both, and images are larger: they look normalised",
        "multiply them by their image's width and height",
    ),
    _warning(
        "boxes_as_corners",
        boxes.corners,
        "boxes look like x1 y1 x2 y2: as corners they fit their image or their area, as x y w h "
        "they don't",
        "write them as x, y, x2 - x1, y2 - y1",
    ),
    _warning(
        "areas_not_positive",
        boxes.areas_not_positive,
        "areas are 0 or less, and trainers skip such rows",
        "repair: area: recompute",
    ),
    _warning(
        "area_not_of_box",
        boxes.area_not_of_box,
        "areas are at odds with their box, without a segmentation",
        "repair: area: recompute",
    ),
    _warning(
        "segmentations_flat",
        shapes.segmentation_forms("flat"),
        "segmentations are a flat list of numbers, where COCO has a list of polygons",
        "repair: segmentations: flat_to_list",
    ),
    _warning(
        "segmentations_of_pairs",
        shapes.segmentation_forms("pairs"),
        "segmentations are pairs of numbers, where COCO has flat polygons",
        "repair: segmentations: pairs_to_list",
    ),
    _warning(
        "segmentations_of_texts",
        shapes.segmentation_forms("texts"),
        "segmentations have numbers in quotes",
        "repair: segmentations: to_numbers",
    ),
    _warning(
        "segmentations_of_unknown_form",
        shapes.segmentation_forms("other"),
        "segmentations are neither polygons nor a run-length mask",
        "correct these rows, or set segmentation to []",
    ),
    _warning(
        WRONG_RUNS,
        masks.wrong_runs,
        "run-length masks have counts that don't sum to height * width, or can't be read",
        "write these masks again, or drop them",
    ),
    _warning(
        "masks_of_another_size",
        masks.of_another_size,
        "run-length masks have a size other than their image's",
        "draw these masks again for the picture as it is, or drop them",
    ),
    _warning(
        "polygons_too_short",
        shapes.short_polygons,
        "polygons have an odd number of coordinates or fewer than 6",
        "repair: segmentations: drop_degenerate",
    ),
    _warning(
        "polygons_of_huge_numbers",
        shapes.huge_polygons,
        "polygons have a vertex over 1,000,000 px away, which is in no picture",
        "correct these rows or drop them",
    ),
    _warning(
        NO_AREA,
        shapes.flat_segmentations,
        "segmentations have no area",
        "repair: segmentations: drop_degenerate",
    ),
    _warning(
        "annotations_without_crowd_flag",
        shapes.without_crowd_flag,
        "annotations have no iscrowd, at which COCOeval of pycocotools stops",
        "repair: crowd: fill",
    ),
    _warning("crowd_flags", shapes.crowd_flags, "iscrowd is neither 0 nor 1", "set it to 0 or 1"),
    _error(
        "keypoints_of_wrong_type",
        keys.wrong_values(keys.KEYPOINTS),
        "lists of keypoints are something other than numbers, which hotcoco can't load",
        "write x, y, flag for each keypoint, or leave the key out",
    ),
    _warning(
        "num_keypoints_of_wrong_type",
        keys.wrong_values(keys.NUM_KEYPOINTS),
        "annotations have a num_keypoints that is no whole number from 0 to "
        f"{keys.LARGEST}, which hotcoco can't load",
        "repair: num_keypoints: recompute",
    ),
    _warning(
        "category_keypoints_of_wrong_type",
        keys.wrong_values(keys.OF_CATEGORIES),
        "categories have keypoints or a skeleton of a type that hotcoco can't load",
        "write keypoints as names in quotes and skeleton as pairs of whole numbers, or leave "
        "the key out",
    ),
    _error(
        "keypoints_of_wrong_number",
        keypoints.keypoint_number,
        "lists of keypoints are not three numbers (x, y, flag) for each name of their category",
        "write x, y, flag for each keypoint, or correct the category's list",
    ),
    _warning(
        "keypoint_flags",
        keypoints.keypoint_flags,
        "keypoints have a flag other than 0, 1 and 2",
        "write 0 (not labelled), 1 (hidden) or 2 (visible)",
    ),
    _warning(
        "keypoints_far_outside",
        keypoints.far_keypoints,
        "annotations have a labelled keypoint far outside of their picture",
        "correct these rows, or set the keypoint to 0, 0, 0 (not labelled)",
    ),
    _warning(
        "num_keypoints_at_odds",
        keypoints.keypoint_counts,
        "num_keypoints is not the number of labelled keypoints",
        "repair: num_keypoints: recompute",
    ),
    _warning(
        "categories_alike",
        names.categories_alike,
        "categories have the name of another but for case, blanks or Unicode form",
        "map_categories: map: {<name>: <the other>} joins them",
    ),
    _warning(
        "file_names_alike",
        names.file_names_alike,
        "file names are another's but for case or Unicode form: some file systems have one "
        "file for both",
        "rename one of the files",
    ),
    _warning(
        "texts_of_wrong_type",
        names.wrong_texts,
        "keys of images (date_captured, coco_url, flickr_url) are no text",
        "repair: texts: to_text",
    ),
    _warning(
        "unused_categories",
        ids.unused_categories,
        "categories have no box",
        "repair: categories: drop_unused",
    ),
)
KINDS = {check.kind.name: check.kind for check in CHECKS}
SEGMENTATIONS_OF_NO_AREA = KINDS[NO_AREA]
POLYGONS_TOO_SHORT = KINDS["polygons_too_short"]

_FORMS = (
    "segmentations_flat",
    "segmentations_of_pairs",
    "segmentations_of_texts",
    "segmentations_of_unknown_form",
)
# found by the survey of annotations that pass once, which takes longer than all other checks
IN_PASSING = frozenset(
    {
        "boxes_of_no_area",
        "boxes_outside",
        "boxes_past_the_edge",
        "boxes_normalised",
        "boxes_as_corners",
        "area_not_of_box",
        "polygons_of_huge_numbers",
        "polygons_too_short",
        "masks_of_another_size",
        *_FORMS,
        WRONG_RUNS,
        NO_AREA,
    }
)
# what pycocotools, mmdet's CocoDataset or hotcoco would crash on, misassign or lose
READERS_REFUSE = (
    "repeated_annotation_ids",
    "no_categories",
    "annotations_without_category",
    "annotations_without_box",
    "annotations_without_area",
    "images_without_size",
    *_FORMS,
    "texts_of_wrong_type",
    "licenses_of_wrong_type",
    "image_ids_out_of_range",
    "annotation_ids_out_of_range",
    "category_ids_out_of_range",
    "sizes_too_large",
    "keys_of_wrong_type",
    "keypoints_of_wrong_type",
    "num_keypoints_of_wrong_type",
    "category_keypoints_of_wrong_type",
    WRONG_RUNS,
)
# the same, and what no input may have, as far as no segmentation must be looked at
BEFORE_EXPORT = frozenset(
    {*READERS_REFUSE, *(name for name, kind in KINDS.items() if kind.needed)}
) - {*_FORMS, WRONG_RUNS}
