"""A pipeline has one canonical form, whatever form it is written in."""

import json
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")
from pipeline_texts import SHORT, saved, whats  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Got processor")


def test_one_pipeline_has_one_canonical_form_whatever_form_it_is_written_in(tmp_path: Path) -> None:
    path = saved(tmp_path)
    forms = [
        SHORT,
        json.loads(path.read_text()),
        str(path),
        str(tmp_path / "p.yaml"),
        Pipeline.of(SHORT).canonical(),
    ]
    assert [whats(form) for form in forms] == [[]] * 5
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
