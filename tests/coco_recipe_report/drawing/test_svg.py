"""Texts are escaped, ticks are round, classes keep their colours."""

import pytest
from coco_recipe_report.drawing import svg
from markupsafe import Markup


def test_names_stay_text() -> None:
    drawn = svg.svg("x", 1, 1, [svg.text(0, 0, "<b>"), svg.title('"&')], "<i>")
    assert "<b>" not in drawn
    assert "<i>" not in drawn
    assert "&lt;b&gt;" in drawn


def test_elements_are_filled_as_markup_formats_them() -> None:
    pattern = '<a b="{:.1f}" c="{}" d="{:.1%}">{}{}{}</a>'
    values = (1.26, '"><x', 0.5, Markup("<i/>"), None, 3)
    assert svg.filled(pattern, *values) == Markup(pattern).format(*values)
    assert "<x" not in svg.filled(pattern, *values)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 0.3, [0, 0.1, 0.2, 0.3]),
        (3, 17, [5, 10, 15]),
        (2, 2, [2]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert svg.ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("told", "expected"), [("abcdef", "abc…"), ("瓶盖破损", "瓶…"), ("abcd", "abcd")]
)
def test_a_wide_letter_takes_two_places(told: str, expected: str) -> None:
    assert svg.cut(told, 4) == expected


def test_a_class_has_one_colour_all_over_the_page() -> None:
    palette = svg.Palette(["a", "b", "a", "c"])
    assert len({palette.of(name) for name in "abc"}) == 3
    assert palette.of("new") == palette.of("new")


def test_letters_that_turn_the_direction_of_others_are_seen() -> None:
    assert svg.plain("a\u202eb\u2066c") == "a\\u202eb\\u2066c"
    assert svg.plain("عربى 瓶盖 😀") == "عربى 瓶盖 😀"
    assert svg.plain(3) == 3
    assert "\u202e" not in svg.text(0, 0, "\u202ex") + svg.title("\u202ex")
