"""What is written: names, ids and origins of copies."""

from pathlib import Path

import pytest
from augmenting import Bench
from builders import coco

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")


SHORT = [{"HorizontalFlip": {"p": 1}}]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_size_ids_names_and_origin_of_a_copy(bench: Bench) -> None:
    data = bench.run([{"Transpose": {"p": 1}}], copies=2)
    assert [(row["id"], row["width"], row["height"]) for row in data["images"]] == [
        (n, 48, 64) for n in (3, 4, 5, 6)
    ]
    assert data["images"][1]["coco_recipe"] == {
        "root": "raw/1.jpg",
        "source": "raw/1.jpg",
        "step": "more",
        "copy": 2,
    }
    assert [(row["id"], row["image_id"], row["category_id"]) for row in data["annotations"]] == [
        (3, 3, 1),
        (4, 4, 1),
        (5, 5, 2),
        (6, 6, 2),
    ]


def test_large_ids_survive(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0]["id"] = 900100581904
    assert Bench(tmp_path, data).run(SHORT)["annotations"][0]["id"] == 900100581905


def test_names_of_copies_do_not_depend_on_the_order_of_images_whose_names_differ_by_the_ending(
    tmp_path: Path,
) -> None:
    names = []
    for order in (1, -1):
        data = coco(3, [(1, 1)])
        for row, name in zip(data["images"], ("a.png", "a.jpg", "b.jpg"), strict=True):
            row["file_name"] = name
        data["images"] = data["images"][::order]
        (tmp_path / str(order)).mkdir()
        found = Bench(tmp_path / str(order), data).run(SHORT)["images"]
        names.append({row["coco_recipe"]["source"]: row["file_name"] for row in found})
    assert (
        names[0]
        == names[1]
        == {
            "raw/a.png": "a.more-1.1.png",
            "raw/a.jpg": "a.more-1.2.png",
            "raw/b.jpg": "b.more-1.png",
        }
    )
