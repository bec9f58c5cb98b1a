"""Detectors on one data set are compared, whatever ids it has; others are refused by name."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_compare import comparing, evaluations
from coco_recipe_jobs import bootstrap
from coco_recipe_jobs.coco_metrics import measure
from evaluated import boxes, run_of, scene

from coco_recipe import RunError


def test_figures_are_pycocotools_and_differences_are_paired(tmp_path: Path) -> None:
    data = scene()
    good, bad = boxes(data, 2), boxes(data, 9)
    runs = [str(run_of(tmp_path / name, data, x=rows)) for name, rows in (("a", good), ("b", bad))]
    found = comparing.compare(evaluations.find(runs), draws=100)
    first, second = found.kinds["bbox"]
    truth = tmp_path / "a/raw.json"
    for column, rows in ((first, good), (second, bad)):
        plain = measure(truth, {"bbox": rows})["bbox"]
        assert column.figures["mAP"].value == pytest.approx(plain.mAP)
        assert column.figures["classes 瓶盖 mAP"].value == pytest.approx(plain.classes["瓶盖"].mAP)
    counts = bootstrap.draws(12, 100)
    names = [int(row.file_name.partition(".")[0]) for row in evaluations.find(runs)[0].data.images]
    order = sorted(names, key=lambda n: f"{n}.jpg")
    sampled = [bootstrap.Matched(truth, rows, images=order).sampled(counts) for rows in (good, bad)]
    wanted = bootstrap.differences(sampled[1], sampled[0])["mAP",]
    assert second.differences["mAP"] == wanted
    assert first.differences == {}
    assert (wanted.value or 0) < 0
    assert (found.images, found.boxes, found.classes) == (12, 24, ("cat", "瓶盖"))


def test_equal_runs_differ_by_nothing(tmp_path: Path) -> None:
    data = scene()
    rows = boxes(data, 3)
    runs = [str(run_of(tmp_path / name, data, x=rows)) for name in ("a", "b")]
    column = comparing.compare(evaluations.find(runs), draws=50).kinds["bbox"][1]
    known = [gap for gap in column.differences.values() if gap.value is not None]
    assert known
    assert {(gap.value, gap.low, gap.high) for gap in known} == {(0.0, 0.0, 0.0)}


def test_data_with_other_ids_are_the_same_data(tmp_path: Path) -> None:
    data, other = scene(), scene(first=100)
    other["images"].reverse()
    runs = [
        str(run_of(tmp_path / name, part, x=boxes(part, 3)))
        for name, part in (("a", data), ("b", other))
    ]
    column = comparing.compare(evaluations.find(runs), draws=50).kinds["bbox"][1]
    gap = column.differences["mAP"]
    assert (gap.value, gap.low, gap.high) == (0.0, 0.0, 0.0)


def _moved(data: dict[str, Any]) -> None:
    data["annotations"][0]["bbox"][0] += 1


def _fewer(data: dict[str, Any]) -> None:
    data["annotations"].pop()


def _renamed(data: dict[str, Any]) -> None:
    data["images"][0]["file_name"] = "其他.jpg"


def _more_classes(data: dict[str, Any]) -> None:
    data["categories"].append({"id": 9, "name": "new"})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_moved, r"1 box differs \(annotation 1 1.jpg: cat: moved by 1 px"),
        (_fewer, "1 box is only in a"),
        (_renamed, r"1 image is only in a; 1 image is only in b.*其他\.jpg"),
        (_more_classes, "new is added"),
    ],
)
def test_other_validation_data_are_refused_by_what_differs(
    change: Callable[[dict[str, Any]], None], told: str, tmp_path: Path
) -> None:
    data = scene()
    other = copy.deepcopy(data)
    change(other)
    runs = [
        str(run_of(tmp_path / name, part, x=boxes(part, 3)))
        for name, part in (("a", data), ("b", other))
    ]
    with pytest.raises(RunError, match=f"a and b have unlike validation data: .*{told}"):
        comparing.compare(evaluations.find(runs), draws=10)


def test_another_evaluator_and_other_pictures_are_refused(tmp_path: Path) -> None:
    data = scene()
    run = run_of(tmp_path / "a", data, x=boxes(data, 2), y=boxes(data, 5))
    one, two = evaluations.find([str(run)])
    newer = replace(two, evaluator={**two.evaluator, "pycocotools": "3.0.1"})
    with pytest.raises(RunError, match=r"unlike evaluators \(pycocotools: .* and 3\.0\.1\)"):
        comparing.compare([one, newer], draws=10)
    others = [
        replace(each, pictures={"dataset": digest})
        for each, digest in ((one, "a" * 64), (two, "b" * 64))
    ]
    with pytest.raises(RunError, match="the pictures' bytes are others"):
        comparing.compare(others, draws=10)


def test_one_image_has_figures_and_no_intervals(tmp_path: Path) -> None:
    data = scene(images=1)
    run = run_of(tmp_path / "a", data, x=boxes(data, 1), y=boxes(data, 6))
    found = comparing.compare(evaluations.find([str(run)]), draws=10)
    gap = found.kinds["bbox"][1].differences["mAP"]
    assert gap.value is not None
    assert gap.low is None
    assert "one image tells nothing of others" in found.notes[0]


def test_an_empty_truth_is_refused(tmp_path: Path) -> None:
    data = {**scene(), "annotations": []}
    run = run_of(tmp_path / "a", data, x=[], y=[])
    with pytest.raises(RunError, match="has no box to find"):
        comparing.compare(evaluations.find([str(run)]), draws=10)
