"""Real annotation files, augmented and exported: pycocotools loads them, every mask has pixels,
every box is inside.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import real_data, recorded, write_recipe

from coco_recipe.running import stages

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")

PIPELINE = [
    {"HorizontalFlip": {"p": 0.5}},
    {"RandomRotate90": {"p": 0.5}},
    {
        "Affine": {
            "rotate": [-20, 20],
            "scale": [0.9, 1.3],
            "translate_percent": [-0.1, 0.1],
            "p": 0.8,
        }
    },
    {"RandomSizedBBoxSafeCrop": {"width": "${image.width}", "height": "${image.height}", "p": 0.3}},
    {"GridDistortion": {"p": 0.2}},
]


def _export(folder: Path, data: dict[str, Any], images: Path) -> Any:
    """Augment, export and load with pycocotools."""
    from pycocotools.coco import COCO

    steps = [
        {"id": "numbered", "use": "reindex", "in": "raw", "with": {"categories": None}},
        {
            "id": "more",
            "use": "augment",
            "in": "numbered",
            "with": {"pipeline": PIPELINE, "min_area_px": 1},
        },
        {"id": "out", "use": "export_coco", "in": {"train": "more"}},
    ]
    path = write_recipe(
        folder, steps, data, inputs={"raw": {"annotations": "raw.json", "images": str(images)}}
    )
    stages.run(stages.prepare(path), out=folder / "out", jobs=2)
    return COCO(folder / "out/steps/out/annotations/instances_train.json")


def _check(loaded: Any, folder: Path) -> None:
    for row in loaded.anns.values():
        image = loaded.imgs[row["image_id"]]
        x, y, w, h = row["bbox"]
        assert min(x, y) >= 0
        assert min(w, h) > 0
        assert x + w <= image["width"] + 1e-6
        assert y + h <= image["height"] + 1e-6
        if row.get("segmentation"):
            mask = loaded.annToMask(row)
            assert mask.any() or row["area"] < 4, (
                row
            )  # a sliver may lie between the centres of pixels
            ys, xs = np.nonzero(mask)
            if len(xs):
                assert xs.min() >= x - 1
                assert ys.min() >= y - 1
                assert xs.max() + 1 <= x + w + 1
                assert ys.max() + 1 <= y + h + 1
    for image in loaded.imgs.values():
        assert cv2.imread(str(folder / "out/steps/out/train" / image["file_name"])).shape[:2] == (
            image["height"],
            image["width"],
        )


@pytest.mark.slow
def test_metal_defects_with_their_small_polygons_and_their_negatives(tmp_path: Path) -> None:
    source = real_data("lpbf_defects").resolve()
    data = json.loads((source / "_annotations.coco.json").read_text("utf-8"))
    loaded = _export(tmp_path, data, source / "images" if (source / "images").is_dir() else source)
    _check(loaded, tmp_path)
    record = recorded(tmp_path / "out/steps/more")
    lost = sum(row.count for row in record.dropped if row.kind == "annotation")
    assert len(loaded.anns) + lost == 715
    assert len(loaded.anns) > 500
    assert len(loaded.imgs) == 100
    negatives = {row["id"] for row in data["images"]} - {
        row["image_id"] for row in data["annotations"]
    }
    names = {row["file_name"] for row in data["images"] if row["id"] in negatives}
    there = {row["coco_recipe"]["source"].partition("/")[2] for row in loaded.imgs.values()}
    assert len(names) == 40
    assert names <= there


@pytest.mark.slow
def test_coco_with_crowds(tmp_path: Path) -> None:
    data = json.loads(
        (real_data("odd_json") / "coco2017_tinycoco_rle_crowd.json").read_text("utf-8")
    )
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for row in data["images"]:
        noise = cv2.resize(
            rng.integers(0, 255, (12, 16, 3), dtype=np.uint8), (row["width"], row["height"])
        )
        (tmp_path / "images" / row["file_name"]).write_bytes(
            cv2.imencode(".jpg", noise)[1].tobytes()
        )
    loaded = _export(tmp_path, data, tmp_path / "images")
    _check(loaded, tmp_path)
    crowds = [row for row in loaded.anns.values() if row["iscrowd"]]
    assert len(crowds) == 4
    assert all(isinstance(row["segmentation"], dict) for row in crowds)
    assert len(loaded.imgs) == 32
