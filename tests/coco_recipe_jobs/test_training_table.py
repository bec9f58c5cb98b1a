"""results.csv: the course of a training by epoch."""

import csv
import json
from pathlib import Path

from coco_recipe_jobs import training_table

LINES = [
    {"epoch": 1, "iter": 1, "lr": 0.1, "loss": 4.0, "loss_cls": 3.0, "grad_norm": 10.0},
    {"epoch": 1, "iter": 2, "lr": 0.2, "loss": 2.0, "loss_cls": 1.0, "grad_norm": 20.0},
    {"epoch": 1, "iter": 2, "val": {"coco/bbox_mAP": 0.25, "coco/bbox_mAP_50": 0.5}},
    {"epoch": 2, "iter": 3, "lr": 0.2, "lr_1": 0.02, "loss": 1.0, "loss_cls": 0.5},
]


def test_an_epoch_has_means_of_losses_last_rates_and_the_metrics_behind_it() -> None:
    first, second = training_table.by_epoch(LINES)
    assert first == {
        "epoch": 1,
        "iter": 2,
        "lr": 0.2,
        "loss": 3.0,
        "loss_cls": 2.0,
        "grad_norm": 15.0,
        "bbox_mAP": 0.25,
        "bbox_mAP_50": 0.5,
    }
    assert second == {"epoch": 2, "iter": 3, "lr": 0.2, "lr_1": 0.02, "loss": 1.0, "loss_cls": 0.5}


def test_a_metric_that_had_nothing_to_find_is_no_figure(tmp_path: Path) -> None:
    val = {"coco/bbox_mAP": 0.25, "coco/bbox_mAP_l": -1.0}
    [row] = training_table.by_epoch([*LINES[:2], {"epoch": 1, "iter": 2, "val": val}])
    assert row["bbox_mAP"] == 0.25
    assert "bbox_mAP_l" not in row


def test_the_table_has_a_column_for_each_figure_and_the_last_time_of_an_epoch(
    tmp_path: Path,
) -> None:
    clocks = [
        {"epoch": 1, "seconds": 7.0},
        {"epoch": 1, "seconds": 5.5, "memory_mb": 900},
        {"epoch": 2, "seconds": 5.25, "memory_mb": 910},
    ]
    training_table.write(tmp_path / "results.csv", training_table.by_epoch(LINES), clocks)
    with (tmp_path / "results.csv").open() as file:
        first, second = csv.DictReader(file)
    assert list(first)[:3] == ["epoch", "iter", "loss"]
    assert (first["seconds"], first["memory_mb"], first["bbox_mAP"]) == ("5.5", "900", "0.25")
    assert (second["lr_1"], second["grad_norm"], second["bbox_mAP"]) == ("0.02", "", "")


def test_a_line_that_a_kill_has_cut_ends_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "scalars.jsonl"
    path.write_text(json.dumps(LINES[0]) + "\n" + json.dumps(LINES[1])[:20])
    assert list(training_table.lines_of(path)) == LINES[:1]
    assert list(training_table.lines_of(tmp_path / "none")) == []
