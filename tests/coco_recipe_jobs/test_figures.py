"""Figures: drawn for any number of classes, the same bytes each time, names that can be read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_recipe_jobs import training_table
from coco_recipe_jobs.found_and_missed import Found

pytest.importorskip("matplotlib")
from coco_recipe_jobs import figures

NAMES = figures.Names()


def _found(folder: Path, classes: int, *, boxes: bool = True) -> Found:
    rows = [
        {"id": n, "image_id": 1, "category_id": n, "bbox": [20 * n, 0, 10, 10], "area": 100}
        for n in range(1, classes + 1)
    ]
    data = {
        "images": [{"id": 1, "width": 4000, "height": 20}],
        "categories": [{"id": n, "name": f"class {n}"} for n in range(1, classes + 1)],
        "annotations": [{**row, "iscrowd": 0} for row in rows],
    }
    path = folder / "truth.json"
    path.write_text(json.dumps(data))
    keys = ("image_id", "category_id", "bbox")
    results = [
        {**{key: row[key] for key in keys}, "score": 1 / (n + 1)} for n, row in enumerate(rows)
    ]
    return Found(path, results if boxes else [])


def _pixels(path: Path) -> Any:
    from matplotlib.image import imread

    return imread(path)


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "boxes"), [(1, True), (3, True), (3, False), (40, True)])
def test_every_number_of_classes_can_be_drawn_twice_with_the_same_bytes(
    tmp_path: Path, classes: int, boxes: bool
) -> None:
    found = _found(tmp_path, classes, boxes=boxes)
    drawings: dict[str, Callable[[Path], None]] = {
        "confusion": lambda path: figures.confusion(path, found.confusion(0.5), NAMES),
        "pr": lambda path: figures.precision_recall(path, found.curves(), NAMES),
        "f1": lambda path: figures.f1(path, found.curves(), NAMES),
    }
    for name, draw in drawings.items():
        for path in (tmp_path / f"{name}.png", tmp_path / f"{name}_again.png"):
            draw(path)
        once, again = (tmp_path / f"{name}{end}.png" for end in ("", "_again"))
        assert once.read_bytes() == again.read_bytes()
        assert min(_pixels(once).shape[:2]) > 300


@pytest.mark.slow
def test_the_matrix_is_dark_where_classes_are_told_apart(tmp_path: Path) -> None:
    """A diagonal of ones: the darkest blue stands on it, and nowhere beside it."""
    figures.confusion(tmp_path / "x.png", _found(tmp_path, 12).confusion(0.0), NAMES)
    pixels = _pixels(tmp_path / "x.png")[..., :3]
    dark = np.argwhere((pixels[..., 2] > 0.3) & (pixels[..., 0] < 0.1) & (pixels[..., 1] < 0.3))
    slope = np.polyfit(dark[:, 1], dark[:, 0], 1)[0]
    assert len(dark) > 5000
    assert slope == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_a_training_without_val_and_one_of_a_single_iteration_have_curves(tmp_path: Path) -> None:
    lines = [{"epoch": 1, "iter": n, "lr": 0.1, "loss": 1 / n, "loss_cls": 0.5 / n} for n in (1, 2)]
    for rows in (lines, lines[:1], []):
        path = tmp_path / f"{len(rows)}.png"
        figures.training(path, rows, training_table.by_epoch(rows))
        assert _pixels(path).shape[1] > 1000


def test_a_name_that_can_not_be_written_has_its_number_and_a_long_one_is_cut() -> None:
    names = figures.Names(None, frozenset("瓶盖"))
    assert names.shown("瓶盖", 3) == "#3"
    assert names.shown("cap", 3) == "cap"
    assert names.shown("price in $", 1) == r"price in \$"
    assert len(names.shown("a" * 60, 1)) == 25
    names = figures.Names()
    assert len({names.shown("饮料瓶" * 20 + str(n), 1) for n in range(60)}) == 60


@pytest.mark.slow
@pytest.mark.parametrize("draw", [figures.precision_recall, figures.f1])
def test_a_figure_of_no_box_says_so(
    draw: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        figures,
        "_save",
        lambda figure, path: said.extend(text.get_text() for text in figure.axes[0].texts),
    )
    for boxes in (True, False):
        draw(tmp_path / "x.png", _found(tmp_path, 3, boxes=boxes).curves(), NAMES)
    assert said == ["no box was found"]


@pytest.mark.parametrize("epochs", [[2], [1, 2], [1, 2, 3]])
def test_no_part_of_an_epoch_is_named_under_a_curve(epochs: list[int]) -> None:
    from matplotlib.figure import Figure

    panel = Figure().add_subplot()
    rows = [{"epoch": epoch, "bbox_mAP": 0.1 * epoch} for epoch in epochs]
    figures._curves(panel, rows, ["bbox_mAP"], "on val", by="epoch")
    low, high = panel.get_xlim()
    shown = [place for place in panel.get_xticks() if low <= place <= high]
    assert shown
    assert all(place == round(place) for place in shown)
