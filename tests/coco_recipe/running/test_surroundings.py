"""What a plugin's step writes outside of its folder is found, whoever wrote it."""

import json
from pathlib import Path
from typing import Any

import pytest
from projects import project_in

from coco_recipe import events
from coco_recipe.errors import StepError
from coco_recipe.running import stages

PLUGIN = """
import subprocess
from pathlib import Path
from coco_recipe import Dataset, Port, Step, hookimpl

def act(ctx, *, dataset, todo):
    run_dir = ctx.workdir.parents[1]
    project = run_dir.parents[1]
    exec(todo)
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    yield Step(
        name="act",
        run=act,
        writes=True,
        inputs={"dataset": Port(Dataset)},
        outputs={"dataset": Dataset},
        params={
            "type": "object",
            "additionalProperties": False,
            "properties": {"todo": {"type": "string", "description": "code", "default": ""}},
        },
    )
"""
CHANGE = "path.write_bytes(path.read_bytes() + b' ')"
BROKEN = {
    "input": ("path = project / 'raw.json'; " + CHANGE, "raw.json"),
    "picture": ("path = project / 'images/2.jpg'; " + CHANGE, "images/2.jpg"),
    "program": ("subprocess.run(['rm', str(project / 'images/3.jpg')])", "images/3.jpg"),
    "step": ("path = run_dir / 'steps/first/manifest.json'; " + CHANGE, "first/manifest.json"),
    "stray": ("(run_dir / 'steps/first/stray.txt').write_text('')", "first/stray.txt"),
    "log": ("path = run_dir / 'provenance.jsonl'; " + CHANGE, "provenance.jsonl"),
    "published": ("path = run_dir / 'dataset/all/1.jpg'; " + CHANGE, "dataset/all/1.jpg"),
}
FOUND = {
    "run": ("(run_dir / 'mine.txt').write_text('')", "runs/test/mine.txt"),
    "pictures": ("(project / 'images/new.jpg').write_text('')", "images/new.jpg"),
    "recipe": ("(project / 'mine.txt').write_text('')", "mine.txt"),
    "current": ("Path('mine.txt').write_text('')", "here/mine.txt"),
}


def _run(folder: Path, todo: str) -> list[str]:
    """Run a plugin's step below one that publishes; return the findings."""
    recipe = json.loads((folder / "recipe.yaml").read_text())
    first = {"id": "first", "use": "reindex", "in": "raw"}
    act = {"id": "act", "use": "act", "in": "first", "with": {"todo": todo}}
    (publish,) = [step for step in recipe["steps"] if step["use"] == "export_coco"]
    (folder / "plugin.py").write_text(PLUGIN)
    path = folder / "again.yaml"
    path.write_text(json.dumps(recipe | {"steps": [first, publish, act]}))
    told: list[Any] = []
    stages.run(
        stages.prepare(path, (), [folder / "plugin.py"]),
        out=folder / "runs/test",
        observers=[told.append],
    )
    return [str(event.finding) for event in told if isinstance(event, events.Found)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return project_in(tmp_path)


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_run_relies_on_must_stay_as_it_is(name: str, project: Path) -> None:
    todo, told = BROKEN[name]
    with pytest.raises(StepError, match=rf"step 'act' \(act\): \S*{told} changed while"):
        _run(project, todo)
    assert not (project / "runs/test/steps/act").exists()


@pytest.mark.parametrize("name", FOUND)
def test_what_appears_elsewhere_is_a_finding(name: str, project: Path) -> None:
    todo, told = FOUND[name]
    (found,) = [text for text in _run(project, todo) if "files_outside_the_step" in text]
    assert told in found


def test_a_step_that_keeps_to_its_folder_has_no_finding(project: Path) -> None:
    todo = "(ctx.workdir / 'a').mkdir(); (ctx.workdir / 'a/mine.txt').write_text('')"
    for _ in range(2):
        assert not any("files_outside_the_step" in text for text in _run(project, todo))
    assert (project / "runs/test/steps/act/a/mine.txt").is_file()
