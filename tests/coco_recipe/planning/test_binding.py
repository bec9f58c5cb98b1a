"""What a step needs is told with how to install it, whoever offers the step."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe import RecipeError, plugins
from coco_recipe.errors import PluginError
from coco_recipe.running import stages

PLUGIN = '''from coco_recipe import Dataset, Package, Port, Step, hookimpl


def far(ctx, *, dataset):
    """Give back what comes in."""
    return {{"dataset": dataset}}


@hookimpl
def coco_recipe_steps():
    yield Step(name="far", run=far, inputs={{"dataset": Port(Dataset)}},
               outputs={{"dataset": Dataset}}, needs={needs})
'''


@pytest.mark.parametrize(
    ("needs", "remedy"),
    [
        ("(Package('no_such_thing'),)", "pip install no_such_thing"),
        ("(Package('no_such_thing', 'no-such-dist'),)", "pip install no-such-dist"),
        ("(Package('no_such_thing', install='ask Ann'),)", "ask Ann"),
        ("lambda params: (Package('no_such_thing', 'thing'),)", "pip install thing"),
    ],
)
def test_a_missing_package_is_named_with_its_own_remedy(
    needs: str, remedy: str, tmp_path: Path
) -> None:
    (tmp_path / "far.py").write_text(PLUGIN.format(needs=needs))
    path = write_recipe(tmp_path, [{"id": "x", "use": "far", "in": "raw"}], coco())
    with pytest.raises(RecipeError) as raised:
        stages.prepare(path, plugin_files=[tmp_path / "far.py"])
    (problem,) = raised.value.problems
    assert problem.what == "step 'far' needs the package 'no_such_thing', which is not installed"
    assert problem.hint == remedy


def test_a_missing_package_is_told_beside_a_wrong_parameter(tmp_path: Path) -> None:
    closed = 'params={"type": "object", "additionalProperties": False, "properties": {}}, needs='
    text = PLUGIN.format(needs="(Package('no_such_thing'),)").replace("needs=", closed)
    (tmp_path / "far.py").write_text(text)
    step = {"id": "x", "use": "far", "in": "raw", "with": {"a": 1}}
    with pytest.raises(RecipeError) as raised:
        stages.prepare(write_recipe(tmp_path, [step], coco()), plugin_files=[tmp_path / "far.py"])
    missing = "step 'far' needs the package 'no_such_thing', which is not installed"
    assert {problem.what for problem in raised.value.problems} == {"unknown key 'a'", missing}


def test_a_package_that_is_there_is_no_problem_whatever_its_distribution(tmp_path: Path) -> None:
    (tmp_path / "far.py").write_text(PLUGIN.format(needs="(Package('msgspec', 'another-dist'),)"))
    path = write_recipe(tmp_path, [{"id": "x", "use": "far", "in": "raw"}], coco())
    assert stages.prepare(path, plugin_files=[tmp_path / "far.py"]).steps[0].id == "x"


def test_a_bare_name_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "far.py").write_text(PLUGIN.format(needs="('torch',)"))
    with pytest.raises(PluginError, match="what it needs must be Packages"):
        plugins.find([tmp_path / "far.py"])


def test_each_reader_of_a_step_without_outputs_is_told(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "looked", "use": "check_leakage", "in": {"a": "raw", "b": "raw"}},
        {"id": "both", "use": "merge", "in": ["looked.a", "raw"]},
        {"id": "all", "use": "export_coco", "in": {"x": "looked", "y": "raw"}},
    ]
    with pytest.raises(RecipeError) as raised:
        stages.prepare(write_recipe(tmp_path, steps, coco()))
    told = {problem.what for problem in raised.value.problems}
    assert told == {"step 'looked' has no output to read"}
    places = [str(problem.where.path) for problem in raised.value.problems]
    assert places == ["steps[1].in[0]", "steps[2].in.x"]
