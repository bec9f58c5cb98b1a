import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cv2")

from coco_recipe_pictures.demo.write import write_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("demo") / "caps"
    write_demo(folder, images=60)
    return folder, json.loads((folder / "annotations.json").read_text("utf-8"))


@pytest.mark.slow
def test_the_demo_has_the_quirks_of_the_real_set(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, data = demo
    assert [row["id"] for row in data["categories"]] == [1, 9, 5, 3, 4, 0, 2, 8, 6, 10, 7]
    assert {row["category_id"] for row in data["annotations"]} == set(range(11))
    assert "license" in data
    assert {(row["width"], row["height"]) for row in data["images"]} == {(658, 492), (4096, 3000)}
    assert len({row["id"] for row in data["annotations"]}) < 0.5 * len(data["annotations"])
    assert all("segmentation" not in row for row in data["annotations"])
    assert {row["file_name"] for row in data["images"]} == {
        path.name for path in (folder / "images").iterdir()
    }


@pytest.mark.slow
def test_a_quarter_of_the_demo_has_nothing_but_background(
    demo: tuple[Path, dict[str, Any]],
) -> None:
    found: dict[int, set[int]] = {}
    for row in demo[1]["annotations"]:
        found.setdefault(row["image_id"], set()).add(row["category_id"])
    assert 12 <= sum(kinds == {0} for kinds in found.values()) <= 18


@pytest.mark.slow  # the demo is drawn for it
def test_every_box_of_the_demo_is_inside_its_image(demo: tuple[Path, dict[str, Any]]) -> None:
    sizes = {row["id"]: (row["width"], row["height"]) for row in demo[1]["images"]}
    for row in demo[1]["annotations"]:
        x, y, w, h = row["bbox"]
        width, height = sizes[row["image_id"]]
        assert x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= width and y + h <= height  # noqa: PT018


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_demo(tmp_path / name, images=4, seed=seed)
    a, b, c = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*")} for name in "abc"
    )
    assert a == b
    assert a != c


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(ValueError, match="empty"):
        write_demo(tmp_path)
