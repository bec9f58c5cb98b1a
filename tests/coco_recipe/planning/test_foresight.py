"""Facts are followed through all steps, and what can't go together is told before anything runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe.errors import RecipeError
from coco_recipe.running import stages
from coco_recipe.running.session import Session
from coco_recipe.steps import Facts

TWO = {"fractions": {"a": 0.5, "b": 0.5}}


def _run(folder: Path, steps: list[dict[str, Any]], *plugins: Path) -> Session:
    return Session.open(
        stages.prepare(write_recipe(folder, steps, coco()), plugin_files=plugins), folder / "out"
    )


def test_classes_and_sizes_are_followed_through_the_data_steps(tmp_path: Path) -> None:
    facts = _run(
        tmp_path,
        [
            {"id": "one", "use": "filter_categories", "in": "raw", "with": {"drop": ["cat"]}},
            {
                "id": "other",
                "use": "map_categories",
                "in": "raw",
                "with": {"map": {"cat": "lion"}, "order": ["dog", "lion"]},
            },
            {"id": "all", "use": "merge", "in": ["one", "other"]},
            {"id": "parts", "use": "split", "in": "all", "with": TWO},
        ],
    ).inputs.facts
    size = (64, 48)
    fields = ("id", "file_name", "width", "height", "license")
    keys = ("id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation")
    assert facts["raw", ""] == Facts(
        ("cat", "dog"), size, size, fields, (), annotation_fields=keys, images=3
    )
    assert facts["one", "dataset"] == Facts(
        ("dog",), size, size, fields, (), annotation_fields=keys, images=3
    )
    assert facts["all", "dataset"].classes == ("dog", "lion")
    assert facts["parts", "b"] == Facts(
        ("dog", "lion"), size, size, fields, (), annotation_fields=keys
    )


def test_categories_named_by_id_leave_the_names_unknown_and_all_else_known(tmp_path: Path) -> None:
    facts = _run(
        tmp_path, [{"id": "one", "use": "filter_categories", "in": "raw", "with": {"drop": [1]}}]
    ).inputs.facts
    assert facts["one", "dataset"] == replace(facts["raw", ""], classes=None)


def test_sizes_are_forgotten_where_unknown_images_go() -> None:
    assert Facts(("a",), (1, 1), (9, 9), ("id",), ("nose",)).of_fewer_images() == Facts(
        ("a",), fields=("id",), keypoints=("nose",)
    )


def test_what_cannot_go_together_is_said_at_its_place_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError,
        match=r"recipe.yaml:1:\d+: steps\[1\].with.map.cat: step 'b' .*no category 'cat'",
    ):
        _run(
            tmp_path,
            [
                {"id": "a", "use": "filter_categories", "in": "raw", "with": {"drop": ["cat"]}},
                {"id": "b", "use": "map_categories", "in": "a", "with": {"map": {"cat": "x"}}},
            ],
        )
    assert not (tmp_path / "out").exists()


def test_an_empty_list_of_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"steps\[0\].in: is empty"):
        _run(tmp_path, [{"id": "a", "use": "merge", "in": []}])


def test_a_mistake_is_found_before_a_picture_is_opened(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    step = {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"pipeline": ["HorizontalFlip"], "where": {"categories": ["cow"]}},
    }
    path = write_recipe(
        tmp_path, [step], coco(), inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    with pytest.raises(RecipeError, match="there is no category 'cow'"):
        Session.open(stages.prepare(path), tmp_path / "out")
