"""Another library of transforms: a plugin brings it, and nothing else knows of it."""

import ast
import json
import sys
from pathlib import Path

import pytest
from builders import REPOSITORY, write_recipe

from coco_recipe import RecipeError
from coco_recipe.running import stages

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

# quarter turns and flips by a matrix; nothing but OpenCV
PLUGIN = """
from dataclasses import dataclass, replace

from coco_recipe import StepProblem, hookimpl
from coco_recipe_pictures.backend import Effects


class Carrier:
    def __init__(self, names):
        self.names = names

    def __call__(self, picture, instances, key, *, with_matrix=False):
        import cv2
        import numpy as np

        from coco_recipe_pictures import carried
        from coco_recipe_pictures.geometry.move import Move

        moves, now = [], picture
        for name in self.names:
            height, width = now.shape[:2]
            if name == "flip":
                matrix = np.array([[-1.0, 0, width], [0, 1, 0], [0, 0, 1]])
                new = cv2.flip(now, 1)
            else:  # with the clock
                matrix = np.array([[0.0, -1, height], [1, 0, 0], [0, 0, 1]])
                new = cv2.rotate(now, cv2.ROTATE_90_CLOCKWISE)
            moves.append(Move(name, (height, width), new.shape[:2], matrix))
            now = new
        applied = tuple((name, {}) for name in self.names)
        return carried(picture, now, instances, moves, applied, with_matrix=with_matrix)


@dataclass(frozen=True)
class Builder:
    names: tuple
    needs_size: bool = False

    def carrier(self, size):
        return Carrier(self.names)


@dataclass(frozen=True)
class Pipeline:
    names: tuple

    @property
    def problems(self):
        return [
            StepProblem(("pipeline", "transforms", n), f"plain has no '{name}'")
            for n, name in enumerate(self.names)
            if name not in ("flip", "turn")
        ]

    @property
    def effects(self):
        return Effects(moves=True, mirrors="flip" in self.names, turns="turn" in self.names)

    def warps(self):
        return False

    @property
    def builder(self):
        return Builder(self.names)

    @property
    def with_plain_borders(self):
        return self

    def check_sizes(self, known):
        pass

    def canonical(self):
        return {"library": "plain", "version": "1", "transforms": list(self.names)}

    def files(self):
        return []


class Plain:
    name = "plain"
    needs = ()
    preload = ()

    def read(self, form, file, *, allow_files):
        return Pipeline(tuple(form["transforms"]))


@hookimpl
def coco_recipe_backends():
    yield Plain()
"""
WIDTH, HEIGHT = 60, 40
INPUTS = {"raw": {"annotations": "raw.json", "images": "images"}}


def _recipe(folder: Path, **pipeline: object) -> Path:
    (folder / "plain.py").write_text(PLUGIN)
    (folder / "images").mkdir()
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[8:20, 10:30] = (0, 0, 255)  # BGR: a red box of 20x12
    cv2.imwrite(str(folder / "images/a.png"), picture)
    rows = [
        {"bbox": [10, 8, 20, 12], "area": 240},
        {"bbox": [10, 8, 20, 12], "area": 120, "segmentation": [[10, 8, 30, 8, 10, 20]]},
        {"bbox": [10, 8, 20, 12], "area": 240, "keypoints": [10, 8, 2, 29, 8, 2]},
    ]
    annotations = [
        {"id": n, "image_id": 1, "category_id": 1, "iscrowd": 0, **row}
        for n, row in enumerate(rows, 1)
    ]
    data = {
        "images": [{"id": 1, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "cap", "keypoints": ["left_rim", "right_rim"]}],
    }
    step = {"id": "more", "use": "augment", "in": "raw"}
    steps = [step | {"with": {"format": "png", "pipeline": pipeline}}]
    return write_recipe(folder, steps, data, inputs=INPUTS)


def _made(folder: Path, jobs: int, **pipeline: object) -> tuple[dict[str, object], bytes]:
    planned = stages.prepare(_recipe(folder, **pipeline), plugin_files=[folder / "plain.py"])
    stages.run(planned, out=folder / "out", jobs=jobs)
    made = folder / "out/steps/more"
    (picture,) = (made / "images").glob("*.png")
    return json.loads((made / "dataset.json").read_text("utf-8")), picture.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_boxes_polygons_and_keypoints_follow_another_library(tmp_path: Path, jobs: int) -> None:
    data, picture = _made(tmp_path, jobs, library="plain", transforms=["flip", "turn"])
    (image,) = data["images"]
    assert (image["width"], image["height"]) == (HEIGHT, WIDTH)
    # flipped: x from 30 to 50; turned: x' = 40 - y, y' = x
    box, polygon, points = data["annotations"]
    assert box["bbox"] == [20, 30, 12, 20]
    assert polygon["bbox"] == [20, 30, 12, 20]
    assert np.reshape(polygon["segmentation"][0], (-1, 2)).tolist() == [
        [32, 50],
        [32, 30],
        [20, 50],
    ]
    assert points["keypoints"] == [31, 30, 2, 31, 49, 2]  # left and right have traded places
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    rows, columns = np.nonzero(pixels[:, :, 2])
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (20, 30, 32, 50)


def test_a_turn_alone_mirrors_nothing(tmp_path: Path) -> None:
    data, _ = _made(tmp_path, 1, library="plain", transforms=["turn", "turn"])
    assert [row["bbox"] for row in data["annotations"]] == [[30, 20, 20, 12]] * 3
    assert data["annotations"][2]["keypoints"] == [49, 31, 2, 30, 31, 2]


def test_what_another_library_complains_of_is_told_at_its_place(tmp_path: Path) -> None:
    recipe = _recipe(tmp_path, library="plain", transforms=["flip", "blur"])
    with pytest.raises(RecipeError, match=r"with\.pipeline\.transforms\[1\]: plain has no 'blur'"):
        stages.prepare(recipe, plugin_files=[tmp_path / "plain.py"])


@pytest.mark.parametrize("name", ["torchvision", "Albumentations"])
def test_a_library_that_no_plugin_offers_is_refused_by_name(tmp_path: Path, name: str) -> None:
    recipe = _recipe(tmp_path, library=name, transforms=[])
    said = f"pipeline says library '{name}', which no plugin offers; offered: albumentations"
    with pytest.raises(RecipeError, match=said):
        stages.prepare(recipe)


def test_no_module_that_opens_pictures_imports_a_library_of_transforms() -> None:
    """Neither at its top nor in a function; import-linter sees the packages of this project
    only.
    """
    for path in (REPOSITORY / "plugins/coco_recipe_pictures").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            libraries = {"albumentations", "torchvision", "imgaug", "kornia"}
            assert not libraries & {name.partition(".")[0] for name in names}, path


@pytest.mark.slow
def test_opening_pictures_loads_no_library_of_transforms() -> None:
    import subprocess

    code = (
        "import importlib, pkgutil, sys, coco_recipe_pictures as p\n"
        "for found in pkgutil.walk_packages(p.__path__, 'coco_recipe_pictures.'):\n"
        "    importlib.import_module(found.name)\n"
        "print(sorted(name for name in sys.modules if 'albumentations' in name))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
