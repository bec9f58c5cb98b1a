"""Fit what some families of detectors need beside the number of classes.

Panoptic ones become detectors of instances, since COCO annotations have no stuff; weights of
classes follow the classes; detectors that read text are asked for the class names.
"""

import importlib.util
from collections.abc import Iterator, Sequence
from typing import Any

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside.settings import Changes, Place, Tree, mappings

_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
_STUFF = "num_stuff_classes"
# where boxes, masks and labels come from segments of things and stuff
_INSTANCES = {"type": "LoadAnnotations", "with_bbox": True, "with_mask": True}
_TEXT_KEYS = ("text", "custom_entities")
LEFT_OUT = (
    "the config is panoptic, and the data has no stuff: trained and measured are things alone, as "
    "boxes and masks"
)


def fit(changes: Changes, classes: Sequence[str]) -> None:
    """Change a config for these classes, where its family needs more than their number.

    Called while the config still has its own numbers of classes.

    Raises:
        StepProblems: the config weighs its own classes one by one; or a detector that reads text
            can't tell two class names apart.
    """
    _weigh(changes, len(classes))
    if is_panoptic(changes.tree):
        _without_stuff(changes)
        changes.made.append(LEFT_OUT)
    _without_fairscale(changes)
    if "language_model" in changes.tree["model"]:
        _expect_readable(classes)
        _ask_for_classes(changes)


def is_panoptic(tree: Tree) -> bool:
    """Say whether a config's model answers with stuff beside things."""
    return any(node.get(_STUFF) for _, node in mappings(tree["model"], ()))


def _weigh(changes: Changes, count: int) -> None:
    """Make a list of weights as long as the classes are many, with the background's at its end.

    Raises:
        StepProblems: classes have different weights.
    """
    model = changes.tree["model"]
    for place, node in mappings(model, ("model",)):
        weights = node.get("class_weight")
        if not isinstance(weights, list | tuple) or not weights:
            continue
        before = _classes_above(changes.tree, place)
        if before == count or before not in (len(weights), len(weights) - 1):
            continue  # they are for these classes, or of another kind
        if len(set(weights[:before])) > 1:
            where = ".".join((*place, "class_weight"))
            what = f"the config weighs its own {before} classes one by one, in {where}"
            hint = f"weigh yours: {{{where}: [1.0, ...], and num_classes beside it: {count}}}"
            raise StepProblems([StepProblem(("set",), what, hint)])
        made = [weights[0]] * count + list(weights[before:])
        changes.set((*place, "class_weight"), made)


def _classes_above(tree: Tree, place: Place) -> int | None:
    """Return how many classes the nearest part around a place answers with; None if none says."""
    for end in range(len(place), 0, -1):
        node: Any = tree
        for key in place[:end]:
            node = node[int(key)] if isinstance(node, list | tuple) else node[key]
        if isinstance(node, dict) and "num_things_classes" in node:
            return int(node["num_things_classes"]) + int(node.get(_STUFF, 0))
        if isinstance(node, dict) and isinstance(node.get("num_classes"), int):
            return int(node["num_classes"])
    return None


def _without_stuff(changes: Changes) -> None:
    tree = changes.tree
    model = tree["model"]
    if "semantic_head" in model and "roi_head" in model:  # Panoptic FPN is a Mask R-CNN with more
        changes.set("model.type", "MaskRCNN")
        for part in ("semantic_head", "panoptic_fusion_head"):
            model.pop(part, None)
            changes.made.append(f"model.{part}: left out")
    for place, node in mappings(model, ("model",)):
        if node.get(_STUFF):
            changes.set((*place, _STUFF), 0)
    test = model.get("test_cfg") or {}
    if "panoptic_head" in model:
        wanted = {"panoptic_on": False, "semantic_on": False, "instance_on": True}
        for key, value in wanted.items():
            if test.get(key, "unset") != value:
                changes.set(f"model.test_cfg.{key}", value)
    for place, node in _transforms(tree):
        if node.get("type") == "LoadPanopticAnnotations":
            parent, key = _parent(tree, place)
            parent[key] = dict(_INSTANCES)
            changes.made.append(f"{'.'.join(place)}: LoadPanopticAnnotations -> LoadAnnotations")


def _without_fairscale(changes: Changes) -> None:
    """Let all layers keep what they computed, where the package that computes it again is missing.

    It saves memory of a GPU, and changes no figure.
    """
    if importlib.util.find_spec("fairscale"):
        return
    for place, node in mappings(changes.tree["model"], ("model",)):
        if isinstance(node.get("num_cp"), int) and node["num_cp"] > 0:
            changes.set((*place, "num_cp"), 0)


def _expect_readable(classes: Sequence[str]) -> None:
    """Raise StepProblems for names of which mmdet makes one text, or none, to look for."""
    from mmdet.models.detectors.glip import clean_label_name

    names: dict[str, list[str]] = {}
    for name in classes:
        names.setdefault(clean_label_name(name).strip().casefold(), []).append(name)
    StepProblems.if_any(
        StepProblem(
            ("config",),
            f"the detector reads class names, and reads {' and '.join(map(repr, alike))} as "
            f"{text!r}: what is in brackets is left out, and an underscore is a blank",
            "give them other names before, with map_categories",
        )
        for text, alike in names.items()
        if len(alike) > 1 or not text
    )


def _ask_for_classes(changes: Changes) -> None:
    """Let the data set hand its class names to the model as the text to look for."""
    tree = changes.tree
    for name in _LOADERS:
        for place, node in mappings(tree.get(name) or {}, (name,)):
            if "ann_file" in node and "pipeline" in node:
                changes.set((*place, "return_classes"), True)
    for place, node in _transforms(tree):
        keys = node.get("meta_keys")
        if node.get("type") == "PackDetInputs" and keys and not {*_TEXT_KEYS} <= {*keys}:
            more = tuple(key for key in _TEXT_KEYS if key not in keys)
            changes.set((*place, "meta_keys"), (*keys, *more))


def _transforms(tree: Tree) -> Iterator[tuple[Place, Tree]]:
    """Yield every mapping within the data loaders, as transforms are, with its path."""
    for name in _LOADERS:
        yield from list(mappings(tree.get(name) or {}, (name,)))


def _parent(tree: Tree, place: Place) -> tuple[Any, Any]:
    node: Any = tree
    for key in place[:-1]:
        node = node[int(key)] if isinstance(node, list | tuple) else node[key]
    return node, int(place[-1]) if isinstance(node, list) else place[-1]
