"""Kinds of values: a plugin's own, and those that come with the core, on their way through a
run.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, process, recorded, write_recipe

import coco_recipe
from coco_recipe import (
    PluginError,
    RunError,
    StepError,
    plugins,
)
from coco_recipe.errors import RecipeError
from coco_recipe.result import Result

KIND = """\
import json
from dataclasses import dataclass, field
from coco_recipe import (
    Facts,
    Port,
    Step,
    ValueKind,
    hookimpl,
)
from coco_recipe import Dataset

@dataclass(frozen=True)
class KnownThresholds(Facts):
    lowest: float | None = None

@dataclass(frozen=True)
class Thresholds:
    by_class: dict

def write(value, folder, name):
    text = json.dumps(value.by_class, indent=1).encode()
    (folder / f"{name}.txt").write_bytes(text)
    import hashlib
    return {"file": f"{name}.txt"}, {f"{name}.txt": hashlib.sha256(text).hexdigest()}

def read(form, folder, folders):
    return Thresholds(json.loads((folder / form["file"]).read_text()))

KIND = ValueKind(name="thresholds", type=Thresholds, write=write, read=read,
                 facts=lambda value: KnownThresholds(lowest=min(value.by_class.values())),
                 unknown=KnownThresholds(),
                 load=lambda path, of, name: Thresholds(json.loads(path.read_text())))
"""
OFFERS = """
@hookimpl
def coco_recipe_values():
    yield KIND
"""
STEPS = '''
NUMBER = {"type": "object", "properties": {"x": {"type": "number", "description": "A number."}}}

def choose(ctx, *, dataset, x):
    """Choose thresholds."""
    names = [category.name for category in dataset.categories]
    return {"thresholds": Thresholds({name: x + n for n, name in enumerate(names)})}

def apply(ctx, *, thresholds, dataset):
    """Apply them."""
    ctx.note("by class", thresholds.by_class)
    (ctx.workdir / "applied.txt").write_text(repr(thresholds))
    return {}

def again(ctx, name, *, thresholds, dataset):
    return repr(thresholds).encode()

def foresee(params, facts):
    if (facts["thresholds"].lowest or 0) > 5:
        raise ValueError(f"{facts['thresholds'].lowest} lets nothing through")
    return {}

@hookimpl
def coco_recipe_steps():
    rows = Port(Dataset, reads_only=True)
    for name, writes in (("choose", False), ("choose_and_keep", True)):
        yield Step(name=name, run=choose, params=NUMBER, inputs={"dataset": rows},
                   outputs={"thresholds": Thresholds}, writes=writes)
    yield Step(name="apply", run=apply, replay=again, foresee=foresee, writes=True, outputs={},
               inputs={"thresholds": Port(Thresholds), "dataset": rows})
'''


def _recipe(folder: Path, use: str = "choose_and_keep", x: float = 0.5, **top: Any) -> Path:
    steps = [
        {"id": "t", "use": use, "in": "raw", "with": {"x": x}},
        {"id": "a", "use": "apply", "in": {"thresholds": "t", "dataset": "raw"}},
    ]
    return write_recipe(folder, steps, coco(names=("b", "a")), **top)


def _plugin(folder: Path, *parts: str, name: str = "mine.py") -> Path:
    (folder / name).write_text("".join(parts))
    return folder / name


def _run(folder: Path, recipe: Path, plugin: Path, **more: Any) -> Result:
    return coco_recipe.run(recipe, out=folder / "out", jobs=1, plugins=[plugin], **more)


@pytest.mark.slow
@pytest.mark.parametrize("use", ["choose", "choose_and_keep"])
def test_a_kind_of_a_plugin_flows_is_committed_reused_and_replayed(
    tmp_path: Path, use: str
) -> None:
    plugin, steps = _plugin(tmp_path, KIND, OFFERS, STEPS), tmp_path / "out/steps"
    recipe = _recipe(tmp_path, use)
    assert _run(tmp_path, recipe, plugin).ran == ("t", "a")
    assert recorded(steps / "a").notes == {"by class": {"b": 0.5, "a": 1.5}}
    assert (steps / "t/thresholds.txt").exists() is (use == "choose_and_keep")
    assert _run(tmp_path, recipe, plugin).ran == ()
    again = _run(tmp_path, recipe, plugin, from_step="a")
    assert ("t" in again.ran) is (use == "choose"), "else it is read from the folder"
    assert again["t"].by_class == {"b": 0.5, "a": 1.5}
    assert recorded(steps / "a").notes == {"by class": {"b": 0.5, "a": 1.5}}
    replayed = command(
        "replay", "out", "applied.txt", "--plugin", plugin, "--to", "x.txt", cwd=tmp_path
    )
    assert replayed.returncode == 0, replayed.stderr
    assert (tmp_path / "x.txt").read_bytes() == (steps / "a/applied.txt").read_bytes()
    changed = _run(tmp_path, _recipe(tmp_path, use, 1), plugin)
    assert changed.ran == ("t", "a")
    assert recorded(steps / "a").notes == {"by class": {"b": 1, "a": 2}}


def test_a_damaged_file_of_a_plugins_value_is_made_again(tmp_path: Path) -> None:
    plugin, recipe = _plugin(tmp_path, KIND, OFFERS, STEPS), _recipe(tmp_path)
    _run(tmp_path, recipe, plugin)
    (tmp_path / "out/steps/t/thresholds.txt").write_text("{}")
    assert _run(tmp_path, recipe, plugin).ran == ("t",)


@pytest.mark.slow
def test_a_kind_of_a_plugin_is_an_input_with_facts_of_its_own(tmp_path: Path) -> None:
    plugin = _plugin(tmp_path, KIND, OFFERS, STEPS)
    inputs = {"raw": {"annotations": "raw.json"}, "t": {"kind": "thresholds", "file": "t.json"}}
    steps = [{"id": "a", "use": "apply", "in": {"thresholds": "t", "dataset": "raw"}}]
    recipe = write_recipe(tmp_path, steps, coco(), inputs=inputs)
    (tmp_path / "t.json").write_text('{"cat": 3}')
    _run(tmp_path, recipe, plugin)
    assert recorded(tmp_path / "out/steps/a").notes == {"by class": {"cat": 3}}
    assert recorded(tmp_path / "out/steps/a").inputs["thresholds"].keys() == {"file"}  # type: ignore[union-attr]
    (tmp_path / "t.json").write_text('{"cat": 4}')
    assert _run(tmp_path, recipe, plugin).ran == ("a",), "the file has changed"
    (tmp_path / "t.json").write_text('{"cat": 6}')
    with pytest.raises(RecipeError, match=r"step 'a' \(apply\): 6 lets nothing through"):
        _run(tmp_path, recipe, plugin)


def test_a_kind_that_nobody_offers_is_named_at_the_step(tmp_path: Path) -> None:
    plugin = _plugin(tmp_path, KIND, STEPS)
    done = command("validate", _recipe(tmp_path), "--plugin", plugin, cwd=tmp_path)
    assert done.returncode == 2
    assert (
        "steps[0].use: the output 'thresholds' of step 'choose_and_keep' is a Thresholds, "
        "and no plugin offers such a kind of values" in done.stderr
    )
    assert "the kinds are checkpoint, dataset, metrics, predictions" in done.stderr
    other = write_recipe(tmp_path, [{"id": "r", "use": "reindex", "in": "raw"}], coco())
    assert _run(tmp_path, other, plugin).ran == ("r",), "a recipe without it isn't stopped"


WRONG = {
    "name": (
        OFFERS.replace("KIND", 'ValueKind(**{**vars_of(KIND), "name": "dataset"})'),
        "dataset",
    ),
    "type": (OFFERS.replace("KIND", 'ValueKind(**{**vars_of(KIND), "type": Dataset})'), "dataset"),
    "twice": (OFFERS + "    yield KIND\n", "thresholds"),
}
VARS_OF = """
from dataclasses import fields
def vars_of(kind):
    return {f.name: getattr(kind, f.name) for f in fields(kind)}
"""


@pytest.mark.parametrize("name", WRONG)
def test_a_kind_that_another_plugin_offers_is_refused(tmp_path: Path, name: str) -> None:
    hook, other = WRONG[name]
    plugin = _plugin(tmp_path, KIND, VARS_OF, hook, STEPS)
    with pytest.raises(
        PluginError, match=rf"mine.py: offers the kind of values .* offers '{other}'"
    ):
        plugins.find([plugin])


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("3", "coco_recipe_values yields int, expected ValueKind"),
        (
            'ValueKind(name="pair", type=tuple, write=write, read=read)',
            "'pair': its type must be a class and no tuple",
        ),
        (
            'ValueKind(name="text", type="Text", write=write, read=read)',
            "'text': its type must be a class",
        ),
    ],
)
def test_what_is_no_kind_is_refused(tmp_path: Path, kind: str, message: str) -> None:
    plugin = _plugin(tmp_path, KIND, OFFERS.replace("KIND", kind), STEPS)
    with pytest.raises(PluginError, match=message):
        plugins.find([plugin])


@pytest.mark.slow
def test_an_installed_plugin_with_a_wrong_kind_stops_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, parts in enumerate([(KIND, OFFERS), (KIND, OFFERS, STEPS)]):
        _plugin(tmp_path, *parts, name=f"kind_{number}.py")
        info = tmp_path / f"kind_{number}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kind-{number}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[coco_recipe]\nx{number} = kind_{number}\n")
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    done = process("steps", cwd=tmp_path)
    assert done.returncode == 0
    assert "reindex" in done.stdout
    assert "choose" not in done.stdout, "all of a plugin, or nothing"
    assert "kind-1" in done.stderr
    assert "and kind-0 offers 'thresholds'" in done.stderr


def _changed(folder: Path, old: str, new: str) -> Path:
    text = KIND + OFFERS + STEPS
    assert old in text
    return _plugin(folder, text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "Thresholds({name: x + n",
            "dict({name: x + n",
            r"step 't' \(choose_and_keep\): output 'thresholds' is a dict, declared is Thresholds",
        ),
        (
            '"thresholds": Thresholds({',
            '"thresholds": coco_recipe_empty() or Thresholds({',
            "NameError",
        ),
        (
            'return {"file": f"{name}.txt"}',
            'return {"file": object()}',
            r"step 't' \(choose_and_keep\): output 'thresholds' can't be written as "
            r"thresholds: TypeErr",
        ),
    ],
)
def test_a_wrong_value_names_step_and_output(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(StepError, match=message):
        _run(tmp_path, _recipe(tmp_path), _changed(tmp_path, old, new))


def test_a_value_that_cannot_be_read_names_folder_and_kind(tmp_path: Path) -> None:
    plugin = _changed(tmp_path, 'json.loads((folder / form["file"]).read_text())', "1 / 0")
    with pytest.raises(RunError, match="steps/t: its thresholds can't be read: ZeroDivisionError"):
        _run(tmp_path, _recipe(tmp_path), plugin)
