"""One small training that the tests of this folder share: three shapes on 96 px, three epochs, and
all that follows.
"""

import importlib.util
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builders import REPOSITORY, command, recorded
from filelock import FileLock

from coco_recipe.manifest import StepRecord

TINY: dict[str, Any] = {
    "train_pipeline.2.scale": [96, 96],
    "test_pipeline.1.scale": [96, 96],
    "model.test_cfg.score_thr": 0.001,
    "model.neck.out_channels": 64,
    "model.bbox_head": {"in_channels": 64, "feat_channels": 64, "stacked_convs": 1},
}
CONFIG = REPOSITORY / "recipes/configs/retinanet_r18_small.py"
CPU = {"device": "cpu", "workers": 0}


@dataclass(frozen=True)
class Shapes:
    """A folder with drawn data sets ``train`` and ``val`` and the small config; recipes are written
    beside them.
    """

    folder: Path

    def recipe(self, name: str, steps: Sequence[Mapping[str, Any]], **inputs: Any) -> Path:
        """Write a recipe of these steps."""
        given = {
            part: {"annotations": f"{part}/annotations.json", "images": f"{part}/images"}
            for part in ("train", "val")
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(
            json.dumps(
                {
                    "coco_recipe": 1,
                    "name": name,
                    "seed": 1,
                    "inputs": given | inputs,
                    "steps": list(steps),
                },
                ensure_ascii=False,
            )
        )
        return path

    def run(self, name: str, steps: Sequence[Mapping[str, Any]], **inputs: Any) -> Path:
        """Run a recipe of these steps, and return the folder of the steps."""
        done = command("run", self.recipe(name, steps, **inputs), cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return self.folder / "runs" / name / "steps"

    def fails(self, name: str, steps: Sequence[Mapping[str, Any]], **inputs: Any) -> str:
        """Run a recipe that must fail, and return what it says."""
        done = command("run", self.recipe(name, steps, **inputs), cwd=self.folder)
        assert done.returncode in (1, 2), done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr


def train_step(**with_: Any) -> dict[str, Any]:
    """Return a step that trains the small detector on the CPU."""
    return {
        "id": "fit",
        "use": "train",
        "in": {"train": "train", "val": "val"},
        "with": {"config": "small.py", "seed": 0, "epochs": 3, "set": TINY, **CPU, **with_},
    }


ALL_STEPS = [
    train_step(),
    {
        "id": "score",
        "use": "evaluate",
        "in": {"checkpoints": ["fit.checkpoints", "fit.best"], "dataset": "val"},
        "with": CPU,
    },
    {
        "id": "averaged",
        "use": "average_weights",
        "in": "fit.checkpoints",
        "with": {"last": 2},
    },
    {
        "id": "score_average",
        "use": "evaluate",
        "in": {"checkpoints": "averaged", "dataset": "val"},
        "with": CPU,
    },
    {
        "id": "guess",
        "use": "predict",
        "in": {"checkpoint": "fit.checkpoint"},
        "with": {"folder": "val/images", "draw": 5, **CPU},
    },
    {
        "id": "soup",
        "use": "greedy_soup",
        "in": {"checkpoints": "fit.checkpoints", "dataset": "val"},
        "with": CPU,
    },
    {
        "id": "renormed",
        "use": "recompute_batch_norm",
        "in": {"checkpoint": "fit.checkpoint", "dataset": "train"},
        "with": {"batch_size": 16, **CPU},
    },
]


def provenance(steps: Path, step: str) -> StepRecord:
    """Return a step's record."""
    return recorded(steps / step)


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    """Draw the data."""
    if importlib.util.find_spec("mmdet") is None:
        pytest.skip("the training stack is not installed: make test does it")
    return _drawn(tmp_path_factory.mktemp("shapes"))


def _drawn(folder: Path) -> Shapes:
    from shapes import draw

    draw(folder / "train", 40, 1, side=96)
    draw(folder / "val", 12, 2, side=96)
    (folder / "small.py").write_text(CONFIG.read_text())
    return Shapes(folder)


@pytest.fixture(scope="session")
def trained(shapes: Shapes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train once, and do all that can be done with the checkpoints; return the folder of the steps.

    The first of pytest's processes does it, for all; they only read it.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    with FileLock(f"{place}.lock"):
        if not (place / "runs/trained/steps" / ALL_STEPS[-1]["id"] / "manifest.json").exists():
            shutil.rmtree(place, ignore_errors=True)  # what another process began and didn't end
            return _drawn(place).run("trained", ALL_STEPS)
    return place / "runs/trained/steps"
