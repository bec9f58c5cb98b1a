"""Bootstrap intervals, held against pycocotools on data sets with the drawn images."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_recipe_jobs import bootstrap
from coco_recipe_jobs.bootstrap import Interval, Matched
from coco_recipe_jobs.coco_metrics import measure

CLASSES = [{"id": 3, "name": "cap"}, {"id": 9, "name": "杯"}, {"id": 11, "name": "never"}]
SIDES = (20, 60, 130)  # small, medium, large
Rows = list[dict[str, Any]]


def _scene(images: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """Return boxes to find on images (crowds among them), and what two detectors found."""
    chance = random.Random(seed)
    truth: Rows = []
    found: tuple[Rows, Rows] = ([], [])
    for image in range(1, images + 1):
        for n in range(chance.randrange(4)):
            side, category = chance.choice(SIDES), chance.choice((3, 3, 9))
            box = [150 * n, chance.randrange(50), side, side]
            more = {"area": side * side, "iscrowd": int(chance.random() < 0.1)}
            row = {"image_id": image, "category_id": category, "bbox": box}
            truth.append({"id": len(truth) + 1, **row, **more})
            for rows, off in zip(found, (side // 12, side // 5), strict=True):
                if chance.random() < 0.8:
                    moved = [box[0] + chance.randint(-off, off), *box[1:]]
                    rows.append({**row, "bbox": moved, "score": chance.random()})
                if chance.random() < 0.3:
                    rows.append({**row, "category_id": 3, "score": chance.random()})
    return truth, *found


def _written(folder: Path, truth: Rows, images: Sequence[int]) -> Path:
    path = folder / "truth.json"
    listed = [{"id": n, "width": 640, "height": 480} for n in images]
    path.write_text(json.dumps({"images": listed, "categories": CLASSES, "annotations": truth}))
    return path


def _drawn(rows: Rows, counts: Sequence[int], each: int) -> Rows:
    """Return rows of drawn images, a copy of an image under a number of its own."""
    return [
        {**row, "image_id": row["image_id"] + copy * each}
        for row in rows
        for copy in range(counts[row["image_id"] - 1])
    ]


def _measured(path: Path, rows: Rows) -> dict[bootstrap.Name, float]:
    """Return pycocotools' figures under the names of `bootstrap`; NaN for its -1."""
    figures = measure(path, {"bbox": rows})["bbox"]
    found: dict[bootstrap.Name, float] = {
        (name,): figures.named(name)
        for name in ("mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l")
    }
    for name, one in figures.classes.items():
        found |= {("classes", name, "mAP"): one.mAP, ("classes", name, "mAP_50"): one.mAP_50}
    return {name: np.nan if value == -1 else value for name, value in found.items()}


def test_the_figures_of_each_draw_are_those_of_a_data_set_with_the_drawn_images(
    tmp_path: Path,
) -> None:
    images = 12
    truth, rows, _ = _scene(images, seed=1)
    path = _written(tmp_path, truth, range(1, images + 1))
    counts = bootstrap.draws(images, 8, seed=4)
    sampled = Matched(path, rows).sampled(counts)
    assert sampled.values == pytest.approx(_measured(path, rows), abs=1e-6, nan_ok=True)
    for n, drawn in enumerate(counts.tolist()):
        copies = [
            number + copy * images
            for number in range(1, images + 1)
            for copy in range(drawn[number - 1])
        ]
        again = [{**row, "id": m} for m, row in enumerate(_drawn(truth, drawn, images), 1)]
        other = _written(tmp_path, again, copies)
        plain = _measured(other, _drawn(rows, drawn, images))
        found = {name: float(values[n]) for name, values in sampled.draws.items()}
        assert found == pytest.approx(plain, abs=1e-6, nan_ok=True)


def test_intervals_are_percentiles_of_the_draws_and_differences_are_paired(tmp_path: Path) -> None:
    truth, good, bad = _scene(40, seed=2)
    path = _written(tmp_path, truth, range(1, 41))
    counts = bootstrap.draws(40, 200)
    one, other = (Matched(path, rows).sampled(counts) for rows in (good, bad))
    found = bootstrap.differences(one, other)["mAP",]
    gaps = one.draws["mAP",] - other.draws["mAP",]
    low, high = np.percentile(gaps, [2.5, 97.5])
    value = one.values["mAP",] - other.values["mAP",]
    assert found == Interval(
        pytest.approx(value, abs=1e-6),
        pytest.approx(low, abs=1e-6),
        pytest.approx(high, abs=1e-6),
    )
    assert found.is_off_zero
    alone = [bootstrap.intervals(sampled)["mAP",] for sampled in (one, other)]
    unpaired = sum((each.high or 0) - (each.low or 0) for each in alone)
    assert (found.high or 0) - (found.low or 0) < unpaired


def test_equal_detectors_differ_by_nothing(tmp_path: Path) -> None:
    truth, rows, _ = _scene(9, seed=3)
    path = _written(tmp_path, truth, range(1, 10))
    sampled = Matched(path, rows).sampled(bootstrap.draws(9, 50))
    found = bootstrap.differences(sampled, sampled)
    assert found["mAP",] == Interval(0.0, 0.0, 0.0)
    assert not found["mAP",].is_off_zero
    assert found["classes", "never", "mAP"] == Interval(None)


def test_a_detector_that_finds_nothing_has_figures_of_zero(tmp_path: Path) -> None:
    truth, *_ = _scene(9, seed=3)
    path = _written(tmp_path, truth, range(1, 10))
    found = bootstrap.intervals(Matched(path, []).sampled(bootstrap.draws(9, 20)))
    assert found["mAP",] == Interval(0.0, 0.0, 0.0)


def test_one_image_tells_nothing_of_others(tmp_path: Path) -> None:
    truth, rows, _ = _scene(1, seed=1)
    path = _written(tmp_path, truth, [1])
    matched = Matched(path, rows)
    found = bootstrap.intervals(matched.sampled(bootstrap.draws(1, 20)))
    assert found["mAP",].value == pytest.approx(measure(path, {"bbox": rows})["bbox"].mAP)
    assert (found["mAP",].low, found["mAP",].high) == (None, None)


def test_an_empty_data_set_has_no_figures(tmp_path: Path) -> None:
    path = _written(tmp_path, [], [])
    found = bootstrap.intervals(Matched(path, []).sampled(bootstrap.draws(0, 5)))
    assert set(found.values()) == {Interval(None)}


def test_images_may_stand_in_another_order(tmp_path: Path) -> None:
    """Two data sets that number one image differently are drawn alike."""
    truth, rows, _ = _scene(7, seed=5)
    path = _written(tmp_path, truth, range(1, 8))
    counts = bootstrap.draws(7, 10)
    there = Matched(path, rows).sampled(counts)
    turned = [[{**row, "image_id": 8 - row["image_id"]} for row in part] for part in (truth, rows)]
    other = _written(tmp_path, turned[0], range(1, 8))
    back = Matched(other, turned[1], images=range(7, 0, -1)).sampled(counts)
    assert back.draws["mAP",].tolist() == pytest.approx(there.draws["mAP",].tolist(), abs=0.02)
    assert bootstrap.differences(there, back)["mAP",].value == pytest.approx(0, abs=0.02)
