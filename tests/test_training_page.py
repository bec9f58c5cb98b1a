"""The page of training has a recipe that validates, and names every step and every file."""

import json
import re
from pathlib import Path

import pytest
from builders import REPOSITORY, coco, command

from coco_recipe import plugins

PAGE = REPOSITORY / "docs/training.md"


def test_the_recipe_of_the_page_validates(tmp_path: Path) -> None:
    pytest.importorskip("mmdet")
    import torch

    text = PAGE.read_text("utf-8")
    [recipe] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    for name in ("learn", "hold"):
        (tmp_path / f"{name}.json").write_text(json.dumps(coco()))
        (tmp_path / name).mkdir()
    (tmp_path / "weights").mkdir()
    torch.save({"state_dict": {}}, tmp_path / "weights/coco.pth")
    (tmp_path / "recipe.yaml").write_text(recipe)
    done = command("validate", tmp_path / "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_page_has_a_row_for_each_step_of_checkpoints() -> None:
    text = PAGE.read_text("utf-8")
    offers = plugins.find().offers.values()
    packages = ("coco_recipe_mmdet", "coco_recipe_torch")
    ours = [o.step.name for o in offers if o.step.run.__module__.startswith(packages)]
    assert len(ours) == 9
    assert [name for name in ours if f"\n| `{name}` |" not in text] == []
