"""Keys that stand twice in an object are found, wherever it stands; a sound file has none, however
it is written.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, real_data, write_recipe
from hypothesis import given
from hypothesis import strategies as st

from coco_recipe import coco_json
from coco_recipe.checks import repeated_keys
from coco_recipe.errors import DatasetError
from coco_recipe.findings import Finding
from coco_recipe.running import inputs


def _findings(text: bytes, name: str = "raw.json", home: str = "raw") -> tuple[Finding, ...]:
    top = coco_json.decode_top(text, name)
    dataset = inputs.read_rows(top, name, home, None)
    return tuple(repeated_keys.findings(text, top, dataset, home))


def _found(text: str) -> list[tuple[str, Any]]:
    findings = _findings(text.encode())
    return [(row.name, row.value) for finding in findings for row in finding.first]


PLAIN = json.dumps(coco(2))


@pytest.mark.parametrize(
    ("old", "new", "row", "values"),
    [
        ('"id": 1, "image_id"', '"id": 9, "id": 1, "image_id"', "annotation 1", {"id": [9, 1]}),
        (
            '"id": 2, "file_name"',
            '"id": 2, "id": 2, "file_name"',
            "image 2 ('2.jpg')",
            {"id": [2, 2]},
        ),
        (
            '"id": 2, "file_name": "2.jpg", "width": 64, "height": 48',
            '"id": 2, "file_name": "x", "file_name": "2.jpg"',
            "image 2 ('2.jpg')",
            {"file_name": ["x", "2.jpg"]},
        ),  # as many keys as a row has that lacks none
        (
            '"name": "cat"',
            '"name": "dog", "name": "cat"',
            "category 1 ('cat')",
            {"name": ["dog", "cat"]},
        ),
        (
            '"area": 100',
            '"area" : 1, "area" : 2, "area": 100',
            "annotation 1",
            {"area": [1, 2, 100]},
        ),
        (
            '"area": 100',
            '"attributes": {"a": 1}, "attributes": 3, "area": 100',
            "annotation 1",
            {"attributes": [{"a": 1}, 3]},
        ),
        (
            '"area": 100',
            '"note": "\\":", "area": 7, "area": 100',
            "annotation 1",
            {"area": [7, 100]},
        ),
        (
            '"info": {"year": 2026}',
            '"info": 1, "info": {"year": 2026}',
            "the file",
            {"info": [1, {"year": 2026}]},
        ),
        (
            '{"info": {"year": 2026}',
            '{"images": [], "info": 1',
            "the file",
            {"images": ["0 rows", "2 rows"]},
        ),
    ],
)
def test_a_repeated_key_is_named_with_its_row_and_values(
    old: str, new: str, row: str, values: dict[str, Any]
) -> None:
    for text in (PLAIN, PLAIN.replace('"iscrowd": 0, ', "").replace(', "iscrowd": 0', "")):
        found = _found(text.replace(old, new, 1))
        assert json.loads(json.dumps(found)) == [[row, values]]


def test_all_rows_are_counted() -> None:
    text = PLAIN.replace('"area": 100', '"area": 1, "area": 100')
    (finding,) = _findings(text.encode())
    assert (finding.count, finding.severity) == (2, "warning")
    assert str(finding).startswith(
        "raw: 2 objects have a key more than once, of which the last value counts: annotation 1: "
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='":{}[]\\,a ', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('":a ', max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
keys = st.sampled_from(["attributes", "segmentation", "x", "a b", "a:b", "扩展"])


@pytest.mark.slow
@given(
    st.lists(st.dictionaries(keys, values, max_size=4), min_size=1, max_size=4),
    st.sampled_from([None, 0, 2]),
    st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")]),
)
def test_sound_files_have_none_however_they_are_written(
    extras: list[dict[str, Any]], indent: int | None, separators: tuple[str, str]
) -> None:
    data = coco(1, [(1, 1)] * len(extras), names=('a": {', "b"))
    for row, extra in zip(data["annotations"], extras, strict=True):
        row |= extra
    data["images"][0]["coco_url"] = 'http://x/":'
    assert _found(json.dumps(data, indent=indent, separators=separators)) == []


@pytest.mark.slow
@given(st.lists(st.dictionaries(keys, values, max_size=4), min_size=1, max_size=4), st.data())
def test_a_key_that_is_put_in_again_is_found(
    extras: list[dict[str, Any]], data: st.DataObject
) -> None:
    whole = coco(1, [(1, 1)] * len(extras))
    for row, extra in zip(whole["annotations"], extras, strict=True):
        row |= extra
    row = data.draw(st.sampled_from(whole["annotations"]))
    key = data.draw(st.sampled_from(sorted(row)))
    text = json.dumps(whole)
    mine = json.dumps(row)
    again = mine[:-1] + ", " + json.dumps({key: row[key]})[1:]
    ((name, found),) = _found(text.replace(mine, again, 1))
    assert (name, list(found)) == (f"annotation {row['id']}", [key])


def test_a_whole_table_that_stands_twice_stops_a_run_unless_the_recipe_says_otherwise(
    tmp_path: Path,
) -> None:
    step = {"id": "n", "use": "reindex", "in": "raw"}
    for choice, code in (({}, 1), ({"repeated_keys": "warning"}, 0)):
        write_recipe(tmp_path, [step], findings=choice)
        (tmp_path / "raw.json").write_text('{"annotations": [{"id": 4}], ' + PLAIN[1:])
        done = command("run", "recipe.yaml", cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert "the file: {'annotations': ['1 rows', '2 rows']}" in done.stderr
    assert "the file: {'annotations'" in command("check", "raw.json", cwd=tmp_path).stdout


@pytest.mark.slow
def test_real_files_have_none() -> None:
    for path in sorted(real_data("odd_json").parent.rglob("*.json")):
        try:
            assert _findings(path.read_bytes(), path.name, "") == (), path
        except DatasetError:
            continue


def test_a_large_sound_file_is_not_looked_at_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(repeated_keys, "_rows", never)
    data = coco(3, [(1, 1)] * 300)
    data["annotations"][7]["segmentation"] = {"size": [48, 64], "counts": "abc"}
    assert _found(json.dumps(data)) == []
