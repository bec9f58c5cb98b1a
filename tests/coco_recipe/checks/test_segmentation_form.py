"""The form of a segmentation, by its JSON."""

import pytest

from coco_recipe.checks.segmentation_form import form, is_number


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[[1, 2, 3, 4, 5, 6]]", ""),
        ("[]", ""),
        ("null", ""),
        ('{"size": [2, 3], "counts": [6]}', ""),
        ('{"size": [2, 3], "counts": "06"}', ""),
        ("[1, 2, 3, 4, 5, 6]", "flat"),
        ("[[1, 2], [3, 4], [5, 6]]", "pairs"),
        ("[[[1, 2], [3, 4], [5, 6]]]", "pairs"),
        ('[["1", "2", "3", "4", "5", "6"]]', "texts"),
        ('{"size": [2, 3], "counts": ["6"]}', "texts"),
        ("[[1e999, 2, 3, 4, 5, 6]]", "other"),
        ("[[true, 2, 3, 4, 5, 6]]", "other"),
        ('{"size": [2], "counts": [6]}', "other"),
        ('"polygon"', "other"),
        ("{}", "other"),
    ],
)
def test_a_form_has_its_name(text: str, name: str) -> None:
    assert form(text.encode()) == name


@pytest.mark.parametrize(
    ("value", "is_one"),
    [(1, True), (0.5, True), (True, False), (float("nan"), False), (10**400, False), ("1", False)],
)
def test_a_number_is_finite_and_fits_a_float(value: object, is_one: bool) -> None:
    assert is_number(value) is is_one
