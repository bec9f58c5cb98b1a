"""Whether a pipeline goes together with the sizes that come to it."""

import re
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_albumentations.pipeline.read import Pipeline

from coco_recipe import StepProblems

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")


@pytest.mark.parametrize(
    ("row", "does", "message"),
    [
        ("{Blur: {blur_limit: big}}", Pipeline.build, "2: Blur: blur_limit"),
        ("{Blur: {blur_limit: big}}", Pipeline.canonical, "2: Blur: blur_limit"),
        (
            "{RandomCrop: {width: 51, height: 8}}",
            lambda it: it.check_sizes([(50, 40)]),
            "2: RandomCrop needs 51x8 px",
        ),
        (
            '{Resize: {width: "${image.width - 100}", height: 8}}',
            lambda it: it.check_sizes([(50, 40)]),
            "2: Resize: width is -50",
        ),
        (
            "{Erasing: {scale: [0.2, 0.3]}}",
            lambda it: it.check_sizes([(400, 10)]),
            "2: Erasing: a hole with ratio",
        ),
        ("{Blurr: {}}", Pipeline.build, "2: Albumentations 2.0.8 has no transform 'Blurr'"),
    ],
)
def test_what_fits_no_picture_is_told_at_its_line_too(
    row: str, does: Any, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"- NoOp\n- {row}\n", "utf-8")
    with pytest.raises(StepProblems, match=f"^pipeline: {re.escape(str(path))}:{message}"):
        does(Pipeline.of(str(path)))


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (
            [{"Resize": {"width": "${image.width - 100}", "height": 8}}],
            r"pipeline\[0\]: Resize: width is -50 for an image of 50x40 px "
            r"\(\$\{image.width - 100\}\)",
        ),
        (
            [{"Resize": {"width": "${image.width // (image.height - 40)}", "height": 8}}],
            "divides by 0 for 50x40 px",
        ),
        (
            [{"RandomCrop": {"width": 51, "height": 8}}],
            "needs 51x8 px, the smallest image has 50x40",
        ),
        (
            [
                {"OneOf": {"transforms": ["Blur", "CLAHE"]}},
                "Blur",
                {"CenterCrop": {"width": 8, "height": 41}},
            ],
            "needs 8x41 px, the smallest image has 50x40",
        ),
        (
            [{"OneOf": {"transforms": ["Blur", {"RandomCrop": {"width": 51, "height": 8}}]}}],
            r"pipeline\[0\].OneOf.transforms\[1\]: RandomCrop needs 51x8 px",
        ),
        (
            [
                {"OneOf": {"transforms": ["Blur", {"SmallestMaxSize": {"max_size": 8}}]}},
                {"CenterCrop": {"width": 8, "height": 41}},
            ],
            None,
        ),
        (["Blur", "HorizontalFlip", {"CenterCrop": {"width": 8, "height": 41}}], "needs 8x41 px"),
        ([{"Crop": {"x_max": 60, "y_max": 10}}], "needs 60x10 px"),
        (
            ["RandomRotate90", {"RandomCrop": {"width": 50, "height": 8}}],
            "the smallest image has 40x40",
        ),
        ([{"RandomCrop": {"width": 51, "height": 8, "pad_if_needed": True}}], None),
        (
            [
                {"PadIfNeeded": {"min_width": 60, "min_height": 60}},
                {"RandomCrop": {"width": 60, "height": 60}},
            ],
            None,
        ),
        (
            [{"Resize": {"width": 60, "height": 60}}, {"RandomCrop": {"width": 60, "height": 60}}],
            None,
        ),
        (
            [
                {"Resize": {"width": 60, "height": 60, "p": 0.5}},
                {"RandomCrop": {"width": 60, "height": 60}},
            ],
            "needs 60x60 px",
        ),
        (
            [{"RandomSizedBBoxSafeCrop": {"width": "${image.width}", "height": "${image.height}"}}],
            None,
        ),
        ([{"Crop": {"x_min": "${image.width - 50}", "x_max": "${image.width}", "y_max": 8}}], None),
        (
            [
                {
                    "Affine": {
                        "translate_px": {"x": ["${-(image.width // 4)}", "${image.width // 4}"]}
                    }
                }
            ],
            None,
        ),
        (
            [{"SmallestMaxSize": {"max_size": 8}}, {"RandomCrop": {"width": 900, "height": 900}}],
            None,
        ),  # can't be told
    ],
)
def test_sizes_are_tried_on_the_smallest_and_the_largest_image(
    form: Any, message: str | None
) -> None:
    if message is None:
        Pipeline.of(form).check_sizes([(50, 40), (800, 600)])
    else:
        with pytest.raises(ValueError, match=message):
            Pipeline.of(form).check_sizes([(50, 40), (800, 600)])
