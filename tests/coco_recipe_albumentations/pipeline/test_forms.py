"""A pipeline has one canonical form, whatever form it is written in."""

import json
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")


pytestmark = pytest.mark.filterwarnings("ignore:Got processor")


SHORT: list[Any] = [
    {"HorizontalFlip": {"p": 0.5}},
    {
        "OneOf": {
            "p": 0.3,
            "transforms": [
                {"RandomBrightnessContrast": {"brightness_limit": 0.2, "p": 1}},
                {"Blur": {"blur_limit": 5, "p": 1}},
            ],
        }
    },
]


def _saved(tmp_path: Path) -> Path:
    """Write the pipeline of SHORT with the library's own means."""
    import albumentations as A

    transforms = A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.OneOf(
                [
                    A.RandomBrightnessContrast(brightness_limit=(-0.2, 0.2), p=1),
                    A.Blur(blur_limit=(3, 5), p=1),
                ],
                p=0.3,
            ),
        ]
    )
    A.save(transforms, tmp_path / "p.json")
    A.save(transforms, tmp_path / "p.yaml", data_format="yaml")
    return tmp_path / "p.json"


def _whats(form: Any, **options: Any) -> list[str]:
    return [found.what for found in Pipeline.of(form, **options).problems]


def test_one_pipeline_has_one_canonical_form_whatever_form_it_is_written_in(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    forms = [
        SHORT,
        json.loads(path.read_text()),
        str(path),
        str(tmp_path / "p.yaml"),
        Pipeline.of(SHORT).canonical(),
    ]
    assert [_whats(form) for form in forms] == [[]] * 5
    assert len({json.dumps(Pipeline.of(form).canonical()) for form in forms}) == 1


def test_the_canonical_form_tells_every_argument_and_the_version() -> None:
    assert Pipeline.of([{"GaussNoise": {}}]).canonical() == {
        "library": "albumentations",
        "version": "2.0.8",
        "p": 1.0,
        "transforms": [
            {
                "GaussNoise": {
                    "std_range": [0.2, 0.44],
                    "mean_range": [0.0, 0.0],
                    "per_channel": True,
                    "noise_scale_factor": 1.0,
                    "p": 0.5,
                }
            }
        ],
    }


def test_other_pipelines_have_other_canonical_forms() -> None:
    forms: list[Any] = [
        ["HorizontalFlip"],
        [{"HorizontalFlip": {"p": 0.4}}],
        ["VerticalFlip"],
        SHORT,
        [*SHORT, "NoOp"],
        {"transforms": SHORT, "p": 0.5},
        [{"Sequential": {"p": 1, "transforms": SHORT}}],
    ]
    assert len({json.dumps(Pipeline.of(form).canonical()) for form in forms}) == len(forms)


def test_expressions_stay_as_text_in_the_canonical_form() -> None:
    form = [{"RandomSizedBBoxSafeCrop": {"width": "${image.width}", "height": "${image.height}"}}]
    arguments = Pipeline.of(form).canonical()["transforms"][0]["RandomSizedBBoxSafeCrop"]
    assert (arguments["width"], arguments["height"], arguments["p"]) == (
        "${image.width}",
        "${image.height}",
        1.0,
    )
