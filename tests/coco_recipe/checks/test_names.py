"""Names that repeat, look alike, are empty or lead elsewhere; licenses and texts of other types."""

from typing import Any

import pytest
from rows_found import Find, changed, rows_found, values_found

from coco_recipe.checks import names
from coco_recipe.testing import coco

CLASSES = "categories"
IMAGES = "images"


@pytest.mark.parametrize(
    ("find", "table", "change"),
    [
        (names.repeated_file_names, IMAGES, {"file_name": "1.jpg"}),
        (names.repeated_category_names, CLASSES, {"name": "cat"}),
        (names.empty_names, CLASSES, {"name": "\u3000"}),
        (names.unsafe_file_names, IMAGES, {"file_name": "../2.jpg"}),
        (names.unsafe_file_names, IMAGES, {"file_name": "/data/2.jpg"}),
        (names.categories_alike, CLASSES, {"name": "c\u200bat"}),
        (names.categories_alike, CLASSES, {"name": "ＣＡＴ"}),
        (names.file_names_alike, IMAGES, {"file_name": "1.JPG"}),
        (names.wrong_licenses, IMAGES, {"license": "CC"}),
        (names.wrong_licenses, IMAGES, {"license": 1.5}),
        (names.wrong_texts, IMAGES, {"date_captured": 2020}),
    ],
)
def test_a_wrong_name_is_found(find: Find, table: str, change: dict[str, Any]) -> None:
    (name,) = rows_found(find, changed(table, {}, change))[-1:]
    assert name.startswith(f"{'image' if table == IMAGES else 'category'} 2 (")
    assert not rows_found(find, coco())


def test_letters_that_only_look_alike_are_told_as_they_are_written() -> None:
    (told,) = values_found(names.categories_alike, changed(CLASSES, {}, {"name": "ＣＡＴ"}))
    assert told == r"'\uff23\uff21\uff34', category 1 has 'cat'"


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (3, True),
        (3.0, True),
        (None, True),
        (True, False),
        (-1, False),
        ("3", False),
        (2**64, False),
    ],
)
def test_a_license_is_a_whole_number_or_null(value: Any, is_one: bool) -> None:
    assert names.is_license(value) is is_one
