"""A measurement is told with intervals, thresholds, confusions and its worst pictures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import coco
from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.sections import measured

from coco_recipe import RunFacts
from coco_recipe.testing import draw

pytest.importorskip("pycocotools")


@pytest.fixture
def measured_facts(facts: RunFacts, tmp_path: Path) -> RunFacts:
    """A run whose step ``parts`` measured two checkpoints; one finds all but what image 3 has."""
    from coco_recipe_jobs import scores
    from coco_recipe_jobs.coco_metrics import measure

    folder = tmp_path / "steps" / "parts"
    boxes = [(1, 1), (1, 2), (2, 1), (3, 2), (4, 1)]
    data = coco(images=4, boxes=boxes, names=("cat", "<dog>"), ending="png")
    data["annotations"][1]["bbox"] = [30, 20, 10, 10]
    draw(tmp_path / "images", data)
    rows: list[dict[str, Any]] = [
        {
            "image_id": row["image_id"],
            "category_id": row["category_id"],
            "bbox": row["bbox"],
            "score": 0.9 - 0.1 * n,
        }
        for n, row in enumerate(data["annotations"])
    ]
    rows[3]["category_id"] = 1
    for image in data["images"]:
        image["file_name"] = str(tmp_path / "images" / image["file_name"])
    for path, value in (("data/images.json", data), ("results/a.bbox.json", rows)):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(json.dumps(value))
    figures = measure(folder / "data/images.json", {"bbox": rows})
    found = [
        scores.score_of("a", figures, {"bbox": "results/a.bbox.json"}),
        scores.score_of("b", measure(folder / "data/images.json", {"bbox": []})),
    ]
    scores.write(folder, found, "bbox_mAP", "a")
    return replace(facts, folder=tmp_path)


def _gather(facts: RunFacts, camera: Camera) -> measured.Measured:
    (found,) = measured.gather(facts, camera, Palette(()))
    return found


def test_figures_of_each_checkpoint(measured_facts: RunFacts, camera: Camera) -> None:
    found = _gather(measured_facts, camera)
    assert (found.step, found.best, found.best_by) == ("parts", "a", "bbox_mAP")
    (_, first), (_, second) = found.checkpoints
    assert first[0]
    assert 0 < first[0] < 1
    assert second[0] == 0
    assert found.classes.count('class="interval"') == 2
    assert "&lt;dog&gt;" in found.classes
    assert "all boxes" in found.sizes


def test_thresholds_and_confusion(measured_facts: RunFacts, camera: Camera) -> None:
    found = _gather(measured_facts, camera)
    every = found.thresholds[0]
    assert every.name == "all"
    assert (every.precision, every.recall) == pytest.approx((0.8, 0.8))
    assert found.confusion is not None
    assert "&lt;dog&gt; → cat: 1 of 2" in found.confusion.matrix
    assert [title for title, drawn in found.curves if drawn] == [
        "Precision over recall",
        "By threshold of scores",
    ]


def test_the_worst_picture_has_truth_and_prediction(
    measured_facts: RunFacts, camera: Camera
) -> None:
    (worst,) = _gather(measured_facts, camera).worst
    assert worst.f1 == 0
    assert (worst.truth.name, worst.truth.told) == ("3.png", "there: 1")
    assert worst.found.told == "found: 1"
    assert worst.truth.data == worst.found.data != ""
    assert worst.found.classes.startswith("cat 0.")


def test_without_results_there_are_the_figures_alone(
    measured_facts: RunFacts, camera: Camera
) -> None:
    for path in measured_facts.folder.rglob("a.bbox.json"):
        path.unlink()
    found = _gather(measured_facts, camera)
    assert found.checkpoints
    assert 'class="interval"' not in found.classes
    assert found.worst == ()


def test_without_pycocotools_that_is_told(
    measured_facts: RunFacts, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "find_spec", lambda name: None)
    assert "need pycocotools" in _gather(measured_facts, camera).why_not


def test_a_run_that_measured_nothing_has_none(facts: RunFacts, camera: Camera) -> None:
    assert measured.gather(facts, camera, Palette(())) == []
