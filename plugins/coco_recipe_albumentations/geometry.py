"""A picture and its annotations through a pipeline: what is left of each, derived once, from its own geometry, at the end."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coco_recipe_albumentations.carry import Figure, Path
    from coco_recipe_albumentations.moves import Fired

Box = tuple[float, float, float, float]
LOOK_AT_BOXES = {"BBoxSafeRandomCrop", "AtLeastOneBBoxRandomCrop", "ConstrainedCoarseDropout"}  # without declaring it
LISTED = 64  # sampled arrays of up to so many numbers stand in the record, larger ones by their hash


@dataclass(frozen=True, slots=True)
class Instance:
    """One annotation's geometry in the source picture, in pixels.

    Attributes:
        bbox: x, y, width, height.
        segmentation: polygons, or run lengths ``{"size": [h, w], "counts": "string" or [runs]}``.
        keypoints: x, y, v for each; x and y count from the middle of the first pixel, as COCO's do.
        swap: keypoints (counted from 0) that trade places when the picture is mirrored.
    """

    bbox: Box | None
    segmentation: list[list[float]] | dict[str, Any] | None
    keypoints: tuple[float, ...] | None
    swap: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """What is left of an instance in the new picture; ``visibility`` is the share of the original one, 0 to 1."""

    visibility: float
    bbox: Box | None
    area: float
    segmentation: list[list[float]] | dict[str, Any] | None
    keypoints: tuple[float, ...] | None
    num_keypoints: int | None


@dataclass(frozen=True, slots=True)
class Carried:
    """The new picture (uint8, (H, W, 3), RGB), what is left of each instance, and the transforms that fired, JSON-safe."""

    picture: "NDArray[np.uint8]"
    moved: tuple[Moved, ...]
    applied: tuple[tuple[str, dict[str, Any]], ...]


class Carrier:
    """A pipeline that is built once and carries any number of pictures."""

    def __init__(self, transforms: Sequence[Any]) -> None:
        """Build the pipeline.

        Args:
            transforms: Albumentations transforms; each gives a note to this carrier when it is applied.

        Raises:
            ValueError: a transform can't be followed; names it and says why.
        """
        import albumentations as A

        from coco_recipe_albumentations import moves

        found = list(moves.leaves(transforms))
        self._fired: list[Fired] = []
        for leaf in {id(leaf): leaf for leaf in found}.values():
            _note(leaf, self._fired)
        self._wants_boxes = any(_wants_boxes(leaf) for leaf in found)
        boxes = A.BboxParams(format="coco", min_area=0, min_visibility=0) if self._wants_boxes else None
        self._compose = A.Compose(list(transforms), bbox_params=boxes)

    def __call__(self, picture: "NDArray[np.uint8]", instances: Sequence[Instance], key: int) -> Carried:
        """Carry one picture; the same key gives the same result.

        Args:
            picture: uint8 (H, W, 3), RGB. Where nothing fires, the result's picture is this very array.
            instances: the geometry of its annotations.
            key: seed of everything that is drawn.

        Raises:
            ValueError: a segmentation that is none (too few numbers, runs that don't fill the picture); the library's own.
        """
        import numpy as np

        from coco_recipe_albumentations import carry, shapes

        size = (picture.shape[0], picture.shape[1])
        figures = [shapes.figure_of(instance.bbox, instance.segmentation, size) for instance in instances]
        self._fired.clear()
        self._compose.set_random_state(np.random.default_rng(key), random.Random(key))
        data: dict[str, Any] = {"image": picture}
        if self._wants_boxes:
            data["bboxes"] = _clean(instances, size)
        made = self._compose(**data)["image"]
        path = carry.path_of(self._fired, size)
        applied = tuple((type(one.transform).__name__, _safe(one.params)) for one in self._fired)
        self._fired.clear()
        after = carry.carried([figure for figure in figures if figure], path)
        left = iter(after)
        moved = tuple(_moved(instance, next(left) if figure else None, path, size, (made.shape[0], made.shape[1]))
                      for instance, figure in zip(instances, figures, strict=True))
        return Carried(made, moved, applied)


def _note(leaf: Any, fired: "list[Fired]") -> None:
    """Have a transform leave a note when it is applied; the library's own record leaves some nested ones out."""
    from coco_recipe_albumentations.moves import Fired

    apply = leaf.apply_with_params

    def apply_and_note(params: dict[str, Any], *args: Any, **data: Any) -> Any:
        made = apply(params, *args, **data)
        fired.append(Fired(leaf, dict(params), data["image"].shape[:2], made["image"].shape[:2]))
        return made

    leaf.apply_with_params = apply_and_note


def _wants_boxes(leaf: Any) -> bool:
    bases = {base.__name__ for base in type(leaf).__mro__}
    return "bboxes" in leaf.targets_as_params or bool(bases & LOOK_AT_BOXES)


def _clean(instances: Sequence[Instance], size: tuple[int, int]) -> "NDArray[np.float64]":
    """Return boxes for the transforms that look at them, inside the picture and not empty; what becomes of them is not used."""
    import numpy as np

    height, width = size
    boxes = np.array([one.bbox for one in instances if one.bbox], dtype=np.float64).reshape(-1, 4)
    low = np.clip(boxes[:, :2], 0, (width, height))
    high = np.clip(boxes[:, :2] + boxes[:, 2:], 0, (width, height))
    return np.concatenate([low, high - low], axis=1)[((high - low) > 0.01).all(axis=1)]


def _moved(instance: Instance, figure: "Figure | None", path: "Path", before: tuple[int, int], after: tuple[int, int]) -> Moved:
    from coco_recipe_albumentations import carry, shapes

    still = carry.is_still(path)
    if still or (figure and figure.same and (figure.kind != "rle" or before == after)):
        box, segmentation = instance.bbox, instance.segmentation
        area = shapes.area_of(box, segmentation)
        if figure and box is None:
            box = shapes.finished(figure, after, rectangle=False)[0]
    elif figure:
        rectangle = figure.kind == "box" and shapes.is_rectangle(instance.bbox, instance.segmentation)
        box, area, segmentation = shapes.finished(figure, after, rectangle=rectangle)
    else:
        box, area, segmentation = None, 0.0, None
    keypoints = instance.keypoints if still or not instance.keypoints else shapes.moved_keypoints(
        instance.keypoints, instance.swap, path, before, after)
    count = sum(v > 0 for v in keypoints[2::3]) if keypoints else None
    if figure and (box is None or figure.share <= 0):
        return Moved(0.0, None, 0.0, None, None, 0 if instance.keypoints else None)
    share = figure.share if figure else _share_of_points(instance, count)
    return Moved(min(max(share, 0.0), 1.0), box, area, segmentation, keypoints, count)


def _share_of_points(instance: Instance, count: int | None) -> float:
    """Return the visibility of an instance that has neither box nor segmentation."""
    labelled = sum(v > 0 for v in instance.keypoints[2::3]) if instance.keypoints else 0
    return (count or 0) / labelled if labelled else 1.0


def _safe(value: Any) -> Any:
    """Return a sampled parameter as JSON can hold it; of a large array its shape, dtype and SHA-256."""
    import math

    import numpy as np

    if isinstance(value, np.ndarray):
        if value.size <= LISTED:
            return _safe(value.tolist())
        digest = hashlib.sha256(np.ascontiguousarray(value).data).hexdigest()
        return {"shape": list(value.shape), "dtype": str(value.dtype), "sha256": digest}
    if isinstance(value, np.generic):
        return _safe(value.item())
    if isinstance(value, Mapping):
        return {str(key): _safe(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
