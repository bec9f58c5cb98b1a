"""Matches of boxes, counted by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_jobs.found_and_missed import Found, Operating

CLASSES = [{"id": 3, "name": "cap"}, {"id": 9, "name": "杯"}]


def _box(x: int) -> list[int]:
    return [x, 0, 10, 10]


def _truth(folder: Path, *rows: tuple[int, int, int, int]) -> Path:
    """Write a data set; a row is its image, category, x, and whether it is a crowd."""
    annotations = [
        {
            "id": n,
            "image_id": image,
            "category_id": category,
            "bbox": _box(x),
            "area": 100,
            "iscrowd": crowd,
        }
        for n, (image, category, x, crowd) in enumerate(rows, 1)
    ]
    images = [{"id": n, "width": 200, "height": 50} for n in (1, 2, 3)]
    path = folder / "truth.json"
    data = {"images": images, "categories": CLASSES, "annotations": annotations}
    path.write_text(json.dumps(data))
    return path


def _row(image: int, category: int, x: int, score: float) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "bbox": _box(x), "score": score}


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """Two caps and a cup on image 1, one cap is found; a cap taken for a cup on image 2."""
    truth = _truth(tmp_path, (1, 3, 0, 0), (1, 3, 50, 0), (1, 9, 100, 0), (2, 3, 0, 0))
    rows = [
        _row(1, 3, 0, 0.9),
        _row(1, 3, 1, 0.8),  # the same one once more
        _row(2, 9, 0, 0.7),
        _row(1, 9, 100, 0.3),
    ]
    return Found(truth, rows)


def test_the_confusion_has_what_is_there_by_row_and_what_was_found_by_column(found: Found) -> None:
    at_half = found.confusion(0.5)
    assert at_half.names == ("cap", "杯")
    assert at_half.counts.tolist() == [[1, 1, 1], [0, 0, 1], [1, 0, 0]]
    assert found.confusion(0.0).counts.tolist() == [[1, 1, 1], [0, 1, 0], [1, 0, 0]]
    assert found.confusion(0.95).counts.tolist() == [[0, 0, 3], [0, 0, 1], [0, 0, 0]]


def test_a_curve_has_precision_and_recall_at_each_score(found: Found) -> None:
    everything, cap, cup = found.curves()
    assert (everything.name, cap.name, cup.name) == ("all", "cap", "杯")
    assert (everything.to_find, cap.to_find, cup.to_find) == (4, 3, 1)
    assert everything.scores.tolist() == [0.9, 0.8, 0.7, 0.3]
    assert everything.precision.tolist() == [1, 1 / 2, 1 / 3, 2 / 4]
    assert everything.recall.tolist() == [1 / 4, 1 / 4, 1 / 4, 2 / 4]
    assert everything.best() == Operating(0.3, 0.5, 0.5, 0.5)
    assert cap.best() == Operating(0.9, 0.5, 1.0, 0.333333)
    assert cup.best() == Operating(0.3, 0.666667, 0.5, 1.0)


def test_images_are_told_by_how_well_they_were_done(found: Found) -> None:
    f1 = {image.image_id: image.f1 for image in found.by_image(0.0)}
    assert f1 == {1: pytest.approx(2 * 2 / (3 + 3)), 2: 0.0, 3: 1.0}


def test_what_lies_in_a_crowd_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    truth = _truth(tmp_path, (1, 3, 0, 0), (1, 3, 50, 1))
    found = Found(truth, [_row(1, 3, 0, 0.5), _row(1, 3, 50, 0.9), _row(1, 3, 50, 0.8)])
    assert found.confusion(0.0).counts.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert found.curves()[0].best() == Operating(0.5, 1.0, 1.0, 1.0)
    assert found.by_image(0.0)[0].f1 == 1.0


def test_a_detector_that_found_nothing_has_missed_all(tmp_path: Path) -> None:
    found = Found(_truth(tmp_path, (1, 3, 0, 0)), [])
    assert found.confusion(0.5).counts.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert [curve.best() for curve in found.curves()] == [None, None, None]
    assert [image.f1 for image in found.by_image(0.5)] == [0.0, 1.0, 1.0]


def test_boxes_with_equal_scores_count_together(tmp_path: Path) -> None:
    found = Found(_truth(tmp_path, (1, 3, 0, 0)), [_row(1, 3, 80, 0.5), _row(1, 3, 0, 0.5)])
    curve = found.curves()[0]
    assert (curve.scores.tolist(), curve.precision.tolist()) == ([0.5], [0.5])
