"""What is made again after a change of each kind: all that depends on it, and nothing else."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import coco, write_recipe

from coco_recipe.keys import key, libraries
from coco_recipe.running import agenda, stages
from coco_recipe.running.session import Session
from coco_recipe.testing import draw

pytest.importorskip("albumentations")

PLUGIN = '''\
"""Keeps all."""
from coco_recipe import Dataset, Port, Step, hookimpl
import helper_of_changes

def keep(ctx, *, dataset):
    """Keep all."""
    return {"dataset": dataset}  # as it is

@hookimpl
def coco_recipe_steps():
    ports = {"dataset": Port(Dataset)}
    yield Step(name="keep_all", run=keep, inputs=ports, outputs=ports)
'''
STEPS = [
    {"id": "mine", "use": "keep_all", "in": "raw"},
    {"id": "few", "use": "filter_categories", "in": "mine", "with": {"drop": ["dog"]}},
    {"id": "more", "use": "augment", "in": "raw", "with": {"pipeline": "p.yaml", "format": "png"}},
    {"id": "all", "use": "merge", "in": ["few", "more"]},
    {"id": "out", "use": "export_coco", "in": {"all": "all"}, "with": {"images": "none"}},
]
EVERY = ["mine", "few", "more", "all", "out"]


def _written(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), "utf-8")

    return change


def _other_picture(folder: Path) -> None:
    (folder / "images/1.jpg").write_bytes((folder / "images/1.jpg").read_bytes() + b"\0")


def _touched(folder: Path) -> None:
    for path in (folder / "raw.json", folder / "images/1.jpg", folder / "recipe.yaml"):
        os.utime(path, (1, 1))


def _moved(folder: Path) -> None:
    (folder / "images").rename(folder / "pictures")
    _written("recipe.yaml", '"images": "images"', '"images": "pictures"')(folder)


def _added(folder: Path) -> None:
    data = json.loads((folder / "recipe.yaml").read_text("utf-8"))
    data["steps"].append({"id": "last", "use": "reindex", "in": "few"})
    (folder / "recipe.yaml").write_text(json.dumps(data), "utf-8")


CHANGES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "a parameter": (_written("recipe.yaml", '["dog"]', '["cat"]'), ["few", "all", "out"]),
    "the seed": (_written("recipe.yaml", '"seed": 1', '"seed": 2'), EVERY),
    "a row": (_written("raw.json", '"width": 64', '"width": 64, "new": 1'), EVERY),
    "a picture": (_other_picture, EVERY),
    "a pipeline's file": (_written("p.yaml", "p: 1", "p: 0.5"), ["more", "all", "out"]),
    "a plugin's code": (
        _written("mine.py", '"dataset": dataset}', '"dataset": dataset.replace()}'),
        ["mine", "few", "all", "out"],
    ),
    "a module beside it": (
        _written("helper_of_changes.py", "1", "2"),
        ["mine", "few", "all", "out"],
    ),
    "a comment and a docstring": (_written("mine.py", "as it is", "just so"), []),
    "a docstring": (_written("mine.py", "Keep all.", "Keep every row."), []),
    "the recipe's description": (
        _written("recipe.yaml", '"name"', '"description": "new", "name"'),
        [],
    ),
    "times of files": (_touched, []),
    "the folder of pictures": (_moved, []),
    "a step below": (_added, ["last"]),
}


def _due(folder: Path) -> list[str]:
    """Return the steps whose result is stale, without those whose rows alone are needed again."""
    planned = stages.prepare(folder / "recipe.yaml", plugin_files=[folder / "mine.py"])
    session = Session.open(planned, folder / "run")
    return [task.step.id for task in agenda.of(session) if task.reason]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", "none")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "helper_of_changes", raising=False)
    data = coco(2, [(1, 1), (1, 2), (2, 1)])
    draw(tmp_path / "images", data)
    (tmp_path / "mine.py").write_text(PLUGIN, "utf-8")
    (tmp_path / "helper_of_changes.py").write_text("X = 1\n", "utf-8")
    (tmp_path / "p.yaml").write_text("- HorizontalFlip: {p: 1}\n", "utf-8")
    given = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(tmp_path, STEPS, data, inputs=given, seed=1)
    planned = stages.prepare(tmp_path / "recipe.yaml", plugin_files=[tmp_path / "mine.py"])
    stages.run(planned, out=tmp_path / "run")
    assert _due(tmp_path) == []
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_makes_again_what_depends_on_it(kind: str, project: Path) -> None:
    change, due = CHANGES[kind]
    change(project)
    assert _due(project) == due


@pytest.mark.slow
@pytest.mark.parametrize(
    ("library", "due"), [("albumentations", ["more", "all", "out"]), ("torch", [])]
)
def test_an_upgrade_makes_again_what_loads_the_library(
    library: str, due: list[str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = libraries.versions

    def newer(packages: list[str]) -> dict[str, str]:
        return {
            name: "99" if name == library else version for name, version in whole(packages).items()
        }

    monkeypatch.setattr(libraries, "versions", newer)
    assert _due(project) == due


@pytest.mark.slow
def test_another_cpu_makes_again_what_reads_pictures(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key, "_cpu_features", lambda: "another")
    assert _due(project) == ["more", "all", "out"]
