"""Small inputs with the shape of public bug reports end as they must; the table names the case and
what is right.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import command, real_data

pytestmark = pytest.mark.slow

pytest.importorskip("cv2")

CASES: dict[str, Callable[[Path], None]] = {}


def case(name: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Register the check of a field case; it gets a copy of the case's folder."""

    def register(check: Callable[[Path], None]) -> Callable[[Path], None]:
        CASES[name] = check
        return check

    return register


def _run(folder: Path, recipe: str = "recipe.yaml") -> Any:
    return command("run", recipe, "--out", folder / "run", "--jobs", "1", cwd=folder)


def _refused(folder: Path, *texts: str, code: int = 1) -> None:
    """Run a case that must be refused: with 1 for its data, with 2 for its recipe."""
    done = _run(folder)
    assert done.returncode == code, done.stderr
    for text in texts:
        assert text in done.stderr
    assert not (folder / "run/d").exists()


def _published(folder: Path, part: str = "all") -> dict[str, Any]:
    data: dict[str, Any] = json.loads(
        (folder / f"run/d/annotations/instances_{part}.json").read_text("utf-8")
    )
    return data


def _above_first(folder: Path, **params: Any) -> None:
    """Put a repair between the input and all that reads it."""
    import yaml

    recipe = yaml.safe_load((folder / "recipe.yaml").read_text("utf-8"))

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: renamed(inner) for key, inner in value.items()}
        return "mended" if value == "raw" else value

    for step in recipe["steps"]:
        step["in"] = renamed(step["in"])
    recipe["steps"].insert(0, {"id": "mended", "use": "repair", "in": "raw", "with": params})
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False), "utf-8")


def _object(path: Path) -> list[int]:
    """Return x, y, w, h of what differs from the background, in the picture as trainers decode
    it.
    """
    import cv2
    import numpy as np

    picture = np.asarray(cv2.imread(str(path))).astype(int)
    rows, columns = np.nonzero(np.abs(picture - picture[0, 0]).sum(axis=-1) > 60)
    return [int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]


def _regions(path: Path) -> list[list[int]]:
    """Return x, y, w, h of each connected region that isn't of the commonest colour."""
    import cv2
    import numpy as np

    picture = np.asarray(cv2.imread(str(path))).astype(int)
    colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    apart = (np.abs(picture - colours[counts.argmax()]).sum(axis=-1) > 60).astype(np.uint8)
    return [row[:4] for row in cv2.connectedComponentsWithStats(apart)[2][1:].tolist()]


@case("15_dup_annid")
def _(folder: Path) -> None:
    _refused(
        folder,
        "annotations have an id that another has: annotation 1",
        "hint: reindex numbers them anew",
    )


@case("15_emptycats")
def _(folder: Path) -> None:
    _refused(
        folder,
        "1 annotation has a category id, and the file has no category: annotation 1: category 1",
    )


@case("02_bbox_empty")
def _(folder: Path) -> None:
    _refused(
        folder,
        "1 box is not four numbers: annotation",
        "{'bbox': []}",
        "hint: write x, y, width and height",
    )


@case("02_iscrowd_null")
def _(folder: Path) -> None:
    _refused(folder, "iscrowd is no 0 or 1: annotation", "iscrowd is null", "hint: write 0 or 1")


@case("05_4tuple")
def _(folder: Path) -> None:
    _refused(folder, "annotation 1: 12 numbers for 3 keypoints")


@case("21_flat_pass")
def _(folder: Path) -> None:
    _refused(folder, "a flat list of numbers", "repair: segmentations: flat_to_list")
    _above_first(folder, segmentations="flat_to_list")
    assert _run(folder).returncode == 0
    assert all(
        isinstance(row["segmentation"][0], list) for row in _published(folder)["annotations"]
    )


@case("21_wrong_size_drop")
def _(folder: Path) -> None:
    _refused(folder, "1 image has a size other than its picture's", "repair: sizes: from_pictures")
    _above_first(folder, sizes="from_pictures")
    assert _run(folder).returncode == 0
    raw = json.loads((folder / "ann.json").read_text())
    assert len(_published(folder)["annotations"]) == len(raw["annotations"])


@case("16_noexif_swapped")
def _(folder: Path) -> None:
    done = _run(folder)
    assert done.returncode == 1
    assert "width and height are swapped" in done.stderr
    assert "exif" not in done.stderr.lower().replace(folder.name, "")


@case("03_exif_ls")
def _(folder: Path) -> None:
    done = _run(folder)
    assert done.returncode == 1
    assert (
        "if the boxes were drawn on the turned picture, repair: sizes: from_pictures" in done.stderr
    )
    assert "if on the stored one" in done.stderr
    _above_first(folder, sizes="from_pictures")
    done = _run(folder)
    assert done.returncode == 0, done.stderr
    for part in ("orig", "all"):
        data = _published(folder, part)
        image, box = data["images"][0], data["annotations"][0]["bbox"]
        seen = _object(folder / f"run/d/{part}/{image['file_name']}")
        assert max(abs(a - b) for a, b in zip(box, seen, strict=True)) <= 3, (part, box, seen)


@case("13_urlq")
def _(folder: Path) -> None:
    _refused(folder, "there is 'a b.jpg'", "repair: file_names: {unquote: true}")
    _above_first(folder, file_names={"unquote": True})
    assert _run(folder).returncode == 0
    assert (folder / "run/d/orig/a b.jpg").is_file()


@case("13_lsimages")
def _(folder: Path) -> None:
    _refused(folder, "repair: file_names: {slashes: true")
    _above_first(folder, file_names={"slashes": True})
    assert _run(folder).returncode == 0, _run(folder).stderr


@case("16_clip")
def _(folder: Path) -> None:
    assert _run(folder).returncode == 0
    (row,) = _published(folder)["annotations"]
    assert row["bbox"] == [100, 10, 20, 40]
    assert max(row["segmentation"][0][0::2]) == 120
    assert row["keypoints"] == [110, 20, 2, 0, 0, 0]
    assert (row["num_keypoints"], row["area"]) == (1, 800)


@case("11_kpcats")
def _(folder: Path) -> None:
    assert _run(folder).returncode == 0
    data = _published(folder)
    assert data["categories"][0]["keypoints"] == ["left_eye", "right_eye", "nose"]
    assert [row["keypoints"] for row in data["annotations"]] == [
        [25, 15, 2, 45, 15, 2, 0, 0, 0],
        [45, 15, 2, 25, 15, 2, 35, 20, 2],
    ]


@case("11_tracks")
def _(folder: Path) -> None:
    assert _run(folder).returncode == 0
    data = _published(folder)
    assert [(row["id"], row["name"]) for row in data["videos"]] == [(1, "clipA"), (2, "clipB")]
    assert [row["video_id"] for row in data["images"]] == [1, 1, 2, 2]
    assert [(row["track_id"], row["instance_id"]) for row in data["annotations"]] == [
        (1, 1),
        (1, 1),
        (2, 2),
        (2, 2),
    ]


def _no_area(folder: Path) -> None:
    done = _run(folder)
    assert done.returncode == 0, done.stderr
    assert "segmentations_of_no_area" in done.stderr or "polygons_too_short" in done.stderr
    (row,) = _published(folder)["annotations"]
    assert (row["bbox"], row["area"], row["segmentation"]) == ([70, 10, 30, 40], 1200, [])


CASES |= dict.fromkeys(("01_two_point_polygon", "01_empty_inner", "01_line3"), _no_area)


@case("07_coarse_minvis")
def _(folder: Path) -> None:
    assert _run(folder).returncode == 0
    lost = [
        json.loads(line)
        for line in (folder / "run/steps/more/dropped.jsonl").read_text().splitlines()
    ]
    assert any(line["visibility"] == 0 for line in lost)
    assert all(line["visibility"] < 0.5 for line in lost)


@case("06_pad_reflect")
def _(folder: Path) -> None:
    _refused(
        folder,
        "its border repeats the picture, so that objects appear again without an annotation",
        "repeated: label (they are annotated too), repeated: fill",
        code=2,
    )
    text = (folder / "recipe.yaml").read_text()
    (folder / "recipe.yaml").write_text(text.replace("copies: 1", "copies: 1, repeated: label"))
    assert _run(folder).returncode == 0
    data = _published(folder)
    boxes = [row["bbox"] for row in data["annotations"]]
    regions = _regions(folder / f"run/d/all/{data['images'][0]['file_name']}")
    assert len(boxes) == len(regions) == 9
    for region in regions:  # the object is drawn a pixel larger than its box
        assert any(
            all(abs(side - other) <= 1 for side, other in zip(region, box, strict=True))
            for box in boxes
        )
    (folder / "recipe.yaml").write_text(text.replace("copies: 1", "copies: 1, repeated: fill"))
    assert _run(folder).returncode == 0
    data = _published(folder)
    x, y, w, h = data["annotations"][0]["bbox"]
    seen = _object(folder / f"run/d/all/{data['images'][0]['file_name']}")
    assert (seen[0], seen[1]) >= (
        80,
        60,
    )  # the picture begins there: nothing is seen again in the border
    assert (x, y, w, h) == (120, 90, 40, 40)


@case("10_rectpoly_cw_tl")
def _(folder: Path) -> None:
    assert _run(folder).returncode == 0
    (row,) = _published(folder)["annotations"]
    assert abs(row["area"] - 1800) < 10
    assert len(row["segmentation"][0]) >= 8


@case("05_lr_short")
def _(folder: Path) -> None:
    assert _run(folder).returncode == 0
    (row,) = _published(folder)["annotations"]
    assert row["keypoints"] == [74, 15, 2, 94, 15, 2, 84, 40, 1]


@case("05_lr_noname")
def _(folder: Path) -> None:
    _refused(
        folder,
        "it mirrors pictures, and no keypoints of category",
        "mirrored_keypoints: []",
        code=2,
    )
    text = (folder / "recipe.yaml").read_text()
    (folder / "recipe.yaml").write_text(
        text.replace("format: png", "format: png, mirrored_keypoints: [[1, 2]]")
    )
    assert _run(folder).returncode == 0
    (row,) = _published(folder)["annotations"]
    assert row["keypoints"] == [74, 15, 2, 94, 15, 2, 84, 40, 1]


@case("04_rotation")
def _(folder: Path) -> None:
    text = (folder / "recipe.yaml").read_text()
    (folder / "recipe.yaml").write_text(
        text.replace("HorizontalFlip:", "ElasticTransform:")
    )  # no box is turned by it
    _refused(
        folder,
        "annotations have places under other keys: attributes.rotation",
        "other_geometry: drop",
        code=2,
    )
    (folder / "recipe.yaml").write_text(text)
    assert _run(folder).returncode == 0
    (row,) = _published(folder)["annotations"]
    assert (row["bbox"], row["area"], row["segmentation"]) == ([70, 10, 30, 40], 1200, [])
    assert row["attributes"] == {"occluded": False, "rotation": 330}


@case("17_wholebody")
def _(folder: Path) -> None:
    assert _run(folder).returncode == 0
    (row,) = _published(folder)["annotations"]
    assert not {key for key in row if key.startswith("lefthand")}
    assert row["righthand_box"] == [90, 40, 8, 8]
    assert row["righthand_kpts"] == [94, 45, 0.5] * 3  # x of n is 119 - n
    assert row["face_box"] == [82, 12, 10, 10]
    assert (row["righthand_valid"], row["face_valid"]) == (True, True)


@case("18_directional")
def _(folder: Path) -> None:
    done = _run(folder)
    assert done.returncode == 0
    assert (
        "2 classes have a direction in their name, and the pipeline mirrors pictures: "
        "class 'arrow_left'" in done.stderr
    )
    text = (folder / "recipe.yaml").read_text()
    (folder / "recipe.yaml").write_text(
        text.replace("format: png", "format: png, mirrored_categories: [[arrow_left, arrow_right]]")
    )
    done = _run(folder)
    assert (done.returncode, "direction" in done.stderr) == (0, False)
    (row,) = _published(folder)["annotations"]
    assert (row["category_id"], row["bbox"]) == (2, [70, 10, 30, 40])


@case("16_taco_y")
def _(folder: Path) -> None:
    assert "1 box is at odds with its segmentation: annotation 1" in _run(folder).stderr
    (source,) = json.loads((folder / "ann.json").read_text())["annotations"]
    mirrored = []
    for row in _published(folder)["annotations"]:
        recorded = {key: row[key] for key in ("bbox", "area", "segmentation")}
        mirrored.append(recorded != {key: source[key] for key in recorded})
        if mirrored[-1]:  # in a picture of 120 px
            assert recorded["bbox"] == [70, 30, 30, 40]
            assert recorded["area"] == 1200
            assert recorded["segmentation"] == [[100, 10, 70, 10, 70, 50, 85, 48, 100, 50]]
    assert set(mirrored) == {False, True}


@case("12_rare2")
def _(folder: Path) -> None:
    assert _run(folder).returncode == 0
    parts = {name: _published(folder, name) for name in ("train", "val")}
    assert {name: len(part["images"]) for name, part in parts.items()} == {"train": 8, "val": 2}
    classes = {
        name: {row["category_id"] for row in part["annotations"]} for name, part in parts.items()
    }
    assert classes["train"] == classes["val"]


@case("12_tiny3")
def _(folder: Path) -> None:
    _refused(folder, "part 'val' would get 0 of 3 images")


@case("08_migrate")
def _(folder: Path) -> None:
    for verb in ("migrate", "lint"):
        done = command("pipeline", verb, folder / "old.json", cwd=folder)
        assert "border" in done.stdout + done.stderr, verb


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_field_case_ends_as_it_must(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(real_data("field_cases") / name, folder)
    CASES[name](folder)


def test_every_field_case_is_in_the_table() -> None:
    assert {folder.name for folder in real_data("field_cases").iterdir() if folder.is_dir()} == set(
        CASES
    )
