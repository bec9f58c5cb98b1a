"""A run records the plugin files of which it uses something, and replay asks for these alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.running import stages

OBSERVER = """
from coco_recipe import hookimpl

@hookimpl
def coco_recipe_observers():
    yield lambda event: None
"""
STEP = """
from coco_recipe import Dataset, Port, Step, hookimpl

def same(ctx, *, dataset):
    "Give back what comes in."
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    yield Step(name="same", run=same, inputs={"dataset": Port(Dataset)},
               outputs={"dataset": Dataset})
"""
VALUE = """
import sys
from dataclasses import dataclass
from coco_recipe import ValueKind, hookimpl

@dataclass(frozen=True)
class Total:
    number: int

def write(total, folder, name):
    return {"number": total.number}, {}

def read(form, folder, folders):
    return Total(form["number"])

@hookimpl
def coco_recipe_values():
    yield ValueKind(name="total", type=Total, write=write, read=read)
"""
USES_VALUE = """
from coco_recipe import Dataset, Port, Step, hookimpl
from coco_recipe.plugins import FILE_MODULE
import sys

def total(ctx, *, dataset):
    "Count the images."
    return {"total": Total(len(dataset.images))}

files = [module for name, module in sys.modules.items() if name.startswith(FILE_MODULE)]
Total = next(module.Total for module in files if hasattr(module, "Total"))

@hookimpl
def coco_recipe_steps():
    yield Step(name="total", run=total, inputs={"dataset": Port(Dataset)}, outputs={"total": Total})
"""
FINDING = """
from coco_recipe import Kind, hookimpl

@hookimpl
def coco_recipe_findings():
    yield Kind("odd_rows", "warning", "rows are odd", "even them")
"""
BACKEND = """
from dataclasses import dataclass
from coco_recipe import hookimpl

@dataclass(frozen=True)
class Plain:
    name: str = "plain"

@hookimpl
def coco_recipe_backends():
    yield Plain()
"""
ASKS = """
from coco_recipe import Dataset, Port, Step, hookimpl

def same(ctx, *, dataset, library):
    "Give back what comes in."
    return {"dataset": dataset}

def read(params, backends):
    return {"library": backends.get(params["library"]) and params["library"]}

@hookimpl
def coco_recipe_steps():
    library = {"type": "string", "default": "none", "description": "A library."}
    yield Step(name="asks", run=same, read=read, inputs={"dataset": Port(Dataset)},
               outputs={"dataset": Dataset},
               params={"type": "object", "properties": {"library": library}})
"""


def _used(folder: Path, texts: dict[str, str], step: dict[str, Any], **top: Any) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    path = write_recipe(folder, [{"id": "x", "in": "raw", **step}], coco(), **top)
    planned = stages.prepare(path, plugin_files=[folder / f"{name}.py" for name in texts])
    return [path.stem for path in planned.plugin_files]


DROP = {"use": "filter_categories", "with": {"drop": ["dog"]}}


@pytest.mark.parametrize(
    ("texts", "step", "used"),
    [
        ({"observer": OBSERVER, "step": STEP}, {"use": "same"}, ["step"]),
        ({"observer": OBSERVER, "step": STEP}, DROP, []),
        ({"both": STEP + OBSERVER.partition("hookimpl\n")[2]}, {"use": "same"}, ["both"]),
        ({"value": VALUE, "uses": USES_VALUE}, {"use": "total"}, ["value", "uses"]),
        ({"value": VALUE}, DROP, []),
        (
            {"plain": BACKEND, "asks": ASKS},
            {"use": "asks", "with": {"library": "plain"}},
            ["plain", "asks"],
        ),
        ({"plain": BACKEND, "asks": ASKS}, {"use": "asks"}, ["asks"]),
    ],
    ids=["step", "nothing", "step and observer", "value", "idle value", "backend", "idle backend"],
)
def test_files_of_which_something_is_used(
    texts: dict[str, str], step: dict[str, Any], used: list[str], tmp_path: Path
) -> None:
    assert _used(tmp_path, texts, step) == used


def test_a_kind_of_findings_that_the_recipe_chooses_is_used(tmp_path: Path) -> None:
    assert _used(tmp_path, {"odd": FINDING}, DROP) == []
    assert _used(tmp_path, {"odd": FINDING}, DROP, findings={"odd_rows": "error"}) == ["odd"]


def test_replay_does_not_ask_for_an_observer(tmp_path: Path) -> None:
    text = STEP.replace(
        'outputs={"dataset": Dataset}', 'outputs={"dataset": Dataset}, writes=True, replay=again'
    )
    text = text.replace(
        "@hookimpl", "def again(ctx, name, *, dataset):\n    return b'1'\n\n@hookimpl"
    )
    text = text.replace(
        "    return {", "    (ctx.workdir / 'one.txt').write_text('1')\n    return {", 1
    )
    (tmp_path / "step.py").write_text(text)
    (tmp_path / "observer.py").write_text(OBSERVER)
    path = write_recipe(tmp_path, [{"id": "x", "use": "same", "in": "raw"}], coco())
    done = command("run", path, "--plugin", "step.py", "--plugin", "observer.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first = json.loads((tmp_path / "runs/test/provenance.jsonl").read_text().splitlines()[0])
    assert [Path(row["file"]).name for row in first["clock"]["plugins"]] == ["step.py"]
    done = command("replay", "runs/test", "one.txt", "--plugin", "step.py", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "one.txt").read_text()) == (0, "1"), done.stderr
