"""COCO's figures, counted by hand."""

import json
from pathlib import Path

import pytest
from coco_recipe_jobs.coco_metrics import measure


def test_metrics_by_class_and_of_masks_counted_by_hand(tmp_path: Path) -> None:
    import pycocotools.mask

    square = [[0, 0, 10, 0, 10, 10, 0, 10]]
    truth = {
        "images": [{"id": 5, "width": 64, "height": 64}],
        "categories": [{"id": 3, "name": "帽"}, {"id": 7, "name": "b"}, {"id": 9, "name": "c"}],
        "annotations": [
            {
                "id": n,
                "image_id": 5,
                "category_id": c,
                "bbox": [0, 0, 10, 10],
                "area": 100,
                "iscrowd": 0,
                "segmentation": square,
            }
            for n, c in ((1, 3), (2, 7))
        ],
    }
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth))
    mask = {
        "size": [64, 64],
        "counts": [0, *[10, 54] * 9, 10, 54 + 54 * 64],
    }  # ten columns of ten pixels, then nothing
    mask = pycocotools.mask.frPyObjects(mask, 64, 64)
    good = {"image_id": 5, "category_id": 3, "bbox": [0, 0, 10, 10], "score": 0.9}
    half = {
        "image_id": 5,
        "category_id": 7,
        "bbox": [0, 0, 10, 6],
        "score": 0.9,
    }  # IoU 0.6: right at .50, .55, .60 of ten
    found = measure(path, {"bbox": [good, half], "segm": [{**good, "segmentation": mask}]})
    assert {name: row.mAP for name, row in found["bbox"].classes.items()} == {
        "帽": 1.0,
        "b": 0.3,
        "c": -1.0,
    }
    assert found["bbox"].mAP == pytest.approx(0.65)
    assert found["bbox"].mAP_50 == 1.0
    assert {name: row.mAP for name, row in found["segm"].classes.items()} == {
        "帽": 1.0,
        "b": 0.0,
        "c": -1.0,
    }
    nothing = measure(path, {"bbox": []})["bbox"]
    assert (nothing.mAP, nothing.classes["帽"].mAP, nothing.classes["c"].mAP) == (
        0.0,
        0.0,
        -1.0,
    )
    assert (nothing.mAP_s, nothing.mAP_l) == (
        0.0,
        -1.0,
    )  # there are small boxes to find and no large ones


def test_a_class_has_its_figures_by_size(tmp_path: Path) -> None:
    def row(n: int, category: int, side: int) -> dict[str, object]:
        box = [0, 100 * n, side, side]
        more = {"area": side * side, "iscrowd": 0}
        return {"id": n, "image_id": 1, "category_id": category, "bbox": box, **more}

    truth = {
        "images": [{"id": 1, "width": 640, "height": 640}],
        "categories": [{"id": 1, "name": "cap"}, {"id": 2, "name": "cup"}],
        "annotations": [row(1, 1, 20), row(2, 1, 50), row(3, 2, 100)],
    }
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth))
    rows = [{**row(n, 1, side), "score": 0.9} for n, side in ((1, 20), (3, 99))]
    found = measure(path, {"bbox": rows})["bbox"].classes
    assert (found["cap"].mAP_s, found["cap"].mAP_m, found["cap"].mAP_l) == (1.0, 0.0, -1.0)
    assert (found["cup"].mAP_s, found["cup"].mAP_m, found["cup"].mAP_l) == (-1.0, -1.0, 0.0)
