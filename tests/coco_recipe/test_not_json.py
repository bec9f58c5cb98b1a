"""A file that isn't JSON is told by what it is, with what to do about it."""

import bz2
import gzip
import json
import lzma
import re
from pathlib import Path

import pytest
from builders import coco

from coco_recipe import coco_json, not_json
from coco_recipe.errors import DatasetError

GOOD = json.dumps(coco(2)).encode()
LINES = b'{"id": 1, "a": {"b": 2}}\r\n{"id": 2}\n'
LARGE = GOOD.replace(b"[1, 2, 10", b"[1e999, 2, 10", 1)
LONG = GOOD.replace(b'"id": 1,', b'"id": ' + b"9" * 5000 + b",", 1)
TOLD = {
    "nothing": (b"", "it is empty; write images"),
    "blanks": (b" \n\t", "is empty"),
    "gzip": (gzip.compress(GOOD), "compressed with gzip; unpack it first (gunzip)"),
    "ZIP": (b"PK\x03\x04" + bytes(30), "compressed with ZIP; unpack"),
    "bzip2": (bz2.compress(GOOD), "compressed with bzip2"),
    "xz": (lzma.compress(GOOD), "compressed with xz"),
    "Zstandard": (b"\x28\xb5\x2f\xfd" + bytes(30), "compressed with Zstandard"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "save it as UTF-8"),
    "UTF-16 without a mark": (GOOD.decode().encode("utf-16-le"), "save it as UTF-8"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "HTML": (b"\n<!doctype html><html>", "download the file itself"),
    "zero bytes": (bytes(100), "zero bytes"),
    "comment": (b"// COCO\n" + GOOD, "no comments"),
    "comment in stars": (b"/* COCO */" + GOOD, "no comments"),
    "Python's quotes": (str(coco(2)).encode(), "json.dump"),
    "lines": (LINES, "JSON Lines"),
    "two values": (GOOD + b"\n" + GOOD, "one object: remove what stands behind it"),
    "more brackets": (GOOD + b"}", "remove what stands behind it"),
    "cut off": (GOOD[:200], "ends within a value (byte 200, behind "),
    "cut off in a text": (GOOD[: GOOD.index(b"1.jpg") + 2], "get the file again"),
    "nested": (b'{"images": ' + b"[" * 100_000, "nested too deep"),
    "text": (b'"a"', "found a text"),
    "number": (b"7", "found a number"),
    "switch": (b"true", "found true or false"),
    "large number": (LARGE, "$.annotations[0].bbox[0]: 1e999 is too large to be read: correct"),
    "long number": (LONG, "$.images[0].id: 99999999999999999999... (5000 digits) is too large"),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_no_json_is_told_with_a_remedy(name: str) -> None:
    data, words = TOLD[name]
    with pytest.raises(DatasetError) as caught:
        coco_json.parse(data, name="a.json")
    assert str(caught.value).startswith("a.json:")
    assert words in str(caught.value)


def test_what_is_json_is_read(tmp_path: Path) -> None:
    for data in (GOOD, b"\xef\xbb\xbf" + GOOD, b"\n \n" + GOOD + b"\n\n"):
        assert len(coco_json.parse(data).images) == 2


RICH = coco(3, [(1, 1), (2, 2)], names=("cat", "瓶盖")) | {"info": {"by": ["me"]}, "more": "text"}
for _table in ("images", "annotations", "categories"):
    RICH[_table][1]["note"] = {"deep": ["text"]}
RICH["annotations"][1]["segmentation"] = {"size": [48, 64], "counts": "0"}
WHOLE = json.dumps(RICH, ensure_ascii=False).encode()
TEXTS = [found.start() + 1 for found in re.finditer(rb'"[^"]+"', WHOLE)]


@pytest.mark.parametrize("wrong", [b"\xff", b"\xbf", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80"])
@pytest.mark.parametrize("block", [7, not_json.BLOCK])
def test_what_is_not_utf_8_is_told_wherever_it_stands(
    wrong: bytes, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In keys and in texts, those that aren't decoded too."""
    monkeypatch.setattr(not_json, "BLOCK", block)
    for at in TEXTS:
        with pytest.raises(DatasetError, match=rf"is not UTF-8 \(byte {at}, near"):
            coco_json.parse(WHOLE[:at] + wrong + WHOLE[at:])
    assert coco_json.parse(WHOLE).categories[1].name == "瓶盖"
