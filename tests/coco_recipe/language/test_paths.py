"""Paths among values: found by the schema, followed to where they begin."""

import os
from pathlib import Path

from coco_recipe.language import paths

SCHEMA = {
    "properties": {
        "config": {"anyOf": [{"type": "string", "format": "recipe-file"}, {"type": "object"}]},
        "name": {"type": "string"},
        "folders": {"items": {"format": "recipe-folder"}},
        "lists": {"additionalProperties": {"format": "recipe-file"}},
    }
}


def test_paths_are_changed_wherever_the_schema_has_them() -> None:
    seen = []

    def change(text: str, at: tuple[str | int, ...], is_file: bool) -> str:
        seen.append((at, is_file))
        return text.upper()

    value = {"config": "a", "name": "b", "folders": ["c"], "lists": {"x": "d", "y": "p::e"}}
    assert paths.changed(SCHEMA, value, change) == {
        "config": "A",
        "name": "b",
        "folders": ["C"],
        "lists": {"x": "D", "y": "p::e"},
    }
    assert seen == [(("config",), True), (("folders", 0), False), (("lists", "x"), True)]


def test_a_text_begins_where_its_first_variable_stands() -> None:
    data = {"vars": {"a": "${b.c}/x", "b": {"c": "here"}}, "one": "${a}/y", "two": "z/${a}"}
    assert paths.home(data, ("one",)) == ("vars", "b", "c")
    assert paths.home(data, ("two",)) == ("two",)
    assert paths.home({"one": "${env:X}"}, ("one",)) == ("one",)
    assert paths.home({"vars": {"a": "${a}"}, "one": "${a}"}, ("one",))  # and comes to an end


def test_a_variable_is_written_out_where_a_text_in_it_is_changed() -> None:
    data = {"vars": {"all": {"x": "y"}}, "one": "${all}"}
    paths.prefix(data, ("one", "x"), lambda text: f"below/{text}")
    assert data == {"vars": {"all": {"x": "y"}}, "one": {"x": "below/y"}}


def test_dots_are_left_out_only_where_the_place_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "a" / "deep").mkdir(parents=True)
    os.symlink("a/deep", tmp_path / "link")
    assert paths.joined(tmp_path, "a", "../x") == "x"
    assert paths.joined(tmp_path, "link", "../x") == "link/../x"
    assert paths.joined(tmp_path, "a", "${v}/../x") == "a/${v}/../x"
    assert paths.joined(tmp_path, "a", "/x") == "/x"
