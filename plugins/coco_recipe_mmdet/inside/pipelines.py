"""Change what pictures go through before a model sees them: their size, and their augmentation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside import timed_parts
from coco_recipe_mmdet.inside.settings import Changes, Place, Tree, get, mappings

Pair: TypeAlias = tuple[int, int]  # width and height in pixels
SIZE = "with: {image_size: ...}"
PLAIN = "with: {augmentation: off} leaves out what is random"
# joins what is found on the several looks at a picture; the threshold of mmdet's own configs
TTA_MODEL: Tree = {
    "type": "DetTTAModel",
    "tta_cfg": {"nms": {"type": "nms", "iou_threshold": 0.5}, "max_per_img": 100},
}
_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
_SIZES = ("scale", "scales", "size", "crop_size")  # what a transform makes a picture
_PIXELS = (*_SIZES, "img_scale", "border")  # all that grows with the pictures
# what draws lots, by the start or the end of a transform's name
_RANDOM = (
    "Random",
    "Albu",
    "AutoAugment",
    "AutoContrast",
    "Brightness",
    "Color",
    "Contrast",
    "CopyPaste",
    "Corrupt",
    "CutOut",
    "Equalize",
    "Expand",
    "GeomTransform",
    "ImageAug",
    "InstaBoost",
    "Invert",
    "MinIoURandomCrop",
    "PhotoMetricDistortion",
    "Posterize",
    "RandAugment",
    "Rotate",
    "Sharpness",
    "Shear",
    "Solarize",
    "Translate",
    "TrivialAugment",
    "YOLOXHSVRandomAug",
)
_RANDOM_ENDS = ("Mosaic", "MixUp")
_NEEDED = ("RandomSamplingNegPos",)  # writes the text that a model of text and pictures reads
_RESIZING = ("Resize", "FixShapeResize", "FixScaleResize", "ResizeShortestEdge")


def without_augmentation(changes: Changes) -> None:
    """Leave out of the training pipelines what is random.

    Where a size was drawn, pictures get the largest of them.
    """
    tree = changes.tree
    for place, pipeline in _pipelines(tree, "train_dataloader"):
        kept = [step for step in pipeline if not _is_random(step)]
        size = _largest(pipeline)
        if size and not any(_kind(step) in _RESIZING for step in kept):
            first = sum(_kind(step).startswith("Load") for step in kept)
            kept.insert(first, {"type": "Resize", "scale": size, "keep_ratio": True})
        changes.set(place, kept, because=PLAIN)
    hooks = tree.get(timed_parts.HOOKS) or []
    left = [hook for hook in hooks if "switch_pipeline" not in hook]
    if len(left) < len(hooks):  # it would bring the random back
        changes.set(timed_parts.HOOKS, left, because=PLAIN)
    batches = get(tree, ("model", "data_preprocessor", "batch_augments")) or []
    if steady := [part for part in batches if "Random" in _kind(part)]:
        found = [part for part in batches if part not in steady]
        changes.set("model.data_preprocessor.batch_augments", found or None, because=PLAIN)


def resize(changes: Changes, wanted: int | Sequence[int]) -> None:
    """Let the model see pictures of another size, in training and in tests.

    The size of a pipeline is that of the last of its transforms that makes one, the largest where
    it draws one of several. All pixels in the pipeline grow or shrink with it, so that a range of
    sizes keeps its breadth, and a mosaic its proportion.

    Args:
        changes: the config.
        wanted: width and height in pixels, or one number for both.

    Raises:
        StepProblems: the model is built for one size, or no pipeline has one.
    """
    tree = changes.tree
    new = (wanted, wanted) if isinstance(wanted, int) else (int(wanted[0]), int(wanted[1]))
    for place, node in mappings(tree["model"], ("model",)):
        if "input_size" in node:
            what = f"the model is built for pictures of {node['input_size']} px"
            hint = f"{'.'.join(place)}.input_size says it: take a config for another size"
            raise StepProblems([StepProblem(("image_size",), what, hint)])
    found: dict[str, Pair] = {}
    for name in _LOADERS:
        for place, pipeline in _pipelines(tree, name, *_switched(tree, name)):
            if old := _largest(pipeline) or found.get(name):
                found[name] = old
                _scale(changes, place, pipeline, old, new)
    if not found:
        what = "the config's pipelines give pictures no size"
        raise StepProblems([StepProblem(("image_size",), what, "set says what to change")])
    _scale_batches(changes, next(iter(found.values())), new)


def look_several_times(changes: Changes, loader: str) -> None:
    """Let a loader for tests give each picture several times.

    The config's ``tta_pipeline`` says how; without one, as it is and mirrored.

    Args:
        changes: the config.
        loader: the name of the data loader.
    """
    own = changes.tree.get("tta_pipeline")
    for place, pipeline in _pipelines(changes.tree, loader):
        changes.set(place, own or _twice(pipeline), because="with: {tta: ...}")


def _twice(pipeline: list[Tree]) -> list[Tree]:
    """Return a pipeline that gives a picture as it is, and mirrored."""
    loads = [step for step in pipeline if _kind(step) == "LoadImageFromFile"]
    rest = [step for step in pipeline if not _kind(step).startswith("Load")]
    pack = rest[-1]
    keys = (*pack.get("meta_keys", ()), "flip", "flip_direction")
    mirrors = [{"type": "RandomFlip", "prob": prob} for prob in (0.0, 1.0)]
    before = [step for step in rest[:-1] if _kind(step) != "Pad"]
    after = [step for step in rest[:-1] if _kind(step) == "Pad"]
    steps = [*([step] for step in before), mirrors, *([step] for step in after)]
    return [
        *loads,
        {"type": "TestTimeAug", "transforms": [*steps, [{**pack, "meta_keys": keys}]]},
    ]


def _pipelines(tree: Tree, *roots: str | Place) -> Iterator[tuple[Place, list[Tree]]]:
    """Yield the pipelines below some places, the one that comes last to a picture first."""
    for root in roots:
        start = (root,) if isinstance(root, str) else root
        node = get(tree, start)
        if isinstance(node, list):
            yield start, node
        for place, child in mappings(node, start):
            if isinstance(pipeline := child.get("pipeline"), list):
                yield (*place, "pipeline"), pipeline


def _switched(tree: Tree, loader: str) -> list[Place]:
    """Return where pipelines stand that hooks switch to while the model is trained."""
    if loader != "train_dataloader":
        return []
    hooks = timed_parts.hooks(tree)
    return [(*place, "switch_pipeline") for place, hook in hooks if "switch_pipeline" in hook]


def _scale(changes: Changes, place: Place, pipeline: list[Tree], old: Pair, new: Pair) -> None:
    """Scale all pixels in a pipeline from one size of its pictures to another."""
    fx, fy = new[0] / old[0], new[1] / old[1]
    for path, node in mappings(pipeline, place):
        # a range of sides is no width and height: it keeps its proportion
        is_range = node.get("crop_type") == "absolute_range"
        factors = (min(fx, fy),) * 2 if is_range else (fx, fy)
        for key in _PIXELS:
            if (value := node.get(key)) is not None:
                scaled = _scaled(value, factors)
                changes.set((*path, key), scaled, because=SIZE)
        if _kind(node) == "FixShapeResize":
            for key, side in zip(("width", "height"), new, strict=True):
                changes.set((*path, key), side, because=SIZE)


def _scale_batches(changes: Changes, old: Pair, new: Pair) -> None:
    """Scale what the preprocessor makes of a batch."""
    factor = min(new[0] / old[0], new[1] / old[1])
    root = ("model", "data_preprocessor")
    for path, node in mappings(get(changes.tree, root), root):
        if sides := node.get("random_size_range"):
            step = node.get("size_divisor", 32)
            scaled = tuple(max(step, round(side * factor / step) * step) for side in sides)
            changes.set((*path, "random_size_range"), scaled, because=SIZE)
        if _kind(node) == "BatchFixedSizePad":  # height first
            changes.set((*path, "size"), (new[1], new[0]), because=SIZE)
        elif _kind(node) == "BatchResize" and node.get("scale"):
            changes.set((*path, "scale"), new, because=SIZE)


def _largest(pipeline: Sequence[Tree]) -> Pair | None:
    """Return the size that a pipeline gives its pictures; None where it leaves them as they are."""
    for step in reversed(pipeline):
        sizes = [pair for _, node in mappings(step, ()) for pair in _sizes(node)]
        if sizes:
            return max(sizes, key=lambda pair: pair[0] * pair[1])
    return None


def _sizes(node: Tree) -> Iterator[Pair]:
    """Yield the sizes that a transform may give a picture."""
    if _kind(node) == "FixShapeResize":
        yield node["width"], node["height"]
    elif node.get("crop_type", "absolute") == "absolute":
        for key in _SIZES:
            yield from _pairs(node.get(key))


def _pairs(value: Any) -> Iterator[Pair]:
    """Yield each pair of whole numbers in a value; one number is a square."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield value, value
    elif _is_pair(value):
        yield value[0], value[1]
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _pairs(item)


def _scaled(value: Any, factors: tuple[float, float]) -> Any:
    """Return a value with each pair of whole numbers in it scaled; one number is a width."""
    if isinstance(value, int) and not isinstance(value, bool):
        return round(value * factors[0])
    if _is_pair(value):
        return tuple(round(side * factor) for side, factor in zip(value, factors, strict=True))
    if isinstance(value, list | tuple):
        return [_scaled(item, factors) for item in value]
    return value


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(side, int) for side in value)
    )


def _is_random(step: Mapping[str, Any]) -> bool:
    kind = _kind(step)
    return kind not in _NEEDED and (kind.startswith(_RANDOM) or kind.endswith(_RANDOM_ENDS))


def _kind(node: Mapping[str, Any]) -> str:
    return str(node.get("type")).rpartition(".")[2]
