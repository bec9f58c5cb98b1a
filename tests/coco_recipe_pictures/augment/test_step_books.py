"""The ledger of augment over random data sets and pipelines: nothing is lost without being counted
and named.
"""

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded, times, write_recipe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coco_recipe import plugins
from coco_recipe.errors import Problem
from coco_recipe.language import recipe, source
from coco_recipe.planning import resolve
from coco_recipe.running import stages

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")

REGISTRY = plugins.find()
TRANSFORMS: list[dict[str, dict[str, Any]]] = [
    {"HorizontalFlip": {"p": 0.5}},
    {"VerticalFlip": {"p": 0.5}},
    {"Transpose": {"p": 0.5}},
    {"RandomRotate90": {"p": 0.5}},
    {"Affine": {"rotate": [-40, 40], "translate_percent": [-0.4, 0.4], "p": 0.8}},
    {"Rotate": {"limit": 90, "p": 0.7}},
    {"Perspective": {"scale": [0.05, 0.2], "p": 0.7}},
    {"RandomCrop": {"height": 14, "width": 14, "p": 0.7}},
    {"PadIfNeeded": {"min_height": 80, "min_width": 80, "border_mode": 0, "p": 0.8}},
    {
        "RandomSizedBBoxSafeCrop": {
            "height": "${image.height}",
            "width": "${image.width}",
            "erosion_rate": 0.2,
            "p": 0.8,
        }
    },
    {"Pad": {"padding": 20, "border_mode": 2, "p": 0.5}},
    {"Affine": {"rotate": [-40, 40], "border_mode": 4, "p": 0.5}},
    {"GridDistortion": {"distort_limit": 0.4, "border_mode": 3, "normalized": False, "p": 0.5}},
    {"Blur": {"p": 0.5}},
    {"ElasticTransform": {"alpha": 20, "sigma": 5, "p": 0.5}},
    {"GridDistortion": {"p": 0.5}},
]


@st.composite
def annotations(draw: st.DrawFn, number: int, image: dict[str, Any]) -> dict[str, Any]:
    """Draw an annotation: a box, a triangle, a mask, a caption or keypoints; ``trace`` tells it
    from all others.
    """
    x, y = draw(st.integers(0, image["width"] - 2)), draw(st.integers(0, image["height"] - 2))
    w, h = draw(st.integers(1, image["width"] - x)), draw(st.integers(1, image["height"] - y))
    row: dict[str, Any] = {
        "id": number,
        "image_id": image["id"],
        "category_id": draw(st.integers(1, 3)),
        "trace": f"{number}",
    }
    kind = draw(st.sampled_from(["box", "triangle", "mask", "caption", "keypoints"]))
    if kind == "caption":
        return row
    row |= {"bbox": [x, y, w, h], "area": w * h, "iscrowd": 0}
    if kind == "triangle":
        row["segmentation"] = [[x, y, x + w, y, x + w, y + h]]
    if kind == "mask":
        mask = np.zeros((image["height"], image["width"]), np.uint8)
        mask[y : y + h, x : x + w] = 1
        flat = mask.T.ravel()
        edges = np.flatnonzero(np.diff(np.r_[0, flat, 0]))
        counts = np.diff(np.r_[0, edges[edges < flat.size], flat.size]).tolist()
        row |= {
            "iscrowd": 1,
            "segmentation": {"size": [image["height"], image["width"]], "counts": counts},
        }
    if kind == "keypoints":
        row |= {"keypoints": [x, y, 2, x + w, y + h, 1, 0, 0, 0], "num_keypoints": 2}
    return row


@st.composite
def datasets(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a data set; large annotation ids, negatives, images of several sizes."""
    images = [
        {
            "id": 10 * n,
            "file_name": f"{n}.png",
            "width": draw(st.integers(16, 48)),
            "height": draw(st.integers(16, 48)),
        }
        for n in range(1, draw(st.integers(1, 3)) + 1)
    ]
    count = draw(st.integers(0, 5))
    rows = [
        draw(annotations(900100581000 + n, draw(st.sampled_from(images)))) for n in range(count)
    ]
    return {
        "images": images,
        "annotations": rows,
        "categories": [{"id": n, "name": name} for n, name in enumerate(["a", "b", "c"], 1)],
    }


@pytest.mark.slow
@pytest.mark.soak
@settings(max_examples=times(1000), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    datasets(),
    st.lists(st.sampled_from(TRANSFORMS), min_size=1, max_size=4),
    st.integers(1, 2),
    st.fixed_dictionaries(
        {},
        optional={
            "min_visibility": st.sampled_from([0.1, 0.5]),
            "min_area_px": st.just(20),
            "min_side_px": st.just(3),
            "max_tries": st.just(2),
            "unchanged": st.sampled_from(["skip", "retry"]),
            "accept": st.sampled_from(
                [{"no_visibility_between": [0.1, 0.6]}, {"min_annotations": 1}, {"max_lost": 0}]
            ),
        },
    ),
)
def test_every_annotation_of_every_copy_is_there_or_in_the_ledger(
    tmp_path_factory: pytest.TempPathFactory,
    data: dict[str, Any],
    transforms: list[Any],
    copies: int,
    params: dict[str, Any],
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as name:
        out, dropped, files, again = _augmented(
            Path(name), data, {"pipeline": transforms, "copies": copies} | params
        )
    repeated = [row for row in out["annotations"] if row["id"] in again]
    assert len(repeated) == len(again)
    assert all(row["trace"] == str(again[row["id"]]) for row in repeated)
    own = [row for row in out["annotations"] if row["id"] not in again]
    dropped = [
        row for row in dropped if "tiles" not in row
    ]  # what a border shows again is beyond what each copy must have
    source = {row["trace"]: row for row in data["annotations"]}
    gone = Counter(row["kind"] for row in dropped)
    assert all(row["reason"] for row in dropped)
    assert len(own) + gone["annotation"] == copies * len(data["annotations"])
    assert len(out["images"]) + gone["image"] == copies * len(data["images"])
    seen = Counter(row["trace"] for row in own)
    seen.update(str(row["id"]) for row in dropped if row["kind"] == "annotation")
    assert all(n == copies for n in seen.values())
    for table in ("images", "annotations"):
        ids = [row["id"] for row in out[table] + data[table]]
        assert len(set(ids)) == len(ids)
    images = {row["id"]: row for row in out["images"]}
    assert files == {row["file_name"] for row in out["images"]}
    for row in out["annotations"]:
        assert row["category_id"] == source[row["trace"]]["category_id"]
        image = images[row["image_id"]]
        if "bbox" in row:
            x, y, w, h = row["bbox"]
            assert 0 <= x < x + w <= image["width"] + 1e-6
            assert 0 <= y < y + h <= image["height"] + 1e-6
            assert row["area"] > 0


def test_lost_keypoints_are_counted(tmp_path: Path) -> None:
    data = {
        "images": [{"id": 1, "file_name": "1.png", "width": 40, "height": 30}],
        "categories": [{"id": 1, "name": "a", "keypoints": ["x", "y", "z"]}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "bbox": [0, 0, 40, 30],
                "area": 1200,
                "iscrowd": 0,
                "keypoints": [2, 2, 2, 38, 28, 1, 0, 0, 0],
                "num_keypoints": 2,
            }
        ],
    }
    out, dropped, *_ = _augmented(
        tmp_path, data, {"pipeline": [{"Crop": {"x_max": 20, "y_max": 20, "p": 1}}]}
    )
    assert (out["annotations"][0]["num_keypoints"], dropped) == (1, [])
    record = recorded(tmp_path / "out/steps/more")
    assert record.notes["summary"] == "1 labelled keypoint lost of rows that stay"


def test_hidden_keypoints_are_counted_and_all_else_stays_to_the_last_digit(tmp_path: Path) -> None:
    row = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [0, 1, 40, 28.125],
        "area": 1199.123456,
        "iscrowd": 0,
        "keypoints": [2, 2, 2, 38, 28, 1, 0, 0, 0, 5, 6, 2],
        "num_keypoints": 3,
        "face_box": [1, 1, 8, 8],
        "foot_kpts": [3, 3, 2] * 6,
    }
    data = {
        "images": [{"id": 1, "file_name": "1.png", "width": 40, "height": 30}],
        "categories": [{"id": 1, "name": "a", "keypoints": ["x", "y", "z", "t"]}],
        "annotations": [row],
    }
    all_over = {
        "CoarseDropout": {
            "num_holes_range": [1, 1],
            "hole_height_range": [29, 29],
            "hole_width_range": [39, 39],
            "p": 1,
        }
    }
    out, *_ = _augmented(tmp_path, data, {"pipeline": [all_over]})
    (after,) = out["annotations"]
    assert after["keypoints"] == [2, 2, 1, 38, 28, 1, 0, 0, 0, 5, 6, 1]
    assert after["foot_kpts"] == [3, 3, 1] * 6
    changed = ("id", "image_id", "keypoints", "foot_kpts")
    assert {key: value for key, value in after.items() if key not in changed} == {
        key: value for key, value in row.items() if key not in changed
    }
    record = recorded(tmp_path / "out/steps/more")
    assert record.notes["keypoints hidden"] == 8
    assert record.notes["summary"] == "8 visible keypoints hidden by what was drawn over (v 1 now)"


def test_keypoints_that_a_border_does_not_show_again_are_not_lost(tmp_path: Path) -> None:
    data = {
        "images": [{"id": 1, "file_name": "1.png", "width": 40, "height": 30}],
        "categories": [{"id": 1, "name": "a", "keypoints": ["x", "y"]}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "bbox": [0, 0, 40, 30],
                "area": 1200,
                "iscrowd": 0,
                "keypoints": [2, 2, 2, 38, 28, 2],
                "num_keypoints": 2,
            }
        ],
    }
    pad = {"Pad": {"padding": [10, 0, 0, 0], "border_mode": 2, "p": 1}}
    out, *_ = _augmented(tmp_path, data, {"pipeline": [pad], "repeated": "label"})
    assert [row["num_keypoints"] for row in out["annotations"]] == [2, 1]
    record = recorded(tmp_path / "out/steps/more")
    assert "summary" not in record.notes


def _augmented(
    folder: Path, data: dict[str, Any], params: dict[str, Any]
) -> tuple[dict[str, Any], list[Any], set[str], dict[int, int]]:
    (folder / "images").mkdir()
    for row in data["images"]:
        picture = np.full((row["height"], row["width"], 3), 90, np.uint8)
        (folder / "images" / row["file_name"]).write_bytes(
            cv2.imencode(".png", picture)[1].tobytes()
        )
    with_ = {"format": "png", "mirrored_keypoints": [], "repeated": "label"} | params
    path = write_recipe(
        folder,
        [{"id": "more", "use": "augment", "in": "raw", "with": with_}],
        data,
        inputs={"raw": {"annotations": "raw.json", "images": "images"}},
    )
    problems: list[
        Problem
    ] = []  # as stages.prepare does, but with plugins that are looked for once
    stages.run(
        resolve.resolve(recipe.validate(source.load(path), problems), REGISTRY, problems),
        out=folder / "out",
    )
    step = folder / "out/steps/more"
    ledger = step / "dropped.jsonl"
    again = map(json.loads, (step / "repeated.jsonl").read_text().splitlines())
    return (
        json.loads((step / "dataset.json").read_text()),
        [json.loads(line) for line in ledger.read_text().splitlines()] if ledger.exists() else [],
        {path.name for path in (step / "images").iterdir()}
        if (step / "images").exists()
        else set(),
        {row["annotation"]: row["of"] for row in again},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("polygons", "kept"),
    [
        ([[70, 5, 90, 5, 90, 20]], False),
        ([[64, 5, 90, 5, 90, 20], [1, -9, 9, -9, 5, 0]], False),
        ([[60, -40, 110, 20, 110, -40]], False),
        ([[70, 5, 90, 5, 90, 20], [10, 10, 30, 10, 30, 30]], True),
        ([[-5, -5, 99, -5, 99, 99, -5, 99]], True),
    ],
    ids=["right", "touching", "across a corner", "one inside", "around"],
)
def test_a_box_whose_polygons_lie_outside_is_judged_by_itself(
    polygons: list[list[float]], kept: bool, tmp_path: Path
) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= {
        "bbox": [10, 10, 20, 20],
        "area": 400,
        "segmentation": polygons,
    }
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images/1.jpg"), np.full((48, 64, 3), 90, np.uint8))
    step = {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"pipeline": [{"HorizontalFlip": {"p": 1}}]},
    }
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(tmp_path, [step], data, inputs=inputs)
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs/test/steps/more"
    (row,) = json.loads((folder / "dataset.json").read_text("utf-8"))["annotations"]
    notes = recorded(folder).notes
    assert bool(row["segmentation"]) is kept
    assert notes.get("polygons lost", 0) == (0 if kept else 1)
    if not kept:
        assert row["bbox"] == [34, 10, 20, 20]
        assert "1 row without the polygons" in notes["summary"]
