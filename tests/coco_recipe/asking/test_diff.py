"""Two runs, recipes or data sets: what differs, and what can't be compared."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.asking import diff_text
from coco_recipe.asking.diff import CountChange, Diff, diff
from coco_recipe.asking.value_changes import Change
from coco_recipe.errors import RunError

STEPS: list[dict[str, Any]] = [
    {"id": "kept", "use": "filter_categories", "in": "raw", "with": {"keep": ["cat", "dog"]}},
    {
        "id": "parts",
        "use": "split",
        "in": "kept",
        "with": {"fractions": {"train": 0.5, "val": 0.5}},
    },
    {
        "id": "out",
        "use": "export_coco",
        "in": {"train": "parts.train", "val": "parts.val"},
        "with": {"images": "none", "to": "dataset"},
    },
]


def _data() -> dict[str, Any]:
    return coco(images=6, boxes=[(n, n % 2 + 1) for n in range(1, 7)])


def _recipe(folder: Path, data: dict[str, Any] | None = None, **top: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return write_recipe(folder, STEPS, data or _data(), **top)


def _run(folder: Path, data: dict[str, Any] | None = None, **top: Any) -> str:
    """Run a recipe in a folder, and return its run directory."""
    _recipe(folder, data, **top)
    done = command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    return str(folder / "runs/test")


@pytest.mark.slow
def test_runs_of_one_recipe_are_equal_wherever_they_stand(tmp_path: Path) -> None:
    one, other = _run(tmp_path / "a"), _run(tmp_path / "b")
    shutil.move(other, tmp_path / "moved")
    shutil.rmtree(tmp_path / "b")
    found = diff(one, str(tmp_path / "moved"))
    assert (found.kind, found.differs, found.notes) == ("runs", False, ())
    assert diff_text.text(found).splitlines()[1:] == [diff_text.SAME]


@pytest.mark.slow
def test_runs_differ_in_recipe_inputs_counts_and_rows(tmp_path: Path) -> None:
    data = _data()
    data["annotations"] = data["annotations"][:-1]
    data["annotations"][0]["bbox"] = [2, 2, 10, 10]
    found = diff(_run(tmp_path / "a"), _run(tmp_path / "b", data, seed=7))
    assert Change("seed", 0, 7) in found.recipe or Change("seed", now=7) in found.recipe
    assert [change.place for change in found.inputs] == ["raw.annotations"]
    assert CountChange("kept", "dataset", "boxes", 6, 5) in found.counts
    assert found.rows is not None
    assert (found.rows.annotations.gone, found.rows.annotations.changed) == (1, 1)
    assert found.rows.moved is not None
    assert found.rows.moved.most_px == 1
    assert found.versions == ()
    text = diff_text.text(found)
    assert "kept.dataset: boxes 6 -> 5, cat 3 -> 2" in text
    assert max(map(len, text.splitlines()[1:])) <= 80


@pytest.mark.slow
def test_a_run_of_another_recipe_has_other_steps(tmp_path: Path) -> None:
    one = _run(tmp_path / "a")
    folder = tmp_path / "b"
    folder.mkdir()
    step = {"id": "瓶", "use": "reindex", "in": "raw"}
    write_recipe(folder, [step], _data(), name="其他")
    assert command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=folder).returncode == 0
    found = diff(one, str(folder / "runs/其他"))
    assert {change.place for change in found.recipe} >= {"name", "steps.瓶", "steps.out"}
    assert found.rows is not None  # what the last step left stands for what was published
    assert found.rows.images.now == 6


@pytest.mark.slow
def test_a_damaged_or_unfinished_run_is_compared_and_told(tmp_path: Path) -> None:
    one, other = _run(tmp_path / "a"), _run(tmp_path / "b")
    log = Path(other) / "provenance.jsonl"
    first, *rest = log.read_text("utf-8").splitlines()
    old = json.loads(first)
    del old["clock"]["digest"]
    failed = json.dumps({"step": "out", "use": "export_coco", "failed": "the disk is full"})
    log.write_text("\n".join([json.dumps(old), *rest[:-1], failed]) + "\n", "utf-8")
    found = diff(one, other)
    assert any("step 'out' failed" in note for note in found.notes)
    assert any("not as a run of this version wrote it" in note for note in found.notes)
    assert any("rows aren't compared" in note for note in found.notes)
    assert f"{other}: 1 step is not done: 'out'" in found.notes


def test_recipes_differ_by_address_and_in_the_rows_of_their_inputs(tmp_path: Path) -> None:
    data = _data()
    data["annotations"].pop()
    one, other = _recipe(tmp_path / "a"), _recipe(tmp_path / "b", data, name="b")
    found = diff(str(one), str(other))
    assert found.kind == "recipes"
    assert found.recipe == (Change("name", "test", "b"),)
    assert [change.place for change in found.inputs] == ["raw"]
    assert found.rows is not None
    assert found.rows.annotations.gone == 1


@pytest.mark.slow
def test_files_and_named_data_sets_are_of_one_kind(tmp_path: Path) -> None:
    run = _run(tmp_path)
    raw = str(tmp_path / "raw.json")
    assert not diff(raw, raw).differs
    assert not diff(raw, f"{run}:kept").differs
    assert not diff(f"{tmp_path / 'recipe.yaml'}:raw", f"{run}:raw").differs
    found = diff(f"{run}:parts.train", raw)
    assert found.rows is not None
    assert found.rows.images.added == 3


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("runs/test", "recipe.yaml", "runs/test/recipe.yaml is the recipe of that run"),
        ("recipe.yaml", "raw.json", "name a data set of the other, as recipe.yaml:NAME"),
        ("raw.json", "runs/test", "name a data set of the other, as runs/test:NAME"),
        ("runs/test:kept", "runs/test", "name a data set of the other, as runs/test:NAME"),
    ],
)
def test_unlike_kinds_are_refused_with_what_to_name(
    a: str, b: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=told):
        diff(a, b)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(RunError, match="is not a run directory"):
        diff(str(tmp_path / "x"), str(tmp_path / "x"))


@pytest.mark.slow
def test_metrics_of_runs_are_compared(tmp_path: Path) -> None:
    def scored(name: str, score: float) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "metrics.json").write_text(json.dumps({"epoch": {"mAP": score, "none": None}}))
        plugin = tmp_path / "scoring.py"
        plugin.write_text(PLUGIN)
        step = {"id": "score", "use": "rate", "in": "found"}
        inputs = {"found": {"kind": "metrics", "file": "metrics.json"}}
        write_recipe(folder, [step], inputs=inputs)
        done = command("run", "recipe.yaml", "-q", "--plugin", plugin, "--jobs", "1", cwd=folder)
        assert done.returncode == 0, done.stderr
        return str(folder / "runs/test")

    found = diff(scored("a", 0.25), scored("b", 0.5))
    assert found.metrics == (Change("score.epoch mAP", 0.25, 0.5),)
    assert "score.epoch mAP: 0.25 -> 0.5 (+0.25)" in diff_text.text(found)
    assert found.rows is None


PLUGIN = '''
"""Give metrics on."""
from coco_recipe import Metrics, Port, Step, hookimpl


def rate(ctx, *, metrics):
    return {"metrics": metrics}


@hookimpl
def coco_recipe_steps():
    yield Step(
        name="rate",
        run=rate,
        inputs={"metrics": Port(Metrics)},
        outputs={"metrics": Metrics},
        params={"type": "object", "properties": {}},
    )
'''


def test_a_diff_is_json(tmp_path: Path) -> None:
    run = _run(tmp_path)
    found: Diff = diff(run, run)
    assert found.a == found.b == run
