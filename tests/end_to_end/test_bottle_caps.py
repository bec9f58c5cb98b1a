"""The shipped recipes that train: planned here with drawn pictures; benchmarks/train.py runs the
small one.
"""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from builders import REPOSITORY, command
from training import Shapes

WEIGHTS = b"opened only when the step runs"


@pytest.fixture(scope="module")
def clone(shapes: Shapes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return recipes and configs beside drawn pictures, as a clone has them."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(REPOSITORY / "recipes", folder / "recipes")
    assert command("demo", folder / "data/caps", "--images", "40", cwd=folder).returncode == 0
    (folder / "data/weights").mkdir()
    name = "cascade_rcnn_r50_fpn_1x_coco_20200316-3dc56deb.pth"
    (folder / "data/weights" / name).write_bytes(WEIGHTS)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "steps"),
    [
        ("bottle_caps_small.yaml", ["pretrained", "adapted", "fit", "averaged", "score"]),
        (
            "bottle_caps.yaml",
            [
                "plain_head",
                "plain",
                "dconv",
                "plain_average",
                "dconv_average",
                "score_plain",
                "score_dconv",
            ],
        ),
    ],
)
def test_the_whole_chain_is_planned(clone: Path, recipe: str, steps: list[str]) -> None:
    whole = recipe == "bottle_caps.yaml"
    ours = [f"inputs.coco_plain.sha256={hashlib.sha256(WEIGHTS).hexdigest()}"] * whole
    given = [word for value in ("vars.root=../data/caps", *ours) for word in ("--set", value)]
    done = command("plan", clone / "recipes" / recipe, *given, "--format", "json", cwd=clone)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    data = ["clean", "numbered", "parts", "more", "train_set", "train_masks", "val_masks"]
    assert [row["step"] for row in rows] == data + steps
    assert all(row["runs"] for row in rows)


def test_weights_that_are_not_the_model_zoos_are_refused(clone: Path) -> None:
    done = command(
        "plan", clone / "recipes/bottle_caps.yaml", "--set", "vars.root=../data/caps", cwd=clone
    )
    assert done.returncode == 2
    assert "inputs.coco_plain.sha256: the SHA-256 of " in done.stderr


def test_more_epochs_than_are_trained_cannot_be_averaged(clone: Path) -> None:
    wrong = ("--set", "steps.averaged.with.last=13")
    done = command("plan", clone / "recipes/bottle_caps_small.yaml", *wrong, cwd=clone)
    assert done.returncode == 2
    assert (
        "step 'averaged' (average_weights): 13 checkpoints are asked for, there are 12"
        in done.stderr
    )


def test_a_head_for_other_classes_is_found_when_planning(clone: Path) -> None:
    text = (clone / "recipes/bottle_caps_small.yaml").read_text("utf-8")
    wrong = clone / "recipes/wrong.yaml"
    wrong.write_text(text.replace("checkpoint: adapted}", "checkpoint: pretrained}"), "utf-8")
    done = command("plan", wrong, cwd=clone)
    assert done.returncode == 2
    assert "step 'fit' (train): 'checkpoint' has not the training set's 瓶盖破损" in done.stderr
    assert "adapt_head fits a checkpoint's head" in done.stderr
