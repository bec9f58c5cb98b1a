import contextlib
import io
import json
from pathlib import Path

import pytest
from training import Shapes, provenance


def test_the_metrics_are_those_of_pycocotools_on_the_results_file(
    trained: Path, shapes: Shapes
) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    report = json.loads((trained / "score/metrics.json").read_text())
    assert [row["label"] for row in report["checkpoints"]] == [
        "epoch_1",
        "epoch_2",
        "epoch_3",
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
    assert (trained / "score/best.pth").samefile(trained / f"fit/checkpoints/{report['best']}.pth")


def test_an_average_is_evaluated_with_the_config_that_its_checkpoints_carry(trained: Path) -> None:
    report = json.loads((trained / "score_average/metrics.json").read_text())
    assert [row["label"] for row in report["checkpoints"]] == ["average"]
    assert 0 <= report["checkpoints"][0]["bbox"]["mAP_50"] <= 1


def test_the_metrics_of_the_training_are_those_of_evaluate(trained: Path) -> None:
    during = provenance(trained, "fit").notes["metrics"]
    after = provenance(trained, "score").notes["metrics"]
    for epoch in ("epoch_1", "epoch_2", "epoch_3"):
        assert after[epoch]["bbox"]["mAP_50"] == pytest.approx(
            during[epoch].get("bbox_mAP_50", 0.0), abs=6e-4
        )
