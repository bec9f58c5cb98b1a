"""The one reader of YAML: values by the core rules of YAML 1.2, the place of each, and bounds."""

from pathlib import Path
from typing import Any

import pytest

from coco_recipe.yaml_text import YamlError, YamlSyntaxError, core_scalar, dump, parse, text_of

HERE = Path("x.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("1e-4", 1e-4),
        ("0777", 777),
        ("12:30:45", "12:30:45"),
        ("0x1F", 31),
        ("~", None),
        ("True", True),
        ("1_000", "1_000"),
    ],
)
def test_scalars_follow_the_core_rules_of_yaml_1_2(text: str, value: object) -> None:
    assert core_scalar(text) == value
    assert parse(HERE, f"a: {text}", "recipe").data == {"a": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("!!str ~", "~"),
        ("|\n  5", "5"),
        ("!!seq [5]", [5]),
        ("!!map {b: 5}", {"b": 5}),
        ("", None),
    ],
)
def test_what_is_quoted_or_tagged_as_text_is_text(text: str, value: object) -> None:
    read = parse(HERE, f"a: {text}", "recipe")
    assert (read.data, read.problems) == ({"a": value}, ())


def test_each_key_and_value_has_its_place() -> None:
    read = parse(HERE, "a:\n  - b: 1\n    c: &x [2]\nd: *x\n", "recipe")
    assert read.keys == {
        ("a",): (1, 1),
        ("a", 0, "b"): (2, 5),
        ("a", 0, "c"): (3, 5),
        ("d",): (4, 1),
    }
    assert read.values == {
        (): (1, 1),
        ("a",): (2, 3),
        ("a", 0): (2, 5),
        ("a", 0, "b"): (2, 8),
        ("a", 0, "c"): (3, 8),
        ("a", 0, "c", 0): (3, 12),
        ("d",): (3, 8),
        ("d", 0): (3, 12),
    }


def test_an_empty_text_has_no_value_and_null_has_one() -> None:
    assert parse(HERE, "# nothing\n", "recipe").values == {}
    assert parse(HERE, "null\n", "recipe").values == {(): (1, 1)}


def test_every_fault_is_told_at_its_place_and_the_rest_is_read() -> None:
    read = parse(
        HERE,
        f"a: .nan\nb: !!set {{c: 1}}\na: 2\n? [1]\n: 3\n<<: {{}}\nd: 4\ne: {'9' * 5000}\n",
        "shopping list",
    )
    assert [(one.where.line, one.where.column) for one in read.problems] == [
        (1, 4),
        (2, 4),
        (3, 1),
        (4, 3),
        (6, 1),
        (8, 4),
    ]
    assert [one.hint for one in read.problems if "tag" in one.what] == [
        "remove it: a shopping list has no tags"
    ]
    assert read.data == {"a": 0, "b": {"c": 1}, "d": 4, "e": 0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [*a]", "nested more than 100 deep, aliases"),
        ("a: &a {b: *a}", "nested more than 100 deep, aliases"),
        ("{a: " * 101 + "1" + "}" * 101, "nested more than 100 deep"),
        ("[" * 20_000, "nested more than 100 deep"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("a: &a [" + "1, " * 500 + "]\nb: &b [" + "*a, " * 500 + "]\n", "more than 200000 values"),
    ],
)
def test_a_text_out_of_bounds_is_refused(text: str, message: str) -> None:
    with pytest.raises(YamlError, match=message) as caught:
        parse(HERE, text, "recipe")
    assert not isinstance(caught.value, YamlSyntaxError)
    assert caught.value.problems[-1].where.line > 0


@pytest.mark.parametrize(
    "text", ["a: [1", "a: *b", "\ta: 1", "a: \x00", "a: b: c", "%YAML 1.2 x\n"]
)
def test_a_text_that_is_no_yaml_is_refused_as_such(text: str) -> None:
    with pytest.raises(YamlSyntaxError, match=r"x\.yaml.*: is not YAML: "):
        parse(HERE, text, "recipe")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read: No such file"),
        (b"\xff", "not UTF-8 .byte 0."),
        (b"#" * 4_000_001, "more than 4000000 bytes"),
    ],
)
def test_a_file_without_text_is_refused(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(YamlError, match=message):
        text_of(tmp_path / "x.yaml", "recipe")


@pytest.mark.parametrize("flow", [False, None, True])
@pytest.mark.parametrize(
    "text",
    [
        "1e5",
        "0o17",
        "no",
        "null",
        "~",
        "",
        "true",
        ".nan",
        "12:30",
        "0x1F",
        "1_0",
        "a: b",
        "\u0085",
        "瓶",
        "x\ny",
        "- a",
        "007",
        "<<",
        "!!str a",
    ],
)
def test_a_string_is_written_so_that_it_is_read_as_itself(text: str, flow: bool | None) -> None:
    data: Any = {"a": text, "b": [text, 1e-05, 3, None, True], "c": {"d": [[text]]}}
    if text != "<<":
        data[text or "e"] = text
    read = parse(HERE, dump(data, flow=flow, width=20), "recipe")
    assert (read.data, read.problems) == (data, ())
