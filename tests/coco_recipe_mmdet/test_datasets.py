"""What mmdet uses of a data set is counted as mmdet counts."""

import json
from collections.abc import Collection
from pathlib import Path

import pytest
from builders import coco
from coco_recipe_mmdet import datasets
from training import Shapes

from coco_recipe import Dataset


def test_what_is_measured_against_is_all_that_pycocotools_takes(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)] * 4)
    data["annotations"][0]["ignore"] = 1
    data["annotations"][1]["bbox"] = [5, 5, 0.5, 9]
    del data["annotations"][2]["bbox"]
    (tmp_path / "in.json").write_text(json.dumps(data))
    dataset = _load(tmp_path / "in.json")
    assert datasets.usage(dataset, training=True).boxes == 1
    found = datasets.usage(dataset, training=False)
    assert (found.boxes, dict(found.skipped)) == (3, {"annotation without a box or category": 1})


def test_an_image_whose_only_annotation_has_no_box_is_empty(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 1)])
    del data["annotations"][1]["bbox"]
    (tmp_path / "in.json").write_text(json.dumps(data))
    used = datasets.usage(_load(tmp_path / "in.json"), training=True, empty_images=False)
    assert (used.images, used.skipped["image without boxes"]) == (1, 1)


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ((), ""),
        ((1,), "1 annotation of train has no segmentation (id 1)"),
        ((1, 3), "2 annotations of train have no segmentation (id 1, 3)"),
        (range(1, 8), "7 annotations of train have no segmentation (id 1, 2, 3, 4, 5, ...)"),
    ],
)
def test_boxes_without_a_mask_are_named(
    tmp_path: Path, lacking: Collection[int], said: str
) -> None:
    data = coco(1, [(1, 1)] * 7)
    for row in data["annotations"]:
        row["segmentation"] = [[1, 1, 9, 1, 9, 9]]
        if row["id"] in lacking:
            row["segmentation"] = None if row["id"] % 2 else []
    (tmp_path / "in.json").write_text(json.dumps(data))
    for training in (True, False):
        found = datasets.usage(_load(tmp_path / "in.json"), training=training)
        assert datasets.without_masks(found, "train") == said


def test_the_count_of_what_mmdet_uses_is_mmdets_own(tmp_path: Path, shapes: Shapes) -> None:
    from mmdet.datasets import CocoDataset

    data = coco(images=4, boxes=[(1, 1), (1, 2), (1, 1), (1, 1), (1, 1), (2, 2), (2, 2)])
    data["images"][3].update(width=31)
    data["annotations"][1]["bbox"] = [1, 1, 0.9, 9]
    data["annotations"][2]["bbox"] = [64, 1, 9, 9]
    data["annotations"][3]["area"] = 0
    data["annotations"][4]["ignore"] = 1
    data["annotations"][5].update(iscrowd=1, id=1)
    data["annotations"].append({"id": 9, "image_id": 4, "category_id": 1, "bbox": [1, 1, 9, 9]})
    (tmp_path / "in.json").write_text(json.dumps(data))
    dataset = _load(tmp_path / "in.json")
    found = datasets.usage(dataset, training=True)
    datasets.write_for_mmdet(dataset, tmp_path / "out.json", ["dog", "cat"])
    mmdet = CocoDataset(
        ann_file=str(tmp_path / "out.json"),
        data_prefix={"img": ""},
        metainfo={"classes": ("dog", "cat")},
        filter_cfg={"filter_empty_gt": False, "min_size": 32},
        pipeline=[],
    )
    rows = [mmdet.get_data_info(i) for i in range(len(mmdet))]
    assert found.images == len(rows) == 3
    assert found.boxes + found.crowds == sum(len(row["instances"]) for row in rows) == 3
    assert (
        found.crowds
        == sum(instance["ignore_flag"] for row in rows for instance in row["instances"])
        == 1
    )
    assert found.skipped == {
        "box under 1 px": 1,
        "box outside its image": 1,
        "box with area 0": 1,
        "box marked ignore": 1,
        "image under 32 px": 1,
        "box on an image under 32 px": 1,
    }
    assert [instance["bbox_label"] for instance in rows[0]["instances"] + rows[1]["instances"]] == [
        1,
        0,
        0,
    ]
    assert rows[0]["img_path"] == str(tmp_path / "pictures/1.jpg")


def _load(path: Path) -> Dataset:
    from coco_recipe import coco_json

    return coco_json.load(path, home="raw", images=path.parent / "pictures")
