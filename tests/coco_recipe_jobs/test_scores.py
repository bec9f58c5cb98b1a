"""The figures of checkpoints: the best, the files, the value for later steps."""

import json
from pathlib import Path

import pytest
from coco_recipe_jobs import scores
from coco_recipe_jobs.coco_metrics import NAMES, ClassFigures, Figures
from coco_recipe_jobs.found_and_missed import Operating
from msgspec.structs import replace


def _figures(value: float) -> Figures:
    known = dict.fromkeys(NAMES, value) | {"mAP_l": -1.0}
    return Figures(**known, classes={"disc": ClassFigures(value, value, 4, value / 2, value)})


def _score(label: str, value: float, *, masks: float | None = None) -> scores.Score:
    kinds = {"bbox": _figures(value)} | ({"segm": _figures(masks)} if masks is not None else {})
    return scores.score_of(label, kinds, {"bbox": f"results/{label}.bbox.json"})


def test_the_best_is_the_first_of_the_highest() -> None:
    rows = [_score("a", 0.1, masks=0.5), _score("b", 0.3, masks=0.2), _score("c", 0.3, masks=0.1)]
    assert scores.best_of(rows, "bbox_mAP_50").label == "b"
    assert scores.best_of(rows, "segm_AR_100").label == "a"
    with pytest.raises(ValueError, match="segm_mAP is of masks, and the model has none"):
        scores.best_of([_score("d", 0.9)], "segm_mAP")


def test_the_files_have_every_figure(tmp_path: Path) -> None:
    rows = [_score("epoch_1", 0.25), _score("soup", 0.5)]
    scores.write(tmp_path, rows, "bbox_mAP", "soup")
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert (found["best"], found["best_by"]) == ("soup", "bbox_mAP")
    first = found["checkpoints"][0]
    assert list(first) == ["label", "results", "bbox"]
    assert list(first["bbox"]) == [*NAMES, "classes"]
    assert first["bbox"]["classes"]["disc"] == {
        "mAP": 0.25,
        "mAP_50": 0.25,
        "boxes": 4,
        "mAP_s": 0.125,
        "mAP_m": 0.25,
        "mAP_l": -1.0,
    }
    lines = (tmp_path / "metrics.txt").read_text().splitlines()
    assert lines[1] == "epoch_1   0.250   0.250   0.250   0.250"
    assert lines[2].endswith("0.500  best")
    assert lines[-2:] == [
        "    mAP   mAP50   small  medium   large  boxes",
        "  0.500   0.500   0.250   0.500       -      4  disc",
    ]


def test_a_name_stays_on_its_line() -> None:
    figures = replace(
        _figures(0.5), classes={"a\nb\x1b[2J 猫": ClassFigures(0.5, 0.5, 4, 0.5, 0.5)}
    )
    lines = list(scores.table([scores.score_of("a", {"bbox": figures})], "a"))
    assert lines[-1].endswith("  a\\nb\\x1b[2J 猫")


def test_the_table_ends_with_the_best_thresholds_of_the_best_checkpoint(tmp_path: Path) -> None:
    thresholds = {"all": Operating(0.5, 0.8, 0.9, 0.72), "帽": Operating(0.25, 1.0, 1.0, 1.0)}
    rows = [_score("a", 0.1), replace(_score("b", 0.5), best_f1=thresholds)]
    scores.write(tmp_path, rows, "bbox_mAP", "b")
    lines = (tmp_path / "metrics.txt").read_text("utf-8").splitlines()
    assert lines[-4:] == [
        "best F1 of b at IoU .50, for boxes with at least the score:",
        "     F1   score  precision  recall",
        "  0.800   0.500      0.900   0.720  all",
        "  1.000   0.250      1.000   1.000  帽",
    ]


def test_as_a_value_labels_are_unique_and_nothing_to_find_is_none() -> None:
    value = scores.as_metrics([_score("a", 0.1), _score("a", 0.2)])
    flat = dict(value.flat())
    assert flat["a", "bbox", "mAP"] == 0.1
    assert flat["a-2", "bbox", "classes", "disc", "mAP_50"] == 0.2
    assert flat["a", "bbox", "mAP_l"] is None
