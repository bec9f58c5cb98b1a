"""A checkpoint says itself what it was made of; nothing in it runs."""

import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from coco_recipe.asking.carried import lineage_of

LINEAGE = {"step": "fit", "use": "train", "key": "a" * 64, "steps": [{"id": "瓶"}]}


def _zip(path: Path, content: Any) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("epoch_1/data.pkl", pickle.dumps(content, protocol=2))
        archive.writestr("epoch_1/data/0", b"\0" * 16)
    return path


def test_the_meta_of_a_pth_is_read(tmp_path: Path) -> None:
    meta = {"cfg": "x = 1", "coco_recipe": json.dumps(LINEAGE), "epoch": 3}
    path = _zip(tmp_path / "a.pth", {"meta": meta, "state_dict": {}})
    assert lineage_of(path) == LINEAGE


def test_the_header_of_a_safetensors_is_read(tmp_path: Path) -> None:
    meta = json.dumps({"coco_recipe": json.dumps(LINEAGE)})
    header = json.dumps({"__metadata__": {"meta": meta}}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 8)
    assert lineage_of(path) == LINEAGE


class _Hostile:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (Path("ran"),)  # type: ignore[return-value]


def test_nothing_in_a_file_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    meta = {"coco_recipe": json.dumps(LINEAGE), "bad": _Hostile()}
    assert lineage_of(_zip(tmp_path / "a.pth", {"meta": meta})) == LINEAGE
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"\xff" * 64, struct.pack("<Q", 1 << 60) + b"{}", struct.pack("<Q", 4) + b"nope"],
)
def test_other_files_say_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    assert lineage_of(path) is None


@pytest.mark.parametrize("said", [None, 3, "no json", json.dumps([1])])
def test_what_has_another_form_is_nothing(said: Any, tmp_path: Path) -> None:
    assert lineage_of(_zip(tmp_path / "a.pth", {"meta": {"coco_recipe": said}})) is None
    assert lineage_of(_zip(tmp_path / "b.pth", {"meta": {"epoch": 1}})) is None


def test_a_damaged_archive_says_nothing(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.pth", {"meta": {"coco_recipe": json.dumps(LINEAGE)}})
    data = bytearray(path.read_bytes())
    data[60:90] = b"\xff" * 30
    path.write_bytes(data)
    assert lineage_of(path) is None
