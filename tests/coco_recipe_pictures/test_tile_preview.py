"""A preview of tile shows pictures beside their tiles, and what no tile has."""

from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

from builders import command, write_recipe  # noqa: E402
from coco_recipe_pictures.sheet import contact_sheet as sheet  # noqa: E402

from coco_recipe.errors import StepError  # noqa: E402
from coco_recipe.running import forecast, stages  # noqa: E402
from coco_recipe.running.session import Session  # noqa: E402

WIDTHS = {"a.jpg": 100, "b.jpg": 400, "c.jpg": 30}
ROWS = [
    {"image_id": 1, "bbox": [5, 5, 10, 10]},
    {"image_id": 1, "bbox": [30, 5, 30, 20]},
    {"image_id": 1, "bbox": [70, 30, 4, 4]},
    {"image_id": 2, "bbox": [390, 5, 5, 5]},
    {"image_id": 3},
]


def _project(folder: Path, **params: Any) -> Path:
    (folder / "images").mkdir()
    images = []
    for n, (name, width) in enumerate(WIDTHS.items(), 1):
        cv2.imwrite(str(folder / "images" / name), np.full((60, width, 3), 60 * n, np.uint8))
        images.append({"id": n, "file_name": name, "width": width, "height": 60})
    whole = {"category_id": 1, "iscrowd": 0}
    rows = [{"id": n, **whole, **row} for n, row in enumerate(ROWS, 1)]
    data = {
        "images": images,
        "annotations": rows,
        "categories": [{"id": 1, "name": "cap"}],
    }
    given = {"slice_width": 40, "slice_height": 40, "min_area_px": 20, **params}
    steps = [{"id": "tiles", "use": "tile", "in": "raw", "with": given}]
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    return write_recipe(folder, steps, data, inputs=inputs)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Take down what is drawn."""
    found: list[Any] = []
    draw = sheet.contact_sheet
    monkeypatch.setattr(
        sheet, "contact_sheet", lambda rows, **kw: [found.extend(rows), draw(rows, **kw)][1]
    )
    return found


def _preview(recipe: Path, images: int | tuple[str, ...] = 3) -> bytes:
    opened = Session.open(stages.prepare(recipe), recipe.parent / "out")
    target = recipe.parent / "tiles.png"
    forecast.preview(opened, "tiles", target, images=images)
    return target.read_bytes()


def test_a_picture_stands_beside_its_tiles_as_a_run_cuts_them(
    tmp_path: Path, shown: list[Any]
) -> None:
    recipe = _project(tmp_path)
    assert _preview(recipe, ("a.jpg",)).startswith(b"\x89PNG")
    ((source, *tiles),) = shown
    assert source.title == "a.jpg: 6 tiles"
    assert [tile.title for tile in tiles[:2]] == [
        "tile 1: 0, 0 to 40, 40",
        "tile 2: 32, 0 to 72, 40",
    ]
    assert {tile.picture.shape[:2] for tile in tiles} == {(40, 40)}
    assert [mark.bbox for mark in tiles[0].marks] == [(5, 5, 10, 10), (30, 5, 10, 20)]
    kept, cut, small = source.marks
    assert (kept.reason, cut.reason) == ("", "")
    assert small.reason.startswith("in no tile: area is below min_area_px")


def test_of_many_tiles_those_with_annotations_are_shown_in_order(
    tmp_path: Path, shown: list[Any]
) -> None:
    _preview(_project(tmp_path), ("b.jpg",))
    ((source, *tiles),) = shown
    assert source.title == "b.jpg: 26 tiles, 7 of them here"
    assert sum(bool(tile.marks) for tile in tiles) == 1
    numbers = [int(tile.title.split(":")[0].removeprefix("tile ")) for tile in tiles]
    assert numbers == sorted(numbers)


def test_tiles_that_a_run_leaves_out_are_told(tmp_path: Path, shown: list[Any]) -> None:
    _preview(_project(tmp_path, ignore_negative_samples=True), ("c.jpg",))
    ((_, *tiles),) = shown
    assert all(tile.title.endswith("(left out)") for tile in tiles)


@pytest.mark.slow
def test_a_sample_is_the_same_each_time_and_changes_nothing(
    tmp_path: Path, shown: list[Any]
) -> None:
    recipe = _project(tmp_path)
    assert _preview(recipe, 2) == _preview(recipe, 2)
    assert len(shown) == 4
    assert not (tmp_path / "out/steps").exists()


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    recipe = _project(tmp_path)
    with pytest.raises(StepError, match=r"there is no image 'd.jpg'; did you mean 'c.jpg'"):
        _preview(recipe, ("d.jpg",))


def test_the_command_draws_it(tmp_path: Path) -> None:
    recipe = _project(tmp_path)
    done = command("preview", recipe, "tiles", "--images", "1", "--to", "x.jpg", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.jpg").read_bytes().startswith(b"\xff\xd8\xff")
