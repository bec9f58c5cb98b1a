"""Old pipelines, and pictures that a transform makes."""

import random
import warnings
from typing import Any

import albumentations as A
import numpy as np
from coco_recipe_albumentations.pipeline.read import Pipeline


def old_pipeline(transform: str, **arguments: Any) -> dict[str, Any]:
    """Write a transform as an older version did."""
    row = {"__class_fullname__": transform, "always_apply": False, "p": 1, **arguments}
    return {
        "__version__": "1.3.1",
        "transform": {"__class_fullname__": "Compose", "p": 1, "transforms": [row]},
    }


def applied_to(form: Any, picture: Any, seed: int = 0) -> Any:
    """Run a pipeline, its warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Got processor")
        warnings.filterwarnings("ignore", message="The image is already")
        compose = A.Compose(
            Pipeline.of(form).build(picture.shape[1::-1]), bbox_params=A.BboxParams("coco")
        )
        compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
        return compose(image=picture, bboxes=[[10, 10, 50, 50]])["image"]
