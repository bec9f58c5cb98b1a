"""resolve: references, ports and parameters of a recipe, all that is wrong at once."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe.errors import RecipeError
from coco_recipe.running import stages

FIRST = {"id": "a", "use": "reindex", "in": "raw"}
SECOND = {"id": "b", "use": "split", "in": "a", "with": {"fractions": {"x": 0.5, "y": 0.5}}}
THIRD = {"id": "c", "use": "merge", "in": {"datasets": ["b.x", "b.y"]}}


def _planned(folder: Path, *steps: dict[str, Any]) -> Any:
    return stages.prepare(write_recipe(folder, steps, coco()))


def test_references_are_followed_to_steps_and_ports(tmp_path: Path) -> None:
    planned = _planned(tmp_path, FIRST, SECOND, THIRD)
    assert [step.inputs for step in planned.steps] == [
        {"dataset": (("raw", ""),)},
        {"dataset": (("a", "dataset"),)},
        {"datasets": (("b", "x"), ("b", "y"))},
    ]
    assert planned.consumed() == {("raw", ""), ("a", "dataset"), ("b", "x"), ("b", "y")}
    assert planned.first_writer() is None


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([THIRD, FIRST, SECOND], "'b' stands below"),
        ([FIRST, {**SECOND, "in": "aa"}], "there is no input or step 'aa' above"),
        ([FIRST, SECOND, {**THIRD, "in": ["b.z"]}], "'b' has no output 'z'|b.z|'z'"),
        ([{**FIRST, "in": ["raw"]}], "takes one reference, found a list"),
        ([FIRST, {**THIRD, "in": []}], "is empty"),
        ([{**FIRST, "in": {"data": "raw"}}], "has no input 'data'"),
        ([FIRST, {**FIRST, "in": "a"}], "the name 'a' is taken already"),
        (
            [{**FIRST, "use": "reindx"}],
            "there is no step 'reindx'\n    hint: did you mean 'reindex'",
        ),
    ],
)
def test_a_wrong_reference_is_told(steps: list[dict[str, Any]], told: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=told):
        _planned(tmp_path, *steps)


def test_parameters_have_defaults_and_the_published_folder_is_known(tmp_path: Path) -> None:
    out = {"id": "d", "use": "export_coco", "in": {"all": "a"}, "with": {"to": "there"}}
    planned = _planned(tmp_path, FIRST, {**out, "with": {"to": "there", "images": "none"}})
    assert planned.steps[1].params["layout"] == "coco"
    assert planned.steps[1].published() == {"to": "there"}
    assert planned.first_writer() == "d"
