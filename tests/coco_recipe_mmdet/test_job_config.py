"""A config is fitted to the classes and the data of a job."""

import json
from typing import Any

import pytest
from coco_recipe_mmdet.inside import config_source, job_config, settings
from training import Shapes

CASCADE = "mmdet::cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py"


@pytest.fixture(scope="module")
def cascade(shapes: Shapes) -> dict[str, Any]:
    """Return the settings of a config with three box heads and three mask heads."""
    return config_source.load(CASCADE)


def test_every_head_gets_the_number_of_classes_and_is_told(cascade: dict[str, Any]) -> None:
    changes = settings.Changes(json.loads(json.dumps(cascade)))
    job_config.bind_classes(changes, ["a", "b", "c"])
    heads = changes.tree["model"]["roi_head"]
    assert [head["num_classes"] for head in [*heads["bbox_head"], heads["mask_head"]]] == [3] * 4
    assert {
        "model.roi_head.bbox_head.0.num_classes: 80 -> 3",
        "model.roi_head.bbox_head.2.num_classes: 80 -> 3",
    } <= set(changes.made)
    assert job_config.has_masks(changes.tree)


def test_the_classes_of_region_proposals_are_left_alone() -> None:
    tree = {
        "model": {
            "rpn_head": {"type": "RPNHead", "num_classes": 1},
            "bbox_head": {"num_classes": 80},
        }
    }
    job_config.bind_classes(settings.Changes(tree), ["a"] * 4)
    assert tree["model"] == {
        "rpn_head": {"type": "RPNHead", "num_classes": 1},
        "bbox_head": {"num_classes": 4},
    }
