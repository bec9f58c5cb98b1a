"""A library of transforms for ``augment``: flips, by OpenCV alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from coco_recipe_pictures import carried
from coco_recipe_pictures.backend import Builder, Effects, Pipeline
from coco_recipe_pictures.geometry.move import Move

from coco_recipe import StepProblem, hookimpl

AXES = {"flip_x": 1, "flip_y": 0}  # as cv2.flip numbers them


@dataclass(frozen=True)
class Flips(Pipeline, Builder):
    """A pipeline of flips, which also makes what carries pictures through it."""

    names: tuple[str, ...]
    effects = Effects(moves=True, mirrors=True, turns=True)
    builder = property(lambda self: self)

    @property
    def problems(self) -> list[StepProblem]:
        wrong = [(n, name) for n, name in enumerate(self.names) if name not in AXES]
        return [StepProblem(("pipeline", "transforms", n), f"no '{name}'") for n, name in wrong]

    def canonical(self) -> dict[str, Any]:
        return {"library": "plain", "version": cv2.__version__, "transforms": list(self.names)}

    def carrier(self, size: Any) -> Any:
        return self

    def __call__(self, picture: Any, instances: Any, key: int, *, with_matrix: bool = False) -> Any:
        now, moves, (height, width) = picture, [], picture.shape[:2]
        rows = {"flip_x": ([-1.0, 0, width], [0, 1, 0]), "flip_y": ([1.0, 0, 0], [0, -1, height])}
        for name in self.names:
            now = cv2.flip(now, AXES[name])
            matrix = np.array([*rows[name], [0, 0, 1]])  # from pixels before to pixels after
            moves.append(Move(name, (height, width), (height, width), matrix))
        applied = tuple((name, {}) for name in self.names)
        return carried(picture, now, instances, moves, applied, with_matrix=with_matrix)


class Library:
    """What a pipeline with ``library: plain`` is read by."""

    name, needs, preload = "plain", (), ("cv2",)

    def read(self, form: Any, file: Any, *, allow_files: bool) -> Flips:
        return Flips(tuple(form["transforms"]))


@hookimpl
def coco_recipe_backends() -> Iterator[Library]:
    yield Library()
