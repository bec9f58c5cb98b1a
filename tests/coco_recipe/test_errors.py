"""Numbers and nouns in what a person reads."""

import re

import pytest

from coco_recipe import plugins
from coco_recipe.errors import about, counted, did_you_mean, one_line


@pytest.mark.parametrize(
    ("text", "of_one"),
    [
        ("boxes have no area", "1 box has no area"),
        ("file names are no text", "1 file name is no text"),
        (
            "categories lie in 0..1, and images have none",
            "1 category lies in 0..1, and images have none",
        ),
        (
            "keys of images are no text: they are numbers",
            "1 key of images is no text: they are numbers",
        ),
        ("crowds (iscrowd 1) have their polygons", "1 crowd (iscrowd 1) has its polygons"),
        ("filters drop and change nothing", "1 filter drops and changes nothing"),
        ("iscrowd is no 0", "1 iscrowd is no 0"),
    ],
)
def test_a_sentence_about_several_things_is_told_of_one(text: str, of_one: str) -> None:
    assert about(1, text) == of_one
    assert about(2, text) == f"2 {text}"


def test_every_kind_of_finding_is_told_of_one_thing_in_english() -> None:
    told = [about(1, kind.what) for kind in plugins.find().kinds.values()]
    assert len(told) > 40
    assert [
        text
        for text in told
        if re.match(r"1 [^,:(]*?\b(have|are|lie|reach|point|look|go|end)\b", text)
        and not text.startswith("1 file goes on after the picture's end")
    ] == []


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "box", "1 box"),
        (2, "box", "2 boxes"),
        (3, "category", "3 categories"),
        (2, "key", "2 keys"),
        (0, "class", "0 classes"),
    ],
)
def test_nouns_are_counted(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text


def test_of_many_words_those_that_have_it_are_named() -> None:
    known = [f"{n}_jpg.rf.{n:040}.jpg" for n in range(100, 200)]
    assert did_you_mean("150", known) == f"there are '{known[50]}'"
    assert did_you_mean("19", known).endswith(" and 7 more")
    assert did_you_mean("nothing", known) == ""


def test_a_line_break_in_a_name_begins_no_line() -> None:
    assert one_line("a\r\nerror: b") == r"a\r\nerror: b"
    names = ["cat\nerror: it is forged"]
    assert "\n" not in did_you_mean("cats\nerror: it is forged", names)
    assert "\n" not in did_you_mean("x", names)
