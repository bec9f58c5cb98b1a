"""Reporters see what steps give, write when all is done, and can't stop a run."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, tree, write_recipe

import coco_recipe
from coco_recipe import events

PLUGIN = '''"""A plugin with a reporter: writes what it saw, or fails where FAIL says."""
from coco_recipe import hookimpl

FAIL = ""


class Lister:
    def __init__(self, folder):
        self.seen = []
        if FAIL == "init":
            raise ValueError("no luck")

    def see(self, record, entered, given):
        if FAIL == "see":
            raise ValueError("no luck")
        data = {**entered, **given}
        rows = {".".join(filter(None, ref)): len(one.annotations) for ref, one in data.items()}
        self.seen.append(f"{record.step} {sorted(rows.items())}")

    def write(self, facts, committed):
        if FAIL == "write":
            raise SystemExit("no luck")
        path = facts.folder / "seen.txt"
        read = [f"{ref} {len(one.images)}" for ref, one in committed.items()]
        text = "\\n".join([facts.digest, *self.seen, *read])
        if path.exists() and path.read_text().startswith(facts.digest):
            return None
        path.write_text(text)
        return path


@hookimpl
def coco_recipe_reporters():
    yield Lister
'''
STEPS = [
    {"id": "cats", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "parts", "use": "split", "in": "cats", "with": {"every": 3}},
    {"id": "out", "use": "merge", "in": {"datasets": ["parts.train", "parts.val"]}},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_recipe(tmp_path, STEPS, coco(images=4, boxes=[(1, 1), (2, 1), (3, 2)]))
    (tmp_path / "lister.py").write_text(PLUGIN, "utf-8")
    return tmp_path


def _run(folder: Path, *options: str) -> Any:
    chosen = ("--plugin", "lister.py", "--jobs", "0", *options)
    return command("run", "recipe.yaml", *chosen, cwd=folder)


def test_it_sees_what_comes_to_each_step_and_what_it_gives(folder: Path) -> None:
    done = _run(folder, "--report")
    assert done.returncode == 0, done.stderr
    assert f"report: {Path('runs/test/seen.txt')}" in done.stderr
    _, *seen = (folder / "runs/test/seen.txt").read_text().splitlines()
    assert seen[0] == "cats [('cats.dataset', 2), ('raw', 3)]"
    assert seen[1].startswith("parts [('cats.dataset', 2), ('parts.train', ")
    assert seen[2].startswith("out [('parts.train', ")
    assert seen[3:] == ["('out', 'dataset') 4"]


@pytest.mark.slow
def test_it_may_leave_a_file_that_stands_and_may_be_left_out(folder: Path) -> None:
    told = f"report: {Path('runs/test/seen.txt')}"
    assert told not in _run(folder, "--no-report").stderr
    assert not (folder / "runs/test/seen.txt").exists()
    assert told in _run(folder, "--report").stderr
    assert told not in _run(folder, "--report").stderr


@pytest.mark.slow
@pytest.mark.parametrize("where", ["init", "see", "write"])
def test_one_that_fails_is_told_and_the_run_is_the_same(folder: Path, where: str) -> None:
    _run(folder, "--no-report")
    expected = tree(folder / "runs" / "test")
    plugin = PLUGIN.replace('FAIL = ""', f'FAIL = "{where}"')
    (folder / "lister.py").write_text(plugin, "utf-8")
    done = _run(folder, "--report", "--force", "--quiet")
    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if "Lister" in line]
    assert len(told) == 1
    assert "warning: reporter 'Lister' of" in told[0]
    assert "no luck" in told[0]
    found = tree(folder / "runs" / "test")
    found.pop("report.html", None)
    assert found == expected


def test_from_python_too(folder: Path) -> None:
    told: list[events.Event] = []
    path = folder / "recipe.yaml"
    options: Any = {"out": folder / "out", "plugins": [folder / "lister.py"], "jobs": 0}
    coco_recipe.run(path, report=True, observers=[told.append], **options)
    assert events.Reported(folder / "out" / "seen.txt") in told
    assert isinstance(told[-1], events.RunEnded)
    assert json.dumps([str(one) for one in told if isinstance(one, events.ReporterFailed)]) == "[]"
