"""Facts of a run are those of its records."""

from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.asking.run_facts import run_facts, run_values
from coco_recipe.errors import RunError

STEPS = [
    {"id": "cats", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "parts", "use": "split", "in": "cats", "with": {"every": 3}},
    {"id": "all", "use": "merge", "in": {"datasets": ["parts.train", "parts.val"]}},
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_recipe(tmp_path, STEPS, coco())
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    return tmp_path / "runs" / "test"


def test_each_flow_has_the_rows_that_came(run: Path) -> None:
    facts = run_facts(run)
    found = [
        (f.source, f.port, f.target, f.counts.images, f.counts.annotations) for f in facts.flows
    ]
    assert found[0] == ("raw", "", "cats", 3, 2)
    assert [row[:3] for row in found[2:]] == [("parts", "train", "all"), ("parts", "val", "all")]
    assert sum(row[3] or 0 for row in found[2:]) == 3
    assert facts.inputs == ("raw",)
    assert [step.step for step in facts.steps] == ["cats", "parts", "all"]


def test_the_digest_is_that_of_the_results(run: Path) -> None:
    before = run_facts(run).digest
    recipe = run.parents[1] / "recipe.yaml"
    assert command("run", recipe, "--force", cwd=run.parents[1]).returncode == 0
    assert run_facts(run).digest == before
    recipe.write_text(recipe.read_text("utf-8").replace('"every": 3', '"every": 2'), "utf-8")
    assert command("run", recipe, cwd=run.parents[1]).returncode == 0
    assert run_facts(run).digest != before


def test_a_step_that_isnt_done_is_told(run: Path) -> None:
    (run / "steps" / "all" / "manifest.json").unlink()
    with pytest.raises(RunError, match="step 'all' isn't done"):
        run_facts(run)


def test_the_data_sets_go_by_as_they_did(run: Path) -> None:
    seen = {
        record.step: {ref: len(value.annotations) for ref, value in {**entered, **given}.items()}
        for record, entered, given in run_values(run_facts(run))
    }
    assert list(seen) == ["cats", "parts", "all"]
    assert seen["cats"] == {("raw", ""): 2, ("cats", "dataset"): 1}
    assert {*seen["all"]} == {("parts", "train"), ("parts", "val"), ("all", "dataset")}
    assert seen["all"]["all", "dataset"] == 1
