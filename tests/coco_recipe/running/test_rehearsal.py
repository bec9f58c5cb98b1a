"""Values before the run: each step in memory is run once, and only where somebody asks."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe import files
from coco_recipe.planning import refusals
from coco_recipe.planning.plan import PlannedStep
from coco_recipe.running import stages
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.testing import dataset

STEPS: list[dict[str, Any]] = [
    {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "ids", "use": "reindex", "in": "few"},
    {"id": "out", "use": "export_coco", "in": {"all": "ids"}, "with": {"images": "none"}},
]


def _ahead(folder: Path, steps: list[dict[str, Any]]) -> tuple[Rehearsal, tuple[PlannedStep, ...]]:
    planned = stages.prepare(write_recipe(folder, steps, coco()))
    return Rehearsal.ahead(planned, {("raw", ""): dataset()}), planned.steps


def test_steps_above_are_run_once(tmp_path: Path) -> None:
    ahead, planned = _ahead(tmp_path, STEPS)
    found = ahead.values_of(planned[2])
    assert found
    assert [category.name for category in found["all"].categories] == ["cat"]
    again = ahead.values_of(planned[2])
    assert again
    assert again["all"] is found["all"]


def test_what_lies_below_a_step_that_fails_is_not_known(tmp_path: Path) -> None:
    wrong = {**STEPS[0], "with": {"drop": [7]}}  # an id is looked up when the step runs
    ahead, planned = _ahead(tmp_path, [wrong, *STEPS[1:]])
    assert ahead.values_of(planned[0]) is not None
    assert ahead.values_of(planned[2]) is None


def test_nothing_of_a_rehearsal_is_flushed_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, planned = _ahead(tmp_path, STEPS)
    flushed: list[Path] = []
    monkeypatch.setattr(files, "flush", flushed.append)
    assert ahead.values_of(planned[2])
    assert flushed == []
    stages.run(stages.prepare(tmp_path / "recipe.yaml"), out=tmp_path / "out")
    assert len(flushed) == len(STEPS)


@pytest.mark.slow
def test_a_chain_of_hundreds_of_steps_is_followed(tmp_path: Path) -> None:
    above = ["raw", *(f"s{n}" for n in range(300))]
    chain = [{"id": f"s{n}", "use": "reindex", "in": name} for n, name in enumerate(above)]
    ahead, planned = _ahead(tmp_path, chain)
    assert ahead.values_of(planned[-1])
    assert refusals.excuse(stages.prepare(tmp_path / "recipe.yaml"), "raw").understood


PEEK = """
from coco_recipe import Dataset, Port, Step, hookimpl


def peek(ctx, *, dataset):
    raise AssertionError("it would open pictures")


@hookimpl
def coco_recipe_steps():
    ports = {"dataset": Port(Dataset)}
    yield Step(name="peek", run=peek, inputs=ports, outputs={"dataset": Dataset}, reads_pixels=True)
"""


def test_a_step_examines_the_inputs_that_can_be_had_without_a_picture(tmp_path: Path) -> None:
    (tmp_path / "peek.py").write_text(PEEK)
    looked = {"id": "looked", "use": "peek", "in": "ids"}
    out = {"id": "all", "use": "export_coco", "in": {"x": "few", "y": "looked"}}
    both = {"id": "both", "use": "merge", "in": ["looked", "raw"]}
    steps = [*STEPS[:2], looked, out | {"with": {"images": "none"}}, both]
    path = write_recipe(tmp_path, steps, coco())
    planned = stages.prepare(path, plugin_files=[tmp_path / "peek.py"])
    ahead = Rehearsal.ahead(planned, {("raw", ""): dataset()})
    found = ahead.known_before(planned.steps[3])
    assert found
    assert list(found) == ["x"]
    assert ahead.known_before(planned.steps[4]) is None
    assert ahead.values_of(planned.steps[3]) is None
    assert list(ahead.failures) == ["looked"]
