"""A large file is decoded part by part, with the rows of a file that is decoded as a whole."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import coco

from coco_recipe.asking import quick_file, reading
from coco_recipe.asking.quick_file import QuickRows
from coco_recipe.errors import DatasetError

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any file be large, of some rows a part."""
    monkeypatch.setattr(quick_file, "MANY_BYTES", 0)
    monkeypatch.setattr(quick_file, "PART_BYTES", 1500)
    monkeypatch.setattr(quick_file, "SHARE", 0.55)


def _data() -> dict[str, Any]:
    data = coco(images=9, boxes=[(1 + n % 9, 1 + n % 2) for n in range(200)])
    for n, row in enumerate(data["annotations"]):
        row["bbox"] = [1, 2, n + 0.5, 3]
        row["segmentation"] = [[1, 2, 3, 4, 5, 6]] if n % 3 else {"size": [4, 4], "counts": [16]}
    return data


def _both(path: Path) -> tuple[QuickRows | None, QuickRows | None]:
    """Return what is read part by part, and at once."""
    return quick_file._by_parts(path), quick_file._at_once(path.read_bytes())


def _last(data: dict[str, Any]) -> dict[str, Any]:
    return {**{key: data[key] for key in data if key != "annotations"}, **_only(data)}


def _first(data: dict[str, Any]) -> dict[str, Any]:
    return {**_only(data), **{key: data[key] for key in data if key != "annotations"}}


def _only(data: dict[str, Any]) -> dict[str, Any]:
    return {"annotations": data["annotations"]}


def _with(**changes: Any) -> Change:
    return lambda data: {
        **data,
        "annotations": [row | changes for row in data["annotations"]],
    }


@pytest.mark.parametrize("space", [{}, {"indent": 1}, {"separators": (",", ":")}])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(dict, id="as it is"),
        pytest.param(_last, id="annotations last"),
        pytest.param(_first, id="annotations first"),
        pytest.param(lambda data: data | {"annotations": data["annotations"][:60]}, id="few"),
        pytest.param(
            lambda data: _first(data | {"info": [{"a": 1}] * 2000}), id="the cut behind them"
        ),
        pytest.param(_with(note="a text with ], and } in it"), id="texts"),
        pytest.param(_with(image_id=2**70), id="ids of more than 64 bits"),
    ],
)
def test_parts_have_the_rows_of_the_whole(
    change: Change, space: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(change(_data()), **space))
    by_parts, at_once = _both(path)
    assert by_parts == at_once
    assert by_parts is not None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_with(note="}, {" * 9), id="a text that looks like a place between rows"),
        pytest.param(_with(parts=[{"a": 1}] * 9), id="a list of objects in a row"),
        pytest.param(lambda data: {"info": {"annotations": [{}]}, **data}, id="another such key"),
        pytest.param(lambda data: {"info": '"annotations": [', **data}, id="a text like the key"),
    ],
)
def test_what_looks_like_a_place_between_rows_and_is_none_is_read_rightly(
    change: Change, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(change(_data())))
    by_parts, at_once = _both(path)
    assert by_parts in (None, at_once)
    assert quick_file.read(path) == at_once
    assert at_once is not None


@pytest.mark.parametrize(
    "again",
    [
        '"annotations": [{"image_id": 1}]',
        '"\\u0061nnotations": [{"image_id": 1}]',
        '"images": [{"id": 7}]',
        '"categories": []',
    ],
)
def test_of_keys_that_repeat_the_last_one_counts(again: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in (
        json.dumps(_data())[:-1] + f", {again}}}",
        f"{{{again}, {json.dumps(_data())[1:]}",
    ):
        path.write_text(text)
        at_once = quick_file._at_once(text.encode())
        assert quick_file.read(path) == at_once
        assert at_once is not None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda text: text[:-40],
        lambda text: text + "x",
        lambda text: text.replace("}, {", "},\f{"),
        lambda text: text.replace('"image_id": 3', '"image_id": "3"'),
        lambda text: text.replace('"area": ', '"area": NaN, "b": ', 1),
        lambda text: text.replace('"images"', '"pictures"'),
    ],
)
def test_what_is_refused_as_a_whole_is_refused_by_parts(
    wrong: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text(wrong(json.dumps(_data())))
    assert _both(path) == (None, None)


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(_data()), "utf-8-sig")
    by_parts, at_once = _both(path)
    assert by_parts == at_once
    assert by_parts is not None


@pytest.mark.parametrize("text", ['"cat"', '"1.jpg"', '"counts"', '"name"'])
def test_what_is_not_utf_8_is_left_to_the_reading_that_says_so(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps(_data()).replace(text, '"@' + text[1:], 1).encode())
    path.write_bytes(path.read_bytes().replace(b"@", b"\xff"))
    quick_file.read(path)
    with pytest.raises(DatasetError, match="is not UTF-8"):
        reading.read(path, tmp_path)
