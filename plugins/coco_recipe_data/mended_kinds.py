"""The kinds of findings that each parameter of ``repair`` mends, takes in or refuses."""

from collections.abc import Iterator, Mapping
from typing import Any

from coco_recipe import Params
from coco_recipe_data import segmentation_mends

ANY = ""
WRONG_RUNS = "masks_with_wrong_runs"  # no box or area can be taken from such a mask
# kinds of pictures that have no size to take
UNMEASURED = ("unreadable_pictures", "cut_off_pictures")
# the kinds of findings that are gone behind each parameter, or behind one value of it
MENDED: Mapping[tuple[str, Any], tuple[str, ...]] = {
    ("file_names", ANY): ("missing_pictures", "unsafe_file_names"),
    ("missing_pictures", "drop"): ("missing_pictures",),
    ("equal_pictures", "drop"): ("equal_pictures",),
    ("sizes", "from_pictures"): (
        "sizes_not_of_pictures",
        "images_without_size",
        "sizes_of_wrong_type",
        "sizes_too_large",
    ),
    ("texts", "to_text"): ("texts_of_wrong_type",),
    ("licenses", "drop"): ("licenses_of_wrong_type",),
    ("bbox", "from_segmentation"): (
        "annotations_without_box",
        "bbox_not_of_segmentation",
        "boxes_of_wrong_type",
    ),
    ("area", "recompute"): (
        "annotations_without_area",
        "areas_not_positive",
        "area_not_of_box",
        "area_not_of_segmentation",
        "areas_of_wrong_type",
    ),
    ("num_keypoints", "recompute"): ("num_keypoints_at_odds", "num_keypoints_of_wrong_type"),
    ("crowd", "fill"): ("annotations_without_crowd_flag",),
    ("categories", "drop_unused"): ("unused_categories",),
}
# the kinds of wrong types of which each takes in the values whose meaning can be told
UNDERSTOOD: Mapping[tuple[str, Any], tuple[str, ...]] = {
    ("ids", "to_int"): ("ids_of_wrong_type",),
    ("ids", "number"): (
        "ids_of_wrong_type",
        "images_without_id",
        "annotations_without_id",
        "categories_without_id",
    ),
    ("sizes", "to_numbers"): ("sizes_of_wrong_type",),
    ("bbox", "to_numbers"): ("boxes_of_wrong_type",),
    ("area", "to_numbers"): ("areas_of_wrong_type",),
    ("crowd", "to_numbers"): ("crowd_flags_of_wrong_type",),
}


def mends(params: Params) -> Iterator[str]:
    """Yield the kinds of findings that are gone behind a repair with these parameters."""
    for key, value in params.items():
        yield from MENDED.get((key, value if isinstance(value, str) else ANY), ())
    wanted = params.get("segmentations", ())
    for mend in [wanted] if isinstance(wanted, str) else wanted:
        yield from segmentation_mends.MENDED[mend]


def understands(params: Params) -> Iterator[str]:
    """Yield the kinds of wrong types of which it takes in what can be told."""
    for key, value in params.items():
        yield from UNDERSTOOD.get((key, value), ()) if isinstance(value, str) else ()


def refuses(params: Params) -> Iterator[str]:
    """Yield the kinds of findings at which it would stop."""
    if params.get("sizes") == "from_pictures":
        yield from UNMEASURED
    if params.get("bbox") == "from_segmentation" or params.get("area") == "recompute":
        yield WRONG_RUNS
