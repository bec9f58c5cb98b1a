"""A step in memory that fails on rows which are known is told before a step that takes long."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe import events
from coco_recipe.errors import CocoRecipeError, FindingsError, RecipeError, StepError
from coco_recipe.running import stages

PLUGIN = '''
from coco_recipe import Dataset, Port, Step, StepProblem, StepProblems, hookimpl
from coco_recipe.testing import coco

def long(ctx, *, dataset):
    """Leave a file that says that it was run."""
    (ctx.workdir / "was_run").write_text("yes")
    return {"dataset": dataset}

def picky(ctx, *, dataset, how):
    """Fail over rows."""
    if how == "value":
        raise ValueError(f"image {dataset.images[0].id} is not to my taste; drop it")
    if how == "bug":
        return {"dataset": dataset.images[7].nothing}
    if how == "exit":
        raise SystemExit(3)
    if how == "problems":
        StepProblems.if_any([StepProblem(("how",), "does not go with image 1", "say fine")])
    if how == "loses":
        return {"dataset": dataset.replace(annotations=())}
    if how == "empties":
        for row in dataset.annotations:
            ctx.drop(row, "no taste")
        return {"dataset": dataset.replace(annotations=())}
    return {"dataset": dataset}

PORTS = {"inputs": {"dataset": Port(Dataset)}, "outputs": {"dataset": Dataset}}
HOW = {"type": "object", "properties": {"how": {"description": "how", "default": "fine"}}}

@hookimpl
def coco_recipe_steps():
    yield Step(name="long", run=long, writes=True, **PORTS)
    yield Step(name="picky", run=picky, params=HOW, **PORTS)
'''
LONG = {"id": "slow", "use": "long", "in": "raw"}


def _picky(how: str, of: str = "raw", name: str = "x") -> dict[str, Any]:
    return {"id": name, "use": "picky", "in": of, "with": {"how": how}}


class _Tried:
    """What a run of a recipe gave: its error, its folder, and the steps that were begun."""

    def __init__(self, folder: Path, steps: list[dict[str, Any]], **top: Any) -> None:
        (folder / "mine.py").write_text(PLUGIN)
        self.recipe = write_recipe(folder, steps, coco(), **top)
        self.out, self.error = folder / "out", None
        self.begun: list[str] = []
        self.run()

    def run(self) -> None:
        self.begun.clear()
        self.error: CocoRecipeError | None = None
        planned = stages.prepare(self.recipe, plugin_files=[self.recipe.parent / "mine.py"])
        try:
            stages.run(planned, out=self.out, observers=[self._see])
        except CocoRecipeError as error:
            self.error = error

    def _see(self, event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            self.begun.append(event.step)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("value", r"step 'x' (picky): image 1 is not to my taste; drop it"),
        ("bug", "step 'x' (picky): IndexError: tuple index out of range"),
        ("exit", "step 'x' (picky): SystemExit: 3"),
        ("loses", "step 'x' (picky): the books don't close"),
    ],
)
def test_it_is_told_with_its_own_words_and_a_log_before_any_step_runs(
    how: str, told: str, tmp_path: Path
) -> None:
    tried = _Tried(tmp_path, [LONG, _picky(how)])
    assert isinstance(tried.error, StepError)
    assert str(tried.error).startswith(told)
    assert (tried.begun, (tried.out / "steps").exists()) == ([], False)
    log = tried.out / "error.log"
    assert tried.error.log == log
    assert told in log.read_text()
    (tmp_path / "alone").mkdir()
    at_its_turn = _Tried(tmp_path / "alone", [_picky(how)])
    assert at_its_turn.begun == ["x"]
    assert str(at_its_turn.error).replace("alone/", "") == str(tried.error)


def test_problems_are_told_at_the_line_of_their_parameter(tmp_path: Path) -> None:
    tried = _Tried(tmp_path, [LONG, _picky("problems")])
    assert isinstance(tried.error, RecipeError)
    assert [
        "steps[1].with.how: step 'x' (picky): does not go" in str(tried.error),
        tried.begun,
    ] == [
        True,
        [],
    ]


def test_a_finding_that_will_stop_the_run_is_told_before(tmp_path: Path) -> None:
    tried = _Tried(tmp_path, [LONG, _picky("empties")], findings={"no_boxes_left": "error"})
    assert isinstance(tried.error, FindingsError)
    assert tried.begun == []
    assert "no_boxes_left" in str(tried.error)


def test_all_that_fail_are_told_and_what_lies_below_them_is_not(tmp_path: Path) -> None:
    steps = [LONG, _picky("value"), _picky("fine", "x", "y"), _picky("bug", "raw", "z")]
    error = _Tried(tmp_path, steps).error
    assert error
    assert [text in str(error) for text in ("step 'x'", "step 'y'", "step 'z'")] == [
        True,
        False,
        True,
    ]


def test_rows_that_a_long_step_makes_are_waited_for(tmp_path: Path) -> None:
    tried = _Tried(tmp_path, [LONG, _picky("value", "slow")])
    assert tried.begun == ["slow", "x"]


def test_rows_of_a_long_step_that_stands_are_known(tmp_path: Path) -> None:
    tried = _Tried(tmp_path, [LONG])
    again = {"id": "again", "use": "long", "in": "raw"}
    write_recipe(tmp_path, [LONG, again, _picky("value", "slow")])
    tried.run()
    assert (tried.begun, isinstance(tried.error, StepError)) == ([], True)


def test_a_step_that_does_not_fail_runs_once_in_its_turn(tmp_path: Path) -> None:
    tried = _Tried(tmp_path, [LONG, _picky("fine")])
    assert (tried.error, tried.begun) == (None, ["slow", "x"])


def test_plan_tells_all_steps_that_fail(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    steps = [_picky("value"), _picky("bug", "raw", "z")]
    path = write_recipe(tmp_path, steps, coco())
    done = command("plan", path, "--plugin", "mine.py", cwd=tmp_path)
    assert done.returncode == 1
    assert [f"step '{name}'" in done.stderr for name in "xz"] == [True, True]
    done = command("run", path, "--plugin", "mine.py", "--format", "json", cwd=tmp_path)
    assert "step 'x'" in done.stderr
    assert json.loads((tmp_path / "runs/test/provenance.jsonl").read_text().splitlines()[1])
