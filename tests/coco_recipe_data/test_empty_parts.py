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


TWIN = """
from coco_recipe import Dataset, Port, Step, hookimpl


def twin(ctx, *, dataset):
    (ctx.workdir / "began.txt").write_text("began")
    return {"dataset": dataset}


@hookimpl
def coco_recipe_steps():
    yield Step(name="twin", run=twin, inputs={"dataset": Port(Dataset)},
               outputs={"dataset": Dataset}, writes=True)
"""


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_an_empty_part_beside_one_that_takes_long_is_told_before_it_is_made(
    verb: str, tmp_path: Path
) -> None:
    (tmp_path / "twin.py").write_text(TWIN)
    by = {"field": "part", "parts": ["train", "val"]}
    data = coco(2, [(1, 1), (2, 1)])
    for image in data["images"]:
        image["part"] = "train"
    steps = [
        _step("split", "raw", "parts", by=by, min_per_part=0),
        _step("twin", "parts.train", "long"),
        _step("reindex", "parts.val", "numbered"),
        _step("export_coco", {"train": "long", "val": "numbered"}, "out", to="data", images="none"),
    ]
    write_recipe(tmp_path, steps, data)
    done = command(verb, "recipe.yaml", "--plugin", "twin.py", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "part 'val' has no image" in done.stderr
    assert "part 'train'" not in done.stderr
    assert not list((tmp_path / "runs").glob("*/steps/*"))
