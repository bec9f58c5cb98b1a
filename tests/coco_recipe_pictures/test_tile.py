"""The step tile: where tiles lie, what each has of the annotations, and what the books say."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import recorded, write_recipe

from coco_recipe import FindingsError, StepError
from coco_recipe.running import stages

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

INPUTS = {"raw": {"annotations": "raw.json", "images": "images"}}
SMALL = {"slice_width": 40, "slice_height": 30, "format": "png"}


def _run(folder: Path, rows: list[dict[str, Any]], jobs: int = 1, **params: Any) -> Path:
    """Tile two pictures of 100x60 with noise in them; the rows are of the first."""
    (folder / "images").mkdir()
    noise = np.random.default_rng(3)
    for name in ("a.png", "a.jpg"):
        pixels = noise.integers(0, 255, (60, 100, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "images" / name), pixels)
    whole = {"image_id": 1, "category_id": 1, "iscrowd": 0}
    images = [
        {"id": n, "file_name": name, "width": 100, "height": 60}
        for n, name in enumerate(("a.png", "a.jpg"), 1)
    ]
    data = {
        "images": images,
        "annotations": [{"id": n, **whole, **row} for n, row in enumerate(rows, 1)],
        "categories": [{"id": 1, "name": "cap", "keypoints": ["tip"]}],
    }
    steps = [{"id": "tiles", "use": "tile", "in": "raw", "with": SMALL | params}]
    recipe = write_recipe(folder, steps, data, inputs=INPUTS)
    stages.run(stages.prepare(recipe), out=folder / "out", jobs=jobs)
    return folder / "out/steps/tiles"


def _data(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made / "dataset.json").read_text("utf-8"))
    return found


@pytest.mark.slow
def test_each_tile_has_its_pixels_and_its_part_of_the_annotations(tmp_path: Path) -> None:
    box = {"bbox": [30, 5, 20, 10], "area": 200}
    triangle = {"bbox": [70, 30, 20, 20], "area": 200, "segmentation": [[70, 30, 90, 30, 70, 50]]}
    point = {"bbox": [2, 2, 4, 4], "area": 16, "keypoints": [3, 4, 2], "num_keypoints": 1}
    made = _run(tmp_path, [box, triangle, point])
    data = _data(made)
    names = {image["id"]: image["file_name"] for image in data["images"]}
    assert len(names) == 2 * 3 * 3  # from 0, 32, 60 and 0, 24, 30
    source = cv2.imread(str(tmp_path / "images/a.png"))
    for name in names.values():
        if not name.startswith("a_"):
            continue
        left, top, right, bottom = map(int, Path(name).stem.split("_")[1:])
        assert (cv2.imread(str(made / "images" / name)) == source[top:bottom, left:right]).all()
    of = {(names[row["image_id"]], row["category_id"], *row["bbox"]) for row in data["annotations"]}
    assert ("a_0_0_40_30.png", 1, 30, 5, 10, 10) in of  # its left half
    assert ("a_32_0_72_30.png", 1, 0, 5, 18, 10) in of
    assert ("a_0_0_40_30.png", 1, 2, 2, 4, 4) in of
    (cut,) = [
        row
        for row in data["annotations"]
        if names[row["image_id"]] == "a_60_24_100_54.png" and "segmentation" in row
    ]
    assert cut["segmentation"] == [[10, 6, 30, 6, 10, 26]]
    assert cut["area"] == 200
    (kept,) = [row for row in data["annotations"] if "keypoints" in row]
    assert kept["keypoints"] == [3, 4, 2]
    assert data["images"][0]["coco_recipe"]["source"] == "raw/a.png"


@pytest.mark.slow
def test_what_is_lost_is_counted_and_named(tmp_path: Path) -> None:
    wide = {"bbox": [0, 0, 100, 60], "area": 6000}  # no tile shows a half of it
    small = {"bbox": [1, 1, 5, 5], "area": 25}
    made = _run(tmp_path, [wide, small], min_visibility=0.5, ignore_negative_samples=True)
    data = _data(made)
    assert [row["bbox"] for row in data["annotations"]] == [[1, 1, 5, 5]]
    assert [image["file_name"] for image in data["images"]] == ["a_0_0_40_30.png"]
    assert [path.name for path in (made / "images").iterdir()] == ["a_0_0_40_30.png"]
    ledger = [json.loads(line) for line in (made / "dropped.jsonl").read_text("utf-8").splitlines()]
    reasons = Counter(row["reason"] for row in ledger)
    assert reasons == {
        "visibility is below min_visibility (0.5)": 9,
        "no annotation is left in the tile": 17,
    }
    record = json.loads((made / "manifest.json").read_text("utf-8"))["record"]["notes"]
    assert record["annotations in no tile"] == 1
    assert record["ids of annotations in no tile"] == [1]


@pytest.mark.slow
def test_two_workers_make_the_same_bytes(tmp_path: Path) -> None:
    rows = [{"bbox": [20, 10, 50, 40], "area": 2000}]
    one, two = tmp_path / "one", tmp_path / "two"
    files = []
    for folder, jobs in ((one, 1), (two, 2)):
        folder.mkdir()
        made = _run(folder, rows, jobs, format="jpg")
        files.append(
            {
                path.relative_to(made).as_posix(): path.read_bytes()
                for path in made.rglob("*")
                if path.is_file() and path.name != "manifest.json"
            }
        )
    assert files[0] == files[1]
    assert len(files[0]) > 18


def test_places_under_other_keys_are_asked_for(tmp_path: Path) -> None:
    row = {"bbox": [1, 1, 9, 9], "area": 81, "head_box": [2, 2, 3, 3]}
    with pytest.raises(
        StepError, match="annotations have places under other keys: beak_box, head_box"
    ):
        _run(tmp_path, [{**row, "beak_box": [2, 2, 3, 3]}])


@pytest.mark.slow
def test_places_under_other_keys_can_be_left_out(tmp_path: Path) -> None:
    row = {"bbox": [1, 1, 9, 9], "area": 81, "beak_box": [2, 2, 3, 3], "seen": "left"}
    (found,) = _data(_run(tmp_path, [row], other_geometry="drop"))["annotations"]
    assert "beak_box" not in found
    assert found["seen"] == "left"


def test_a_row_that_cannot_be_moved_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match=r"annotation 1 on image 1 .*\[95, 2, 10, 10\]"):
        _run(tmp_path, [{"bbox": [95, 2, 10, 10], "area": 100}])
    assert not (tmp_path / "out/steps").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("polygons", "kept"),
    [
        ([[170, 5, 190, 5, 190, 20]], False),
        ([[100, 5, 130, 5, 130, 20], [1, -9, 9, -9, 5, 0]], False),
        ([[170, 5, 190, 5, 190, 20], [50, 10, 60, 10, 60, 20]], True),
    ],
    ids=["right", "touching", "one inside"],
)
def test_a_box_whose_polygons_lie_outside_is_judged_by_itself(
    polygons: list[list[float]], kept: bool, tmp_path: Path
) -> None:
    row = {"bbox": [50, 10, 10, 10], "area": 100, "segmentation": polygons}
    made = _run(tmp_path, [row])
    (found,) = _data(made)["annotations"]
    notes = recorded(made).notes
    assert found["bbox"] == [18, 10, 10, 10]
    assert bool(found["segmentation"]) is kept
    if not kept:
        assert (found["area"], notes["polygons lost"]) == (100, 1)
        assert "1 row without the polygons" in notes["summary"]
