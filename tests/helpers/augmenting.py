"""A folder with a data set, its pictures and a recipe of one augmentation."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, recorded, write_recipe

from coco_recipe import manifest
from coco_recipe.running import stages

cv2 = pytest.importorskip("cv2")
np = pytest.importorskip("numpy")


def draw(folder: Path, data: dict[str, Any]) -> None:
    """Draw the pictures of a data set: black, with a white rectangle at (1, 2, 10, 10)."""
    for row in data["images"]:
        picture = np.zeros((row["height"], row["width"], 3), np.uint8)
        picture[2:12, 1:11] = 255
        path = folder / "images" / row["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


class Bench:
    """A folder with a data set and a recipe of one augmentation; ``out`` is its run directory.

    ``findings`` is what the recipe chooses; with ``UNOPENED`` a picture that is none lets the step
    begin.
    """

    def __init__(self, folder: Path, data: dict[str, Any] | None = None) -> None:
        self.folder, self.out = folder, folder / "out"
        self.data = data or coco(2, [(1, 1), (2, 2)])
        self.findings: dict[str, str] = {}
        draw(folder, self.data)

    def run(self, pipeline: Any, **params: Any) -> dict[str, Any]:
        """Run; return the new annotations."""
        step = {
            "id": "more",
            "use": "augment",
            "in": "raw",
            "with": {"pipeline": pipeline, "format": "png"} | params,
        }
        path = write_recipe(
            self.folder,
            [step],
            self.data,
            findings=self.findings,
            inputs={"raw": {"annotations": "raw.json", "images": "images"}},
        )
        stages.run(stages.prepare(path), out=self.out)
        found: dict[str, Any] = json.loads((self.step / "dataset.json").read_text("utf-8"))
        return found

    @property
    def step(self) -> Path:
        return self.out / "steps/more"

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.step / name).read_text("utf-8").splitlines()]

    def record(self) -> manifest.StepRecord:
        return recorded(self.step)

    def made_now(self) -> int:
        return int(self.record().clock.this_run["images made"])

    def stamps(self) -> dict[str, int]:
        """Return the inode of each new image: it tells whether the file is the same one as
        before.
        """
        return {
            path.name: path.stat().st_ino
            for path in (self.step / "images").rglob("*")
            if path.is_file()
        }
