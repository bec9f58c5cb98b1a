"""Predictions and metrics on their way from a step or a file to the next step."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import coco, recorded, write_recipe

import coco_recipe
from coco_recipe import Metrics, Predictions
from coco_recipe.errors import RecipeError
from coco_recipe.result import Result

READS = '''\
from coco_recipe import (
    Checkpoint,
    Dataset,
    Metrics,
    Port,
    Prediction,
    Predictions,
    Step,
    hookimpl,
    write_predictions,
)

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


def _plugin(folder: Path) -> Path:
    (folder / "mine.py").write_text(READS)
    return folder / "mine.py"


def _run(folder: Path, recipe: Path) -> Result:
    return coco_recipe.run(recipe, out=folder / "out", jobs=1, plugins=[_plugin(folder)])


FIGURES = [
    ["epoch_10", "mAP", 1.25],
    ["epoch_10", "classes", "dog", None],
    ["epoch_10", "classes", "cat", 1],
    ["epoch_9", "mAP", 1.125],
    ["epoch_9", "classes", "dog", None],
    ["epoch_9", "classes", "cat", 1],
]


def test_a_step_reads_metrics_and_predictions_of_another_in_their_order(tmp_path: Path) -> None:
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
    result = _run(tmp_path, recipe)
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


@pytest.mark.slow
def test_results_and_figures_made_elsewhere_are_inputs(tmp_path: Path) -> None:
    recipe = _inputs(tmp_path, [_row()])
    _run(tmp_path, recipe)
    notes = recorded(tmp_path / "out/steps/r").notes
    assert notes["found"] == [[2, "dog", 0.75, [0, 0, 5, 6]]]
    assert notes["figures"] == [["mAP", 0.25], ["classes", "cat", 0.5]]
    recorded_inputs = recorded(tmp_path / "out/steps/r").inputs
    assert recorded_inputs["predictions"].keys() == {"file", "of"}  # type: ignore[union-attr]
    assert _run(tmp_path, recipe).ran == ()
    assert _run(tmp_path, _inputs(tmp_path, [_row(score=0.5)])).ran == ("r",)
    assert _run(tmp_path, _inputs(tmp_path, [])).ran == ("r",), "nothing found is a result"


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
        _run(tmp_path, _inputs(tmp_path, rows, **inputs))


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
        _run(tmp_path, recipe)
