"""What a value of a wrong type means: where one reading makes sense it is told, else nothing is
guessed.
"""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_recipe.checks import loose_values

NO_NUMBERS = [
    "",
    " ",
    "abc",
    "1,5",
    "1.500,2",
    "1 2",
    "1_000",
    "0x10",
    "nan",
    "NaN",
    "inf",
    "-Infinity",
    "1e999",
    "--1",
    "1e",
    ".",
    None,
    True,
    False,
    [],
    {},
    [1],
    float("nan"),
    float("inf"),
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_has_no_one_meaning_is_not_guessed(value: Any) -> None:
    assert loose_values.number(value) is None
    assert loose_values.whole(value) is None
    assert loose_values.box([1, 2, 3, value]) is None


@pytest.mark.parametrize(
    ("value", "number", "whole"),
    [
        ("12", 12, 12),
        ("12.0", 12.0, 12),
        (" 7 ", 7, 7),
        ("1e3", 1000.0, 1000),
        ("+3", 3, 3),
        ("-2", -2, -2),
        (".5", 0.5, None),
        ("1.5", 1.5, None),
        (1.5, 1.5, None),
        (3.0, 3.0, 3),
        ("007", 7, 7),
        ("１２", 12, 12),
        ("9223372036854775807", 9223372036854775807, 9223372036854775807),
        ("1e-9999999", 0.0, None),
        ("1e99999999999999999999", None, None),
        (2**63, 2**63, None),
    ],
    ids=repr,
)
def test_texts_are_read_as_the_numbers_that_they_show(value: Any, number: Any, whole: Any) -> None:
    assert loose_values.number(value) == number
    assert loose_values.whole(value) == whole
    assert type(loose_values.number(value)) is type(number)


@given(
    st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(["{}", " {} ", "{}.0", "{}e0", "{}.000"])
)
def test_ids_in_quotes_keep_every_digit(number: int, form: str) -> None:
    assert loose_values.whole(form.format(number)) == number


@given(st.text(alphabet="0123456789.eE+- ", max_size=12))
def test_texts_are_whole_numbers_where_decimal_says_so(text: str) -> None:
    try:
        exact = Decimal(text.strip())
        expected = int(exact) if exact == exact.to_integral_value() and abs(exact) < 2**63 else None
    except ArithmeticError:
        expected = None
    assert loose_values.whole(text) == expected


@pytest.mark.parametrize(
    ("value", "box"),
    [
        (["1", "2", "3", "4"], [1, 2, 3, 4]),
        ([1, "2.5", 3, " 4 "], [1, 2.5, 3, 4]),
        ("[1, 2, 3.5, 4]", [1, 2, 3.5, 4]),
        ('["1", "2", "3", "4"]', [1, 2, 3, 4]),
        ("1,2,3,4", None),
        ([], None),
        (["1", "2", "3"], None),
        ([["1"], "2", "3", "4"], None),
        ([[1, 2, 3, 4]], None),
        ("[", None),
        ({}, None),
        (None, None),
    ],
    ids=repr,
)
def test_boxes_in_quotes_are_four_numbers(value: Any, box: Any) -> None:
    assert loose_values.box(value) == box


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        ("0", 0),
        ("1", 1),
        (" 1.0 ", 1),
        (None, 0),
        (True, 1),
        ("2", None),
        ("yes", None),
        ([], None),
        ("true", None),
    ],
    ids=repr,
)
def test_flags_are_0_or_1(value: Any, flag: Any) -> None:
    assert loose_values.flag(value) == flag


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ([["1", "2.5", 3]], [[1, 2.5, 3]]),
        (["1", "2"], [1, 2]),
        ([[["1", "2"]]], [[[1, 2]]]),
        ("[[1, 2]]", [[1, 2]]),
        ({"size": ["48", "64"], "counts": ["3", 4]}, {"size": [48, 64], "counts": [3, 4]}),
        ({"size": [48, 64], "counts": "12"}, {"size": [48, 64], "counts": "12"}),
        ([["1", "x"]], [[1, "x"]]),
        ("x", "x"),
        (None, None),
        ([], []),
        ("[", "["),
    ],
    ids=repr,
)
def test_segmentations_have_their_numbers_out_of_quotes(value: Any, meant: Any) -> None:
    assert loose_values.segmentation(value) == meant
