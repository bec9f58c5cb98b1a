import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from training import Shapes, provenance

from coco_recipe import manifest
from coco_recipe.values import shipped as shipped_values
from coco_recipe.values import stored as stored_values


def test_the_metrics_are_those_of_pycocotools_on_the_results_file(
    trained: Path, shapes: Shapes
) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    report = json.loads((trained / "score/metrics.json").read_text())
    assert [row["label"] for row in report["checkpoints"]] == [
        "fit/epoch_1",
        "fit/epoch_2",
        "fit/epoch_3",
        f"{report['best']}-2",
    ]
    for row in report["checkpoints"]:
        results = json.loads((trained / "score" / row["results"]["bbox"]).read_text())
        assert results, "a score threshold of 0.001 finds something"
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(shapes.folder / "val/annotations.json")
            evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        ours = [
            row["bbox"][name] for name in ("mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l")
        ]
        assert ours == pytest.approx(evaluation.stats[:6], abs=1e-6)
    by_label = {row["label"]: row["bbox"]["mAP"] for row in report["checkpoints"]}
    assert by_label[report["best"]] == max(by_label.values())
    epoch = report["best"].removeprefix("fit/")
    assert (trained / "score/best.pth").samefile(trained / f"fit/checkpoints/{epoch}.pth")


def test_an_average_is_evaluated_with_the_config_that_its_checkpoints_carry(trained: Path) -> None:
    report = json.loads((trained / "score_average/metrics.json").read_text())
    assert [row["label"] for row in report["checkpoints"]] == ["averaged/average"]
    assert 0 <= report["checkpoints"][0]["bbox"]["mAP_50"] <= 1


def test_the_metrics_of_the_training_are_those_of_evaluate(trained: Path) -> None:
    during = provenance(trained, "fit").notes["metrics"]
    after = provenance(trained, "score").notes["metrics"]
    for epoch in ("epoch_1", "epoch_2", "epoch_3"):
        assert after[f"fit/{epoch}"]["bbox"]["mAP_50"] == pytest.approx(
            during[epoch].get("bbox_mAP_50", 0.0), abs=6e-4
        )


def _output(step: Path, port: str) -> Any:
    found = manifest.read(step / "manifest.json")
    assert found
    return stored_values.read(shipped_values.KINDS, step, found.outputs[port], {})


def test_later_steps_can_read_what_was_measured_and_found(trained: Path) -> None:
    report = json.loads((trained / "score/metrics.json").read_text())
    metrics = _output(trained / "score", "metrics")
    assert list(metrics.figures) == [row["label"] for row in report["checkpoints"]]
    flat = dict(metrics.flat())
    for row in report["checkpoints"]:
        assert flat[row["label"], "bbox", "mAP"] == row["bbox"]["mAP"]
        assert flat[row["label"], "bbox", "mAP_l"] is None, "nothing is so large: -1 in the file"
        for name, one in row["bbox"]["classes"].items():
            assert flat[row["label"], "bbox", "classes", name, "boxes"] == one["boxes"]
    several = _output(trained / "score", "predictions")
    assert [one.label for one in several] == [row["label"] for row in report["checkpoints"]]
    guess = _output(trained / "guess", "predictions")
    assert guess.label == "epoch_3"
    assert guess.rows() == several[2].rows("bbox"), "the same pictures in the same order"
    assert [image.id for image in guess.dataset().images] == list(range(1, 13))
    for one in (guess, *several):
        one.check()
        assert one.counts == {"bbox": len(one.rows())}
    soup = json.loads((trained / "soup/metrics.json").read_text())["checkpoints"]
    figures = _output(trained / "soup", "metrics").figures
    assert [figures[row["label"]]["bbox"]["mAP"] for row in soup] == [
        row["bbox"]["mAP"] for row in soup
    ]
