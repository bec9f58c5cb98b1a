"""The part that each group goes to: by the hash of its name, or as its images say."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import coco
from coco_recipe_data import sides

from coco_recipe import Dataset, coco_json

SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}


def _data(tmp_path: Path, *values: Any) -> Dataset:
    data = coco(len(values), [])
    for image, value in zip(data["images"], values, strict=True):
        image |= {} if value is None else {"part": value}
    (tmp_path / "raw.json").write_bytes(msgspec.json.encode(data))
    return coco_json.load(tmp_path / "raw.json", home="raw")


def _groups(dataset: Dataset) -> dict[str, list[int]]:
    return {image.file_name: [image.id] for image in dataset.images}


def test_a_hash_knows_neither_the_input_nor_the_other_groups() -> None:
    names = [f"{n}.jpg" for n in range(2_000)]
    found = {name: sides._by_hash(f"raw/{name}", SHARES) for name in names}
    assert found == {name: sides._by_hash(f"another/{name}", SHARES) for name in names}
    for part, share in SHARES.items():
        assert list(found.values()).count(part) == pytest.approx(share * 2_000, abs=60)


def test_more_parts_leave_the_first_ones_as_they_are() -> None:
    two = {"train": 0.7, "rest": 0.3}
    for n in range(200):
        assert (sides._by_hash(f"raw/{n}", SHARES) == "train") == (
            sides._by_hash(f"raw/{n}", two) == "train"
        )


def test_given_parts_are_taken_as_they_are(tmp_path: Path) -> None:
    dataset = _data(tmp_path, "b", "a", "b")
    found = sides.as_given(dataset, _groups(dataset), "part", ["a", "b"])
    assert list(found.values()) == ["b", "a", "b"]


@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "it has no part"), ("c", "its part is 'c', which is none of by.parts")],
)
def test_an_image_of_no_given_part_is_named(value: Any, message: str, tmp_path: Path) -> None:
    dataset = _data(tmp_path, "a", value, value)
    with pytest.raises(ValueError, match=rf"^image 2 .*: {message}.*\(2 in all\)$"):
        sides.as_given(dataset, _groups(dataset), "part", ["a", "b"])


def test_a_group_in_two_given_parts_is_refused(tmp_path: Path) -> None:
    dataset = _data(tmp_path, "a", "b")
    group = {"group x": [image.id for image in dataset.images]}
    with pytest.raises(ValueError, match=r"^group x: .* stand in a \(.*\) and b \(.*\), 1 such"):
        sides.as_given(dataset, group, "part", ["a", "b"])
