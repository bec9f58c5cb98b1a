"""Of a wrong recipe there is a draft: the inputs and steps that are right, and what isn't known."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe import RecipeError, plugins
from coco_recipe.errors import Problem
from coco_recipe.language import recipe, source
from coco_recipe.planning.resolve import Draft, drafted

FEW = {"use": "filter_categories", "with": {"drop": ["dog"]}}


def _draft(folder: Path, *steps: dict[str, Any], overrides: tuple[str, ...] = ()) -> Draft:
    path = write_recipe(folder, [{**FEW, **step} for step in steps], coco())
    problems: list[Problem] = []
    text = source.load(path, overrides)
    return drafted(recipe.validate(text, problems), plugins.find(), problems)


def _names(draft: Draft) -> tuple[list[str], list[str], set[str]]:
    whole, named = ([step.id for step in plan.steps] for plan in (draft.plan, draft.named))
    return whole, named, set(draft.plan.open_ends)


def test_a_sound_recipe_is_its_own_draft(tmp_path: Path) -> None:
    draft = _draft(tmp_path, {"id": "a", "in": "raw"}, {"id": "b", "in": "a"})
    assert _names(draft) == (["a", "b"], ["a", "b"], set())
    assert draft.sound() is draft.plan


def test_a_wrong_step_and_those_below_are_left_out_and_what_comes_to_them_is_named(
    tmp_path: Path,
) -> None:
    draft = _draft(
        tmp_path,
        {"id": "a", "in": "raw", "with": {"drp": ["dog"]}},
        {"id": "b", "in": "a"},
        {"id": "c", "in": "raw"},
    )
    assert _names(draft) == (["c"], ["a", "b", "c"], {"raw"})
    with pytest.raises(RecipeError, match="unknown key 'drp'"):
        draft.sound()


@pytest.mark.parametrize(
    "wrong", [{"use": "filtr"}, {"in": "rwa"}, {"in": ["raw"]}, {"in": None}, {"id": "a"}]
)
def test_other_faults_of_a_step_count_as_well(wrong: dict[str, Any], tmp_path: Path) -> None:
    draft = _draft(tmp_path, {"id": "a", "in": "raw"}, {"id": "b", "in": "raw"} | wrong)
    assert "b" not in _names(draft)[0]
    assert draft.problems


def test_a_value_that_an_option_sets_is_the_steps_own(tmp_path: Path) -> None:
    steps = ({"id": "a", "in": "raw"}, {"id": "b", "in": "raw"})
    draft = _draft(tmp_path, *steps, overrides=("steps.b.with.images_left_empty=7",))
    assert _names(draft) == (["a"], ["a", "b"], {"raw"})


def test_a_parameter_that_is_wrong_by_itself_is_not_among_those_of_the_named_step(
    tmp_path: Path,
) -> None:
    given = {"drop": ["dog"], "images_left_empty": 7}
    (step,) = _draft(tmp_path, {"id": "a", "in": "raw", "with": given}).named.steps
    assert "drop" in step.params
    assert "images_left_empty" not in step.params
