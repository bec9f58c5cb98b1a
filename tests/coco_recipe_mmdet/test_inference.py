"""What a model needs is missed before a picture is looked at."""

import json
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
    job = EvaluateJob(config=None, set={}, classes=("a",), without_mask=2)
    with pytest.raises(
        ValueError,
        match="model has masks, and 2 annotations have no segmentation: add_segmentation",
    ):
        inference.resolve(job, json.loads(json.dumps(cascade)), "cpu")
