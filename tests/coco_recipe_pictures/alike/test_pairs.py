"""Pairs across parts: equal files, families, near pictures, and the nearest others."""

import json
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

import planted  # noqa: E402
from coco_recipe_pictures.alike import pairs  # noqa: E402
from coco_recipe_pictures.alike.pairs import Wanted  # noqa: E402

from coco_recipe import Dataset, Image, Origin  # noqa: E402

NEAR = Wanted(0.06)


def _part(folder: Path, name: str, pictures: dict[str, bytes], **roots: str) -> Dataset:
    (folder / name).mkdir()
    for file_name, data in pictures.items():
        (folder / name / file_name).write_bytes(data)
    images = []
    for n, file_name in enumerate(pictures, 1):
        root = roots.get(file_name.partition(".")[0])
        origin = {"coco_recipe": Origin(root=root, source=root, step=name)} if root else {}
        images.append(Image(n, file_name, **origin))
    return Dataset(tuple(images), (), (), name, {name: folder / name})


def _scenes(first: int, last: int) -> dict[str, bytes]:
    return {f"{n}.jpg": planted.encoded(planted.scene(n), 90) for n in range(first, last)}


def test_each_reason_is_told_once_and_in_order(tmp_path: Path) -> None:
    one = _scenes(0, 6)
    turned = planted.encoded(np.rot90(planted.scene(1)))
    other = {"same.jpg": one["0.jpg"], "turned.jpg": turned, "copy.jpg": one["5.jpg"] + b"\0"}
    parts = {
        "train": _part(tmp_path, "train", one, **{"2": "raw/x.jpg"}),
        "val": _part(tmp_path, "val", other | _scenes(10, 13), copy="raw/x.jpg"),
    }
    found = list(pairs.found(parts, NEAR, map))
    told = [(p.reason, p.one.file_name, p.other.file_name) for p in found if p.reason != "nearest"]
    assert told == [
        ("equal", "0.jpg", "same.jpg"),
        ("family", "2.jpg", "copy.jpg"),
        ("near", "5.jpg", "copy.jpg"),
        ("near", "1.jpg", "turned.jpg"),
    ]
    (turn,) = [pair for pair in found if pair.other.file_name == "turned.jpg"][:1]
    assert turn.how == "turned by 90° to the left"
    assert turn.bits is not None
    assert turn.bits <= 4
    nearest = [pair for pair in found if pair.reason == "nearest"]
    assert nearest
    assert all(pair.distance > 0.06 for pair in nearest)
    assert json.loads(pairs.lines(found).splitlines()[0])["one"]["part"] == "train"


def test_the_way_is_that_of_the_first_part_whichever_is_searched(tmp_path: Path) -> None:
    few = {"a.jpg": planted.encoded(np.rot90(planted.scene(1)))}
    small, large = _part(tmp_path, "few", few), _part(tmp_path, "many", _scenes(0, 5))
    (one,) = [p for p in pairs.found({"few": small, "many": large}, NEAR, map) if p.bits <= 8]
    (other,) = [p for p in pairs.found({"many": large, "few": small}, NEAR, map) if p.bits <= 8]
    assert (one.how, other.how) == ("turned by 90° to the right", "turned by 90° to the left")
    assert (one.one, one.other) == (other.other, other.one)


def test_only_pairs_of_parts_that_are_asked_for_are_compared(tmp_path: Path) -> None:
    parts = {name: _part(tmp_path, name, _scenes(0, 2)) for name in ("a", "b", "c")}
    wanted = Wanted(0.06, against=frozenset({("a", "c")}))
    found = {(p.one.part, p.other.part) for p in pairs.found(parts, wanted, map)}
    assert found == {("a", "c")}


def test_families_may_be_left_to_others(tmp_path: Path) -> None:
    parts = {
        "a": _part(tmp_path, "a", _scenes(0, 1), **{"0": "raw/x.jpg"}),
        "b": _part(tmp_path, "b", _scenes(1, 2), **{"1": "raw/x.jpg"}),
    }
    assert [p.root for p in pairs.found(parts, NEAR, map)][:1] == ["raw/x.jpg"]
    assert {p.reason for p in pairs.found(parts, Wanted(0.06, families=False), map)} == {"nearest"}


def test_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    parts = {
        "a": _part(tmp_path, "a", {"bad.jpg": b"no picture", **_scenes(0, 1)}),
        "b": _part(tmp_path, "b", {}),
    }
    with pytest.raises(ValueError, match=r"bad\.jpg"):
        list(pairs.found(parts, NEAR, map))
