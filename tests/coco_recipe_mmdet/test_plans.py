"""What the steps on detectors say before a run."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import command
from coco_recipe_mmdet import plans
from coco_recipe_mmdet.train import STEP
from training import ALL_STEPS, Shapes, provenance, train_step

from coco_recipe import Expected, Forecast, Span, plugins
from coco_recipe.testing import coco, dataset

BEFORE = Expected(Span.exact(3), Span.exact(2), Span.exact(1), {})


def _given(use: str, **given: Any) -> dict[str, Any]:
    rules = plugins.find().offers[use].step.params["properties"]
    return {name: rule["default"] for name, rule in rules.items() if "default" in rule} | given


def _told(values: Any = None, **given: Any) -> Forecast:
    assert STEP.forecast is not None
    return STEP.forecast(_given("train", **given), {"train": BEFORE}, lambda: values)


@pytest.mark.parametrize(
    ("given", "span"),
    [
        ({"epochs": 12}, Span.exact(12)),
        ({"epochs": 12, "checkpoint_interval": 5}, Span.exact(3)),
        ({"epochs": 12, "keep": 3}, Span(1, 4)),
        ({"epochs": 12, "early_stopping": 2}, Span(1, 12)),
        ({}, Span(1, None)),
    ],
)
def test_checkpoints_are_exact_or_bounded(given: dict[str, Any], span: Span) -> None:
    assert _told(**given).out["checkpoints"].others == {"checkpoints": span}


def test_what_mmdet_would_skip_is_not_trained_on() -> None:
    data = coco(3, [(1, 1), (2, 2)])
    data["images"][0]["width"] = 20
    data["annotations"][0]["bbox"] = [1, 2, 4, 4]
    used = _told({"train": dataset(data)}, epochs=1).uses
    assert used == {"images": Span.exact(2), "boxes": Span.exact(1)}
    assert _told(epochs=1).uses == {"images": Span(0, 3), "boxes": Span(0, 2)}


@pytest.mark.parametrize(
    ("use", "given", "told"),
    [
        (
            "train",
            {"config": "configs/rtmdet.py", "epochs": 12, "early_stopping": 3},
            "trains the detector of rtmdet.py for 12 epochs, or until 3 validations in a row were "
            "no better",
        ),
        ("evaluate", {}, "measures checkpoints on pictures; bbox_mAP says which is best"),
        ("predict", {"folder": "/data/test"}, "looks for objects on pictures in test"),
        (
            "adapt_head",
            {"new_rows": {"copy": "cup"}},
            "fits the class heads to the data set's classes: the old rows of the same name, for "
            "others those of cup",
        ),
        (
            "adapt_head",
            {"method": "slice"},
            "gives the class heads the first rows, one for each class of the data set",
        ),
        ("export_model", {}, "writes a checkpoint as onnx, to be used without mmdet"),
        (
            "init_weights",
            {"config": "a.py", "classes": ["猫", "狗"]},
            "makes the starting weights of a.py for 猫, 狗",
        ),
        (
            "recompute_batch_norm",
            {"images": 9},
            "measures the batch norms of a checkpoint anew on the first 9 pictures",
        ),
        (
            "greedy_soup",
            {},
            "averages checkpoints, each only if the average has a better bbox_mAP with it",
        ),
    ],
)
def test_each_step_says_what_its_parameters_do(use: str, given: dict[str, Any], told: str) -> None:
    step = plugins.find().offers[use].step
    assert step.tell is not None
    assert step.tell(_given(use, **given)) == told


def test_every_picture_is_looked_at() -> None:
    assert plans.looked_at({}, {"dataset": BEFORE}, lambda: None).uses == {"images": Span.exact(3)}


def test_one_checkpoint_is_adapted_to_the_classes_that_come() -> None:
    from coco_recipe_mmdet.adapt_head import STEP as ADAPT

    assert ADAPT.forecast is not None
    known = Expected(classes={"cat": Span(), "dog": Span()})
    found = ADAPT.forecast({}, {"dataset": known}, lambda: None)
    assert found.uses == {"classes": Span.exact(2)}
    assert found.out["checkpoint"].others == {"checkpoints": Span.exact(1)}
    assert ADAPT.forecast({}, {"dataset": Expected()}, lambda: None).uses == {}


def test_what_is_planned_of_a_training_is_what_it_leaves(trained: Path, shapes: Shapes) -> None:
    planned = command(
        "plan", shapes.recipe("planned", ALL_STEPS), "--format", "json", cwd=shapes.folder
    )
    assert planned.returncode == 0, planned.stderr
    rows = {row["step"]: row for row in json.loads(planned.stdout)}
    left = len(list((trained / "fit/checkpoints").iterdir()))
    assert rows["fit"]["makes"]["checkpoints"]["checkpoints"] == {"least": left, "most": left}
    averaged = provenance(trained, "averaged").notes["averaged"]
    used = rows["averaged"]["uses"]["checkpoints"]
    assert used == {"least": len(averaged), "most": len(averaged)}
    trained_on = json.loads((trained / "fit/data/train.json").read_text("utf-8"))
    for key, name in (("images", "images"), ("boxes", "annotations")):
        span = rows["fit"]["uses"][key]
        assert span["least"] == span["most"] == len(trained_on[name])
    for step in ALL_STEPS:
        use, files = step["use"], rows[step["id"]]["files"]
        written = provenance(trained, step["id"]).files.count
        assert files["least"] <= written <= files["most"], f"{use}: {written}, not {files}"
        assert use in ("evaluate", "predict") or files["least"] == files["most"], use
    assert rows["fit"]["bytes"] is None, "nobody knows how large a model is that no file has"


def test_bytes_are_told_where_a_checkpoint_is_there(trained: Path, shapes: Shapes) -> None:
    """Weights keep their size, whatever becomes of them."""
    start = {"checkpoint": str(trained / "fit/checkpoints/epoch_1.pth")}
    steps = [
        train_step() | {"in": {"train": "train", "val": "val", "checkpoint": "start"}},
        {"id": "averaged", "use": "average_weights", "in": "fit.checkpoints"},
        {"id": "score", "use": "evaluate", "in": {"checkpoints": "averaged", "dataset": "val"}},
    ]
    path = shapes.recipe("sizes", steps, start=start)
    done = command("plan", path, "--format", "json", cwd=shapes.folder)
    assert done.returncode == 0, done.stderr
    size = {row["step"]: row["bytes"] for row in json.loads(done.stdout)}
    kept = [path.stat().st_size for path in (trained / "fit/checkpoints").iterdir()]
    assert size["fit"] == pytest.approx(sum(kept), rel=0.02)
    averaged = (trained / "averaged/averaged.pth").stat().st_size
    assert size["averaged"] == pytest.approx(averaged, rel=0.02)


@pytest.mark.parametrize(
    ("use", "with_", "span"),
    [
        ("init_weights", {}, Span.exact(3)),
        ("export_model", {}, Span.exact(4)),
        ("predict", {"draw": 0}, Span(5, 6)),
        ("predict", {"draw": 4}, Span(6, 7)),
    ],
)
def test_files_are_counted_or_bounded(use: str, with_: dict[str, Any], span: Span) -> None:
    forecast = plugins.find().offers[use].step.forecast
    assert forecast is not None
    assert forecast(_given(use, **with_), {}, lambda: None).files == span


def test_a_batch_norm_is_measured_on_no_more_pictures_than_there_are() -> None:
    for asked, seen in ((2, 2), (9, 3), (None, 3)):
        told = plans.recompute_batch_norm({"images": asked}, {"dataset": BEFORE}, lambda: None)
        assert told.uses == {"images": Span.exact(seen)}
