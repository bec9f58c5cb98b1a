"""The catalogue of transforms is that of the installed library, and each one builds."""

import json
import random
from typing import Any

import pytest
from coco_recipe_albumentations import catalogue
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")


pytestmark = pytest.mark.filterwarnings("ignore:Got processor")


def _apply(transforms: list[Any], picture: Any, seed: int = 0) -> Any:
    import albumentations as A

    compose = A.Compose(transforms, bbox_params=A.BboxParams("coco"))
    compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
    return compose(image=picture, bboxes=[[1, 1, 5, 5]])["image"]


@pytest.mark.filterwarnings("ignore:The image is already")
@pytest.mark.parametrize("name", catalogue.load()[1])
def test_each_transform_is_refused_with_a_remedy_or_builds_and_keeps_a_picture(name: str) -> None:
    entry = catalogue.load()[1][name]
    samples = {
        "height": 32,
        "width": 32,
        "size": [32, 32],
        "max_size": 64,
        "num_grid_xy": [2, 2],
        "magnitude": 2,
        "min_max_height": [16, 32],
        "padding": 4,
        "x_max": 32,
        "y_max": 32,
    } | ({"px": 4} if name == "CropAndPad" else {})
    given: dict[str, Any] = {
        key: value for key, value in samples.items() if key in entry.arguments
    } | {"p": 1}
    if entry.holds_others:
        given["transforms"] = [{"HueSaturationValue": {"p": 1}}, {"RGBShift": {"p": 1}}]
    found = Pipeline.of([{name: given}]).problems
    if found:
        assert all(one.hint for one in found)
        return
    canonical = Pipeline.of([{name: given}]).canonical()
    assert Pipeline.of(canonical).canonical() == canonical
    picture = np.random.default_rng(0).integers(60, 200, (64, 96, 3)).astype(np.uint8)
    made = _apply(Pipeline.of([{name: given}]).build(), picture)
    assert (made.dtype, made.ndim, made.shape[2]) == (np.uint8, 3, 3)
    assert made.max() > 0


def test_the_catalogue_is_that_of_the_installed_library() -> None:
    assert catalogue.describe() == json.loads(catalogue.FILE.read_text("utf-8"))
