"""Reporters are told of a run that stops: where, why, and what is done."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

PLUGIN = '''"""A step that fails as it is told to, and a reporter that writes how a run stopped."""
import errno
from coco_recipe import Dataset, Port, Step, hookimpl


def run(ctx, *, dataset, how):
    if how == "ctrl-c":
        raise KeyboardInterrupt
    raise ValueError("no luck")


class Lister:
    def __init__(self, folder):
        pass

    def see(self, record, entered, given):
        pass

    def write(self, facts, committed):
        return None

    def write_unfinished(self, facts, values):
        if (facts.folder / "full").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        path = facts.folder / "stopped.txt"
        stopped = facts.stopped
        rows = sorted(".".join(filter(None, ref)) for ref in values)
        read = [len(values[ref].images) for ref in values]
        done = [one.step for one in facts.steps]
        path.write_text(repr((stopped, done, [one.target for one in facts.flows], rows, read)))
        return path


HOW = {"type": "object", "properties": {"how": {"type": "string"}}}


@hookimpl
def coco_recipe_steps():
    yield Step(
        name="fail", run=run, params=HOW, inputs={"dataset": Port(Dataset)},
        outputs={"dataset": Dataset}, writes=True,
    )


@hookimpl
def coco_recipe_reporters():
    yield Lister
'''


def _run(folder: Path, how: str, use: str = "fail") -> Any:
    steps = [
        {"id": "kept", "use": "split", "in": "raw", "with": {"every": 2}},
        {"id": "bad", "use": use, "in": "kept.train", "with": {"how": how}},
        {"id": "out", "use": "reindex", "in": "bad"},
    ]
    write_recipe(folder, steps, coco(images=4, boxes=[(1, 1), (2, 2)]))
    (folder / "plugin.py").write_text(PLUGIN, "utf-8")
    return command("run", "recipe.yaml", "--plugin", "plugin.py", "--report", cwd=folder)


@pytest.mark.parametrize(("how", "outcome"), [("", "failed"), ("ctrl-c", "interrupted")])
def test_they_are_told_where_and_why(tmp_path: Path, how: str, outcome: str) -> None:
    done = _run(tmp_path, how)
    assert done.returncode == (130 if how else 1), done.stderr
    assert f"report: {Path('runs/test/stopped.txt')}" in done.stderr
    told = (tmp_path / "runs/test/stopped.txt").read_text()
    assert f"outcome='{outcome}', step='bad', use='fail'" in told
    assert ("problem=\"step 'bad' (fail): no luck\"" in told) == (outcome == "failed")
    assert "('kept', 'split'), ('bad', 'fail'), ('out', 'reindex')" in told
    assert "['kept'], ['kept']" in told, "steps that are done, and what flowed to them"
    assert "'kept.train'" in told, "rows that are in memory"


def test_a_full_disk_is_not_told_twice(tmp_path: Path) -> None:
    _run(tmp_path, "")
    (tmp_path / "runs/test/full").touch()
    (tmp_path / "runs/test/stopped.txt").unlink()
    done = _run(tmp_path, "")
    assert done.returncode == 1
    assert "no luck" in done.stderr
    assert "No space left" not in done.stderr
    assert not (tmp_path / "runs/test/stopped.txt").exists()


def test_a_recipe_that_is_wrong_leaves_nothing(tmp_path: Path) -> None:
    done = _run(tmp_path, "", use="fial")
    assert done.returncode == 2
    assert not (tmp_path / "runs").exists()
