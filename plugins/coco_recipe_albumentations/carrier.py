"""Send a picture with its annotations through a pipeline of Albumentations.

The library moves the pixels. What it did to places is read off the parameters of the transforms
that fired.
"""

import hashlib
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from coco_recipe_pictures.geometry.carried import Carried, boxes_left, carried
from coco_recipe_pictures.geometry.hiding import Picture
from coco_recipe_pictures.geometry.instance import Instance
from coco_recipe_pictures.geometry.move import Move, Size

from coco_recipe_albumentations.covers import hidden_by
from coco_recipe_albumentations.library import albumentations
from coco_recipe_albumentations.moves import Fired, leaves, move_of

MOST_NUMBERS = 64


class Carrier:
    """A pipeline that takes annotations along.

    Args:
        transforms: Albumentations transforms.

    Raises:
        ValueError: one of them can't be followed; names it.
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        self.instances: Sequence[Instance] = ()
        self.size: Size = (0, 0)
        self.moves: list[Move] = []
        self.applied: list[tuple[str, dict[str, Any]]] = []
        for leaf in {
            id(leaf): leaf for leaf in leaves(transforms)
        }.values():  # one that stands there twice is heard once
            self._listen(leaf)
            if any("BBox" in base.__name__ for base in type(leaf).__mro__):
                self._show_boxes(leaf)
        self.compose = albumentations().Compose(list(transforms))

    def _listen(self, leaf: Any) -> None:
        """Take down each call of a transform that fires, inside OneOf and the like too."""
        apply = leaf.apply_with_params

        def listened(params: dict[str, Any], *args: Any, **data: Any) -> Any:
            before = data["image"]
            result = apply(params, *args, **data)
            after, hidden = result["image"], None
            if self.instances:
                hidden = hidden_by(
                    type(leaf).__name__,
                    params,
                    before,
                    after,
                    lambda picture: apply(params, image=picture)["image"],
                )
            fired = Fired(leaf, params, before.shape[:2], after.shape[:2])
            self.moves.append(move_of(fired, hidden))
            self.applied.append((type(leaf).__name__, params))
            return result

        leaf.apply_with_params = listened

    def _show_boxes(self, leaf: Any) -> None:
        """Let a transform that looks at boxes see them where they are by now.

        The library's own would be hulls of hulls.
        """
        ask = leaf.get_params_dependent_on_data

        def asked(params: dict[str, Any], data: dict[str, Any]) -> Any:
            size = data["image"].shape[:2]
            return ask(
                params, {**data, "bboxes": boxes_left(self.instances, self.moves, self.size, size)}
            )

        leaf.get_params_dependent_on_data = asked

    def __call__(
        self,
        picture: Picture,
        instances: Sequence[Instance],
        key: int,
        *,
        with_matrix: bool = False,
    ) -> Carried:
        """Send one picture through the pipeline.

        Args:
            picture: uint8 (H, W, 3), RGB.
            instances: its annotations; boxes and polygons are finite numbers.
            key: all randomness of this call depends on it, and on nothing else.
            with_matrix: return the matrix of the whole pipeline; each transform must have one.

        Raises:
            ValueError: a segmentation isn't what it should be.
        """
        self.moves, self.applied = [], []
        self.compose.set_random_state(np.random.default_rng(key), random.Random(key))
        self.instances, self.size = instances, (picture.shape[0], picture.shape[1])
        result = self.compose(image=picture)["image"]
        applied = tuple((name, _plain(params)) for name, params in self.applied)
        return carried(picture, result, instances, self.moves, applied, with_matrix=with_matrix)


def _plain(value: Any) -> Any:
    """Return a parameter as JSON has it; a large array as its shape, type and hash."""
    if isinstance(value, np.ndarray):
        if value.size <= MOST_NUMBERS:
            return value.tolist()
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"shape": list(value.shape), "dtype": str(value.dtype), "sha256": digest}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(name): _plain(child) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
