"""Trackers are used where a run asks for them by name, and told of by name where they can't be."""

from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe import events
from coco_recipe.errors import RunError
from coco_recipe.observing.trackers import Tracker, asked_for
from coco_recipe.steps import Package

KNOWN = {
    "mine": Tracker("mine", lambda where: lambda event: None),
    "other": Tracker("other", lambda where: print, (Package("no_such_module", "no-such-dist"),)),
}


def test_a_tracker_is_made_with_what_stands_behind_its_name() -> None:
    seen: list[str] = []

    def make(where: str) -> events.Observer:
        seen.append(where)
        return lambda event: None

    known = {"mine": Tracker("mine", make)}
    assert len(asked_for(["mine", "mine=sqlite:///a=b.db"], known)) == 2
    assert seen == ["", "sqlite:///a=b.db"]
    assert asked_for([], known) == []


def test_an_unknown_name_and_a_missing_package_are_told() -> None:
    with pytest.raises(RunError, match="--observe mime: no plugin has it; did you mean 'mine'"):
        asked_for(["mime"], KNOWN)
    with pytest.raises(RunError, match="'no_such_module', which isn't installed: pip install no-s"):
        asked_for(["other"], KNOWN)


PLUGIN = '''
"""Count events."""
from pathlib import Path
from coco_recipe import Tracker, hookimpl


def make(where):
    path = Path(where or "events.txt")
    return lambda event: path.open("a").write(type(event).__name__ + "\\n")


@hookimpl
def coco_recipe_trackers():
    yield Tracker("counting", make)
'''


def test_a_plugin_offers_one_and_it_is_off_unless_asked_for(tmp_path: Path) -> None:
    write_recipe(tmp_path, [{"id": "a", "use": "reindex", "in": "raw"}], coco())
    (tmp_path / "counting.py").write_text(PLUGIN)
    plugin = ("--plugin", "counting.py", "--jobs", "1")
    done = command("run", "recipe.yaml", *plugin, cwd=tmp_path)
    assert (done.returncode, (tmp_path / "events.txt").exists()) == (0, False)
    done = command(
        "run", "recipe.yaml", *plugin, "--force", "--observe", "counting=x.txt", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    told = (tmp_path / "x.txt").read_text().split()
    assert (told[0], told[-1]) == ("RunStarted", "RunEnded")
    assert "StepDone" in told
    done = command("run", "recipe.yaml", *plugin, "--observe", "count", cwd=tmp_path)
    assert (done.returncode, "did you mean 'counting'" in done.stderr) == (2, True)
