"""Each shipped step that needs no training stack keeps every promise of a step."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coco_recipe import Dataset, plugins
from coco_recipe.testing import Bench, broken_promises, coco, dataset, draw

Given = Callable[[Dataset], dict[str, Any]]


def _renamed(data: Dataset) -> Dataset:
    """Return the same pictures as another input."""
    return data.replace(home="other", folders={"other": data.folders["raw"]})


CASES: dict[str, Given] = {
    "add_segmentation": lambda data: {"dataset": data},
    "augment": lambda data: {
        "dataset": data,
        "pipeline": [{"HorizontalFlip": {"p": 0.5}}, {"GaussNoise": {"p": 1}}],
        "copies": 2,
    },
    "export_coco": lambda data: {"parts": {"train": data, "val": data}, "images": "copy"},
    "filter_annotations": lambda data: {"dataset": data, "min_area_px": 200},
    "filter_categories": lambda data: {"dataset": data, "drop": ["dog"]},
    "map_categories": lambda data: {"dataset": data, "map": {"dog": "cat"}},
    "merge": lambda data: {"datasets": (data, _renamed(data)), "same_file_name": "rename"},
    "reindex": lambda data: {"dataset": data, "images": 0, "categories": 1},
    "repair": lambda data: {"dataset": data, "area": "recompute"},
    "tile": lambda data: {"dataset": data, "slice_width": 40, "slice_height": 30},
    "split": lambda data: {"dataset": data, "folds": 3, "method": "stratified"},
}


def test_every_step_of_the_data_plugin_has_a_case() -> None:
    import coco_recipe_data

    assert {step.name for step in coco_recipe_data.coco_recipe_steps()} <= {*CASES}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_shipped_step_keeps_every_promise(name: str, tmp_path: Path) -> None:
    if name in ("augment", "tile"):
        pytest.importorskip("albumentations")
    boxes = [(n, 1 + n % 2) for n in range(1, 7)]
    data = coco(6, boxes, ending="png")
    pictures = draw(tmp_path / "pictures", data)
    given = CASES[name](dataset(data, images=pictures))
    found = plugins.find()
    bench = Bench(backends=found.backends)
    assert broken_promises(found.offers[name].step, tmp_path / "bench", bench, **given) == ()
