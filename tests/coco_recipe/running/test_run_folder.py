"""A run directory is the recipe's own, and lies in no input."""

from pathlib import Path

import pytest
from builders import coco, write_recipe

from coco_recipe.errors import RunError
from coco_recipe.running import stages

CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN], coco())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    with pytest.raises(RunError, match="is not empty and was not made by coco-recipe"):
        stages.run(stages.prepare(path), out=tmp_path / "mine")
    with pytest.raises(RunError, match="lie in one another"):
        stages.run(
            stages.prepare(
                write_recipe(
                    tmp_path, [CLEAN], inputs={"raw": {"annotations": "raw.json", "images": "mine"}}
                )
            ),
            out=tmp_path / "mine/out",
        )
