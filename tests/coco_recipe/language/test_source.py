"""--set: its values, and where its mistakes are told."""

import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.errors import RecipeError
from coco_recipe.language import source
from coco_recipe.running import stages

STEPS = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "numbered", "use": "reindex", "in": "clean", "with": {"images": "${first}"}},
]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_recipe(tmp_path, STEPS, coco(), vars={"first": 1})


@pytest.mark.parametrize(
    ("text", "value"),
    [("[cat, dog]", ["cat", "dog"]), ('["1", 2]', ["1", 2]), ("[]", []), ("[no, ~]", ["no", None])],
)
def test_a_value_may_be_a_list(text: str, value: object, recipe: Path) -> None:
    data = source.load(recipe, [f"steps.clean.with.drop={text}"]).data
    assert data["steps"][0]["with"]["drop"] == value
    assert source.load(recipe, ["steps.0.with.drop.0=cat"]).data["steps"][0]["with"]["drop"] == [
        "cat"
    ]


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ("steps.numbered.with.images=x", "is none of 0, 1"),
        ("vars.first=x", "is none of 0, 1"),
        ("steps.clean.wiht.drop=[cat]", "unknown key 'wiht'"),
        ("steps.claen.with.drop=[cat]", "did you mean 'clean'"),
        ("inputs.raw.annotations=nowhere.json", "there is no file"),
        ("inputs.more.images=.", "must have one of"),
        ("steps.clean.with.drop=[cat", "is not YAML"),
        ("steps.clean.with.drop.0.x=1", "sets nothing"),
        ("seed", "sets nothing"),
        ("steps.clean.in=rwa", "no input or step 'rwa'"),
        ("steps.clean.with.drop=[[cat]]", "expected a string or a whole number"),
    ],
)
def test_a_mistake_in_an_option_is_told_at_the_option(option: str, what: str, recipe: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        stages.prepare(recipe, [option])
    assert [(p.where.file, p.where.path) for p in caught.value.problems] == [("--set", option)]
    assert what in str(caught.value)
    assert str(caught.value).startswith(f"--set {option}: ")


@pytest.mark.parametrize("form", [["--format", "json"], ["--format=json"]])
def test_problems_come_as_json_however_the_option_is_written(form: list[str], recipe: Path) -> None:
    done = command(
        "validate", recipe, *form, "--set", "steps.numbered.with.images=x", cwd=recipe.parent
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)[0]["file"] == "--set"
