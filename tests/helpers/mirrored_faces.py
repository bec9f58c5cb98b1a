"""What augment asks of data sets with keypoints that may trade places."""

import json
from typing import Any

from builders import coco
from coco_recipe_albumentations.pipeline.read import Pipeline
from coco_recipe_pictures.augment import keypoint_pairs, refusals

from coco_recipe.coco_json import parse

PARAMS: dict[str, Any] = {"repeated": None, "other_geometry": "refuse", "mirrored_keypoints": None}


FLIP: dict[str, Any] = {"HorizontalFlip": {"p": 0.5}}


def asked_of(
    form: Any,
    annotation: dict[str, Any] | None = None,
    names: list[str] | None = None,
    **params: Any,
) -> list[str]:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= annotation or {}
    if names is not None:
        data["categories"][0]["keypoints"] = names
    dataset = parse(json.dumps(data).encode())
    pairs = keypoint_pairs.mirrored_pairs(dataset.categories, params.get("mirrored_keypoints"))
    return [
        str(one)
        for one in refusals.problems(
            Pipeline.of(form),
            dataset,
            dataset.images,
            dataset.annotations,
            pairs,
            PARAMS | params,
        )
    ]


POINTS = {"keypoints": [1, 2, 2, 3, 4, 2]}
