"""Facts of a run are those of its records."""

from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe import files
from coco_recipe.asking.run_facts import run_facts, run_hashes, run_values
from coco_recipe.errors import RunError
from coco_recipe.testing import draw

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


def test_values_of_an_input_that_has_changed_are_not_given(run: Path) -> None:
    path = run.parents[1] / "raw.json"
    path.write_text(path.read_text("utf-8").replace('"cat"', '"cow"'), "utf-8")
    with pytest.raises(RunError, match="the input 'raw' has changed since the run"):
        list(run_values(run_facts(run)))


def test_pictures_have_the_hashes_of_the_run_and_none_once_they_changed(tmp_path: Path) -> None:
    data = coco(ending="png")
    draw(tmp_path / "images", data)
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(tmp_path, STEPS, data, inputs=inputs)
    run = tmp_path / "runs/test"
    assert command("run", "recipe.yaml", "--jobs", "0", cwd=tmp_path).returncode == 0
    assert not [name for name in run_hashes(run_facts(run)) if name.endswith(".png")]
    out = {"id": "out", "use": "export_coco", "in": {"train": "all"}, "with": {"to": "made"}}
    write_recipe(tmp_path, [*STEPS, out], data, inputs=inputs)
    assert command("run", "recipe.yaml", "--jobs", "0", cwd=tmp_path).returncode == 0
    picture = tmp_path / "images/1.png"
    found = run_hashes(run_facts(run))
    assert found[str(picture)] == files.sha256(picture)
    picture.write_bytes(b"other")
    assert run_hashes(run_facts(run))[str(picture)] == ""
