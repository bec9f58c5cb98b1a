"""The shipped recipes that train: planned here with drawn pictures; benchmarks/train.py runs the small one."""

import json
import shutil
from pathlib import Path

import pytest
from builders import REPOSITORY, command
from conftest import Shapes


@pytest.fixture(scope="module")
def clone(shapes: Shapes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return recipes and configs beside drawn pictures, as a clone has them."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(REPOSITORY / "recipes", folder / "recipes")
    assert command("demo", folder / "data/demo", "--images", "40", cwd=folder).returncode == 0
    (folder / "data/weights").mkdir()
    for name in ("cascade_rcnn_r50_fpn_1x_coco", "cascade_rcnn_r50_fpn_dconv_c3-c5_1x_coco"):
        (folder / f"data/weights/{name}.pth").write_bytes(b"opened only when the step runs")
    return folder


@pytest.mark.parametrize(("recipe", "steps"), [
    ("bottle_caps_small.yaml", ["pretrained", "adapted", "fit", "averaged", "score"]),
    ("bottle_caps.yaml", ["plain_head", "dconv_head", "plain", "dconv", "plain_average", "dconv_average", "score_plain",
                          "score_dconv"])])
def test_the_whole_chain_is_planned(clone: Path, recipe: str, steps: list[str]) -> None:
    done = command("plan", clone / "recipes" / recipe, "--set", "vars.root=../data/demo", "--format", "json", cwd=clone)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    data = ["clean", "numbered", "parts", "more", "train_set", "train_masks", "val_masks"]
    assert [row["step"] for row in rows] == data + steps
    assert all(row["runs"] for row in rows)


def test_a_head_for_other_classes_is_found_when_planning(clone: Path) -> None:
    text = (clone / "recipes/bottle_caps_small.yaml").read_text("utf-8")
    wrong = clone / "recipes/wrong.yaml"
    wrong.write_text(text.replace("checkpoint: adapted}", "checkpoint: pretrained}"), "utf-8")
    done = command("plan", wrong, cwd=clone)
    assert done.returncode == 2
    assert "step 'fit' (train): 'checkpoint' has not the training set's 瓶盖破损" in done.stderr
    assert "adapt_head fits a checkpoint's head" in done.stderr
