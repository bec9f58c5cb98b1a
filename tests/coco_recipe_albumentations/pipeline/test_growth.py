"""A picture that would grow beyond bounds is told from sizes; what the library makes is within
them.
"""

from typing import Any

import pytest
from coco_recipe_albumentations.pipeline import growth
from coco_recipe_albumentations.pipeline.read import Pipeline

from coco_recipe import StepProblems

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")
SIZE = (640, 480)
GROWING: dict[str, Any] = {
    "Resize": {"height": 40000, "width": 40000},
    "Resize of one side": {"height": 480, "width": 900_000},
    "RandomScale": {"scale_limit": [0.1, 1000]},
    "LongestMaxSize": {"max_size": 60000},
    "SmallestMaxSize": {"max_size": [100, 60000]},
    "LongestMaxSize of two": {"max_size_hw": [60000, 80000]},
    "Pad": {"padding": 10**9},
    "Pad of two": {"padding": [10**6, 100]},
    "PadIfNeeded": {"min_height": 50000, "min_width": 50000},
    "PadIfNeeded by a divisor": {
        "min_height": None,
        "min_width": None,
        "pad_height_divisor": 50000,
        "pad_width_divisor": 50000,
    },
    "CropAndPad": {"percent": 100.0},
    "CropAndPad by pixels": {"px": 10**6, "keep_size": True},
    "RandomCrop": {"height": 40000, "width": 40000, "pad_if_needed": True},
    "CenterCrop": {"height": 40000, "width": 40000, "pad_if_needed": True},
    "Crop": {"x_max": 40000, "y_max": 40000, "pad_if_needed": True},
    "RandomResizedCrop": {"size": [40000, 40000]},
    "RandomSizedCrop": {"size": [40000, 40000], "min_max_height": [100, 200]},
    "RandomSizedBBoxSafeCrop": {"height": 40000, "width": 40000},
    "Affine": {"scale": 100, "fit_output": True},
    "Affine that shears": {"shear": [0, 89.99], "fit_output": True},
}


@pytest.mark.parametrize("name", GROWING)
@pytest.mark.parametrize("known", [[], [SIZE]], ids=["sizes unknown", "sizes known"])
def test_what_grows_beyond_bounds_is_named(name: str, known: list[Any]) -> None:
    transform = name.split(" ")[0]
    row = {transform: GROWING[name] | {"p": 0.5}}
    needs_size = transform in ("RandomScale", "CropAndPad", "Affine")
    if not known and needs_size:
        pytest.skip("without a size nothing is known of what follows from it")
    with pytest.raises(StepProblems, match=rf"pipeline\[1\]: {transform} may make a picture of "):
        Pipeline.of([{"NoOp": {}}, row]).check_sizes(known)


@pytest.mark.parametrize(
    "form",
    [
        [{"RandomScale": {"scale_limit": [4, 4], "p": 1}}] * 3,
        [{"OneOf": {"transforms": [{"NoOp": {}}, {"RandomScale": {"scale_limit": 4}}]}}] * 3,
        [{"Sequential": {"transforms": [{"RandomScale": {"scale_limit": 4}}] * 3}}],
        [{"SomeOf": {"transforms": [{"RandomScale": {"scale_limit": 4}}] * 3, "n": 3}}],
        [
            {
                "SomeOf": {
                    "transforms": [{"RandomScale": {"scale_limit": 4}}],
                    "n": 9,
                    "replace": True,
                }
            }
        ],
    ],
    ids=["in a row", "one of", "sequential", "some of", "again and again"],
)
def test_what_grows_step_by_step_is_named(form: Any) -> None:
    with pytest.raises(StepProblems, match="RandomScale may make a picture of"):
        Pipeline.of(form).check_sizes([SIZE])


@pytest.mark.parametrize(
    "form",
    [
        [{"Resize": {"height": 8000, "width": 8000}}],
        [{"Pad": {"padding": 300}}],
        [{"Transpose": {}}, {"RandomScale": {"scale_limit": 0.5}}, {"D4": {}}],
        [{"RandomScale": {"scale_limit": [4, 4], "p": 1}}, {"Resize": {"height": 9, "width": 9}}]
        * 3,
        [{"Affine": {"scale": [0.5, 2], "rotate": 90, "fit_output": True}}],
    ],
)
def test_what_stays_within_bounds_is_sound(form: Any) -> None:
    Pipeline.of(form).check_sizes([SIZE, (64, 48)])


def test_a_large_source_may_stay_as_large() -> None:
    size = (30000, 20000)
    Pipeline.of([{"HorizontalFlip": {}}, {"Affine": {"rotate": 9}}]).check_sizes([size])
    with pytest.raises(StepProblems, match="more than 2400000000 pixels"):
        Pipeline.of([{"RandomScale": {"scale_limit": 2}}]).check_sizes([size])


SMALL: dict[str, Any] = {
    "Resize": {"height": 90, "width": 70},
    "RandomScale": {"scale_limit": [-0.5, 1.5]},
    "LongestMaxSize": {"max_size": [20, 150]},
    "SmallestMaxSize": {"max_size": [20, 150]},
    "LongestMaxSize of two": {"max_size_hw": [90, 70]},
    "SmallestMaxSize of two": {"max_size_hw": [90, None]},
    "Pad": {"padding": 7},
    "Pad of two": {"padding": [3, 9]},
    "Pad of four": {"padding": [1, 2, 3, 40]},
    "PadIfNeeded": {"min_height": 90, "min_width": 20},
    "PadIfNeeded by a divisor": {
        "min_height": None,
        "min_width": None,
        "pad_height_divisor": 50,
        "pad_width_divisor": 9,
    },
    "CropAndPad": {"percent": [-0.1, 0.6], "keep_size": False},
    "CropAndPad by pixels": {"px": [-5, 30], "keep_size": False},
    "RandomCrop": {"height": 90, "width": 20, "pad_if_needed": True},
    "Crop": {"x_max": 90, "y_max": 30, "pad_if_needed": True},
    "RandomResizedCrop": {"size": [70, 90]},
    "Affine": {"scale": [0.5, 2], "fit_output": True},
    "Affine that turns": {"rotate": [-90, 90], "fit_output": True},
    "Affine that shears": {"shear": [-30, 30], "fit_output": True},
    "Rotate": {"limit": 90},
    "SafeRotate": {"limit": 90},
    "Perspective": {"scale": 0.3},
    "Transpose": {},
    "D4": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_the_bound_holds_what_the_library_makes(name: str) -> None:
    size = (60, 40)
    pipeline = Pipeline.of([{name.split(" ")[0]: SMALL[name] | {"p": 1}}])
    follower = growth._Follower(size, 10**9)
    sizes, _ = follower.follow(pipeline.written.transforms, {size})
    carrier = pipeline.builder.carrier(size)
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for key in range(30):
        height, width = carrier(picture, [], key).picture.shape[:2]
        assert any(width <= w + 2 and height <= h + 2 for w, h in sizes), (width, height, sizes)
