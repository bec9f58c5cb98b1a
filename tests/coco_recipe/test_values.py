"""Kinds of values: a plugin's own, and those that come with the core, on their way through a run."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded, write_recipe

import coco_recipe
from coco_recipe import (
    Dataset,
    Metrics,
    PluginError,
    Predictions,
    RunError,
    StepError,
    coco_json,
    plugins,
)
from coco_recipe.api import Result
from coco_recipe.errors import RecipeError

KIND = """\
import json
from dataclasses import dataclass, field
from coco_recipe import Facts, Port, Step, ValueKind, hookimpl
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
    done = command("steps", cwd=tmp_path)
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
            r"step 't' \(choose_and_keep\): output 'thresholds' can't be written as thresholds: TypeErr",
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


READS = '''\
from coco_recipe import (Checkpoint, Dataset, Metrics, Port, Prediction, Predictions, Step, hookimpl,
                         write_predictions)

def score(ctx, *, dataset):
    """Find a box on each image, and measure."""
    rows = [Prediction(image.id, 1, image.id / 10, (1, 2, 3, 4.5)) for image in dataset.images]
    figures = {f"epoch_{n}": {"mAP": n / 8, "classes": {"dog": None, "cat": 1}} for n in (10, 9)}
    (ctx.workdir / "best.pth").write_text("weights")
    return {
        "best": Checkpoint(ctx.workdir / "best.pth"),
        "metrics": Metrics(figures),
        "predictions": write_predictions(ctx.workdir / "found", rows, dataset, label="epoch_10"),
    }

def report(ctx, *, metrics, predictions, checkpoint):
    """Read what was measured and found."""
    names = predictions.dataset().category_names()
    ctx.note("figures", [[*path, number] for path, number in metrics.flat()])
    ctx.note("found", [[row.image_id, names[row.category_id], row.score, list(row.bbox)]
                       for row in predictions.rows()])
    ctx.note("label", predictions.label)
    return {}

@hookimpl
def coco_recipe_steps():
    rows = Port(Dataset, reads_only=True)
    yield Step(name="score", run=score, inputs={"dataset": rows}, writes=True,
               outputs={"best": Checkpoint, "metrics": Metrics, "predictions": Predictions})
    yield Step(name="report", run=report, writes=True, outputs={}, inputs={
        "metrics": Port(Metrics), "predictions": Port(Predictions),
        "checkpoint": Port(Checkpoint, optional=True)})
'''
FIGURES = [
    ["epoch_10", "mAP", 1.25],
    ["epoch_10", "classes", "dog", None],
    ["epoch_10", "classes", "cat", 1],
    ["epoch_9", "mAP", 1.125],
    ["epoch_9", "classes", "dog", None],
    ["epoch_9", "classes", "cat", 1],
]


def test_a_step_reads_metrics_and_predictions_of_another_in_their_order(tmp_path: Path) -> None:
    plugin = _plugin(tmp_path, READS)
    steps = [
        {"id": "s", "use": "score", "in": "raw"},
        {"id": "r", "use": "report", "in": dict.fromkeys(("metrics", "predictions"), "s")},
        {
            "id": "r2",
            "use": "report",
            "in": {**dict.fromkeys(("metrics", "checkpoint"), "s"), "predictions": "s.predictions"},
        },
    ]
    recipe = write_recipe(tmp_path, steps, coco(2, names=("cat", "dog")))
    result = _run(tmp_path, recipe, plugin)
    notes = recorded(tmp_path / "out/steps/r").notes
    assert notes["figures"] == FIGURES
    assert notes["found"] == [[1, "cat", 0.1, [1, 2, 3, 4.5]], [2, "cat", 0.2, [1, 2, 3, 4.5]]]
    assert notes["label"] == "epoch_10"
    assert recorded(tmp_path / "out/steps/r2").notes == notes
    counts = recorded(tmp_path / "out/steps/s").counts
    assert counts.out["predictions"].rows == {"bbox": 2}  # type: ignore[union-attr]
    metrics: Metrics = result["s.metrics"]
    assert [list(path) for path, _ in metrics.flat()] == [row[:-1] for row in FIGURES]
    predictions: Predictions = result["s", "predictions"]
    assert predictions.counts == {"bbox": 2}
    assert [len(predictions.rows(of)) for of in predictions.results] == [2]
    assert list(result.checkpoints) == ["s.best"]
    with pytest.raises(KeyError, match=r"there is no output 's'"):
        result["s"]


@pytest.mark.parametrize(
    ("figures", "name"),
    [
        ({"a": {"b": float("nan")}}, "a > b is nan"),
        ({"a": "0.3"}, "a is '0.3'"),
        ({"a": 1, "b": True}, "b is True"),
        ({"a": {"c": [1]}}, r"a > c is \[1\]"),
    ],
)
def test_metrics_are_numbers(figures: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"metrics: {name}, not a finite number"):
        Metrics(figures)


INPUTS = {
    "raw": {"annotations": "raw.json"},
    "m": {"kind": "metrics", "file": "m.json"},
    "p": {"kind": "predictions", "file": "p.json", "of": "raw.json"},
}
REPORT = [{"id": "r", "use": "report", "in": {"metrics": "m", "predictions": "p"}}]


def _inputs(folder: Path, rows: Sequence[Any], **inputs: Any) -> Path:
    (folder / "m.json").write_text(json.dumps({"mAP": 0.25, "classes": {"cat": 0.5}}))
    (folder / "p.json").write_text(json.dumps(rows))
    return write_recipe(folder, REPORT, coco(2), inputs=INPUTS | inputs)


def _row(**keys: Any) -> dict[str, Any]:
    return {"image_id": 2, "category_id": 2, "bbox": [0, 0, 5, 6], "score": 0.75, "id": 9, **keys}


def test_results_and_figures_made_elsewhere_are_inputs(tmp_path: Path) -> None:
    plugin = _plugin(tmp_path, READS)
    recipe = _inputs(tmp_path, [_row()])
    _run(tmp_path, recipe, plugin)
    notes = recorded(tmp_path / "out/steps/r").notes
    assert notes["found"] == [[2, "dog", 0.75, [0, 0, 5, 6]]]
    assert notes["figures"] == [["mAP", 0.25], ["classes", "cat", 0.5]]
    recorded_inputs = recorded(tmp_path / "out/steps/r").inputs
    assert recorded_inputs["predictions"].keys() == {"file", "of"}  # type: ignore[union-attr]
    assert _run(tmp_path, recipe, plugin).ran == ()
    assert _run(tmp_path, _inputs(tmp_path, [_row(score=0.5)]), plugin).ran == ("r",)
    assert _run(tmp_path, _inputs(tmp_path, []), plugin).ran == ("r",), "nothing found is a result"


@pytest.mark.parametrize(
    ("rows", "inputs", "message"),
    [
        (
            [_row(), _row(image_id=7)],
            {},
            r"p.json: 1 row points to an image or category .* row 2 \(im",
        ),
        ([_row(category_id=0)] * 7, {}, "p.json: 7 rows point to an image or category"),
        ({"images": []}, {}, "p.json: is not a list of COCO results"),
        ([{"image_id": 1}], {}, "p.json: is not a list of COCO results: .*category_id"),
        ([_row()], {"p": {"kind": "predictions", "file": "p.json"}}, "add 'of: <file>'"),
        ([_row()], {"m": {"kind": "metrics", "file": "p.json"}}, "p.json: is not an object of num"),
    ],
)
def test_wrong_files_of_results_and_figures_are_named(
    tmp_path: Path, rows: Any, inputs: Any, message: str
) -> None:
    with pytest.raises(coco_recipe.DatasetError, match=message):
        _run(tmp_path, _inputs(tmp_path, rows, **inputs), _plugin(tmp_path, READS))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"kind": "metric", "file": "m.json"},
            "inputs.m.kind: there is no kind of values 'metric'",
        ),
        ({"kind": "dataset", "file": "m.json"}, "'dataset' that can be an input"),
        ({"kind": "metrics"}, "inputs.m: must have one of 'annotations', 'checkpoint' and 'kind'"),
        ({"file": "m.json"}, "inputs.m: 'kind' and 'file' stand together"),
        ({"annotations": "raw.json", "of": "raw.json"}, "'kind' and 'file' stand together"),
        ({"kind": "metrics", "file": "n.json"}, "inputs.m.file: there is no file n.json"),
    ],
)
def test_a_wrong_input_of_another_kind_is_told_at_its_line(
    tmp_path: Path, row: Any, message: str
) -> None:
    recipe = _inputs(tmp_path, [_row()], m=row)
    with pytest.raises(RecipeError, match=message):
        _run(tmp_path, recipe, _plugin(tmp_path, READS))


def test_the_same_rows_are_counted_once() -> None:
    text = json.dumps(coco()).encode()
    dataset = coco_json.parse(text)
    counts = dataset.counts()
    assert dataset.replace(home="x", extra={}).counts() is counts
    fewer = dataset.replace(annotations=dataset.annotations[:1])
    assert fewer.counts()["annotations"] == 1
    assert dict(fewer.counts()["categories"]) == {"cat": 1, "dog": 0}
    renamed: Dataset = fewer.replace(categories=dataset.categories[1:])
    assert renamed.counts()["categories"] == {"dog": 0}
