"""A part without images is told when the recipe is planned."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe


def _step(use: str, read: Any, name: str, /, **params: Any) -> dict[str, Any]:
    return {"id": name, "use": use, "in": read, "with": params}


@pytest.mark.parametrize(
    "steps",
    [
        [_step("filter_categories", "raw", "few", keep=["dog"], images_left_empty="drop")],
        [
            _step("filter_categories", "raw", "dogs", keep=["dog"], images_left_empty="drop"),
            _step("reindex", "dogs", "few"),
        ],
    ],
    ids=["filter", "reindexed"],
)
def test_plan_tells_a_part_that_has_no_image(steps: list[dict[str, Any]], tmp_path: Path) -> None:
    export = _step("export_coco", {"all": "raw", "val": "few"}, "out", to="data", images="none")
    write_recipe(tmp_path, [*steps, export], coco(2, [(1, 1), (2, 1)]))
    done = command("plan", "recipe.yaml", cwd=tmp_path)
    assert done.returncode != 0
    assert "step 'out' (export_coco): part 'val' has no image" in done.stderr
    assert "part 'all'" not in done.stderr


def test_a_file_without_images_stops_before_any_step(tmp_path: Path) -> None:
    export = _step("export_coco", {"all": "raw"}, "out", to="data", images="none")
    write_recipe(tmp_path, [export], coco(0, []))
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "part 'all' has no image" in done.stderr
