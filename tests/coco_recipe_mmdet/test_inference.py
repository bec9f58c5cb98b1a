"""What a model needs is missed before a picture is looked at, and what it finds is COCO's."""

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from coco_recipe_mmdet.inside import config_source, inference
from coco_recipe_mmdet.jobs import EvaluateJob
from training import Shapes

CASCADE = "mmdet::cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py"


@pytest.fixture(scope="module")
def cascade(shapes: Shapes) -> dict[str, Any]:
    """Return the settings of a config with three box heads and three mask heads."""
    return config_source.load(CASCADE)


def test_masks_that_are_not_there_are_missed_before_a_picture_is_looked_at(
    cascade: dict[str, Any],
) -> None:
    told = "2 annotations of dataset have no segmentation (id 1, 2)"
    job = EvaluateJob(config=None, set={}, classes=("a",), without_masks=told)
    with pytest.raises(ValueError, match=re.escape(f"has masks, and {told}: add_segmentation")):
        inference.resolve(job, json.loads(json.dumps(cascade)), "cpu")


def test_boxes_that_are_not_finite_are_left_out() -> None:
    torch = pytest.importorskip("torch")
    structures = pytest.importorskip("mmengine.structures")
    inf, nan = float("inf"), float("nan")
    found = structures.InstanceData(
        bboxes=torch.tensor([[0, 0, 4, 4], [0, 0, inf, 4], [1, 1, 2, 2], [0, 0, 3, 3.0]]),
        scores=torch.tensor([0.9, 0.8, nan, 0.6]),
        labels=torch.tensor([0, 1, 1, 1]),
    )
    sample: Any = SimpleNamespace(pred_instances=found, img_id=7)
    results: Any = {"bbox": []}
    inference.add(results, sample, [5, 6])
    assert [(row["category_id"], row["bbox"]) for row in results["bbox"]] == [
        (5, [0, 0, 4, 4]),
        (6, [0, 0, 3, 3]),
    ]
    json.dumps(results, allow_nan=False)
