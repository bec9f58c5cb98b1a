"""The kinds of findings that the data steps make."""

from coco_recipe import Kind

TOP_LEVEL_KEYS_DIFFER = Kind(
    "top_level_keys_differ",
    "warning",
    "top-level keys of merged data sets are left out: the first one's are kept",
    "give the files equal ones, or write the key in the first file",
)
CATEGORY_KEYS_DIFFER = Kind(
    "category_keys_differ",
    "warning",
    "keys of joined categories differ: the first data set's are kept",
    "give the files equal ones",
)
CATEGORIES_ALIKE = Kind(
    "merged_categories_alike",
    "warning",
    "categories have the name of another but for case, blanks or Unicode form",
    "map_categories: map: {<name>: <the other>} joins them",
)
LICENSES_UNLISTED = Kind(
    "licenses_unlisted",
    "warning",
    "images have a license that no merged data set lists in 'licenses'",
    "add the row to 'licenses', or repair: licenses: drop above",
)
REFERENCES_LEFT_OUT = Kind(
    "references_left_out",
    "warning",
    "parents are left out: no row of the list has the id that the key (parent_id) names",
    "keep the row that they name, or write another one into the file",
)
IDS_SHARED = Kind(
    "ids_shared",
    "warning",
    "keys are in no table and have numbers of an earlier merged data set",
    "merge: ids: {<key>: own} renumbers them, {<key>: shared} says that they mean the same; merge: "
    "tables says what they name",
)
NEGATIVE_BUT_THERE = Kind(
    "negative_but_there",
    "warning",
    "images have a box of a joined category that neg_category_ids says isn't there",
    "join other categories, or take the category out of the image's neg_category_ids",
)
FILTER_MATCHES_NOTHING = Kind(
    "filter_matches_nothing",
    "warning",
    "filters drop and change nothing",
    "check its parameters, or remove the step",
)
SPLIT_GIVES_UP = Kind(
    "split_gives_up",
    "warning",
    "demands (classes in every part, numbers of images) are given up: no division that was tried "
    "has them",
    "other fractions, fewer parts, or smaller groups (group_by); numbers of images come before "
    "classes",
)

ALL = (
    SPLIT_GIVES_UP,
    FILTER_MATCHES_NOTHING,
    TOP_LEVEL_KEYS_DIFFER,
    CATEGORY_KEYS_DIFFER,
    CATEGORIES_ALIKE,
    IDS_SHARED,
    LICENSES_UNLISTED,
    NEGATIVE_BUT_THERE,
    REFERENCES_LEFT_OUT,
)
