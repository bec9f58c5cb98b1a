"""Resolve a detector config for a job: the recipe's changes, and the class contract. Runs in the job's process."""

import copy
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coco_recipe_mmdet import configs, flat_config

Tree = dict[str, Any]
TRAIN, VAL = "data/train.json", "data/val.json"
MIN_SIDE_PX = 32
_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


class Changes:
    """Changes a config by path, and remembers them as ``path: old -> new``."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.made: list[str] = []

    def set(self, path: str | Sequence[str], value: Any) -> None:
        """Set one place, by dotted path or by its parts; the mapping that it stands in is made if it isn't there."""
        node: Any = self.tree
        *parents, last = path.split(".") if isinstance(path, str) else path
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        key: Any = int(last) if isinstance(node, list) else last
        old = node[key] if isinstance(node, list) else node.get(key, "unset")
        if old != value:
            node[key] = value
            self.made.append(f"{'.'.join((*parents, last))}: {_short(old)} -> {_short(value)}")


def load(config: str) -> Tree:
    """Run a config file and return all its settings, flat.

    Raises:
        ValueError: the config can't be run.
    """
    from mmengine.config import Config

    path = configs.locate(config)
    if path is None:
        raise ValueError(f"{config}: mmdet is not installed here")
    try:
        settings: Tree = Config.fromfile(str(path)).to_dict()
    except Exception as error:
        raise ValueError(f"the config {config} can't be run: {type(error).__name__}: {error}") from error
    return settings


def of_checkpoint(meta: Mapping[str, Any], name: str) -> Tree:
    """Return the config that a checkpoint carries, without running it.

    Raises:
        ValueError: it carries none, or one that is not flat.
    """
    text = meta.get("cfg") or meta.get("config")
    if not isinstance(text, str):
        raise ValueError(f"{name} carries no config; say which: with: {{config: ...}}")
    try:
        return flat_config.read(text)
    except ValueError as error:
        raise ValueError(f"the config that {name} carries {error}; say which: with: {{config: ...}}") from error


def override(changes: Changes, wanted: Mapping[str, Any]) -> None:
    """Apply the recipe's ``set``.

    A mapping is merged into a mapping (``_delete_: true`` replaces it), everything else replaces. A change to a variable
    that isn't one of the runner's keys, as ``train_pipeline``, is made wherever the config has used it.

    Raises:
        ValueError: a path leads nowhere; says how far it goes.
    """
    tree = changes.tree
    for path, value in wanted.items():
        before = copy.deepcopy(tree)
        places = list(_matching(tree, path.split("."), ()))
        if not places:
            raise ValueError(f"set: the config has no '{path}'{_how_far(tree, path)}")
        for place in places:
            old = _get(tree, place)
            changes.set(place, _like(old, _merged(old, value), place[-1]))
        for name in {place[0] for place in places}:
            if isinstance(before.get(name), dict | list) and before[name]:
                _spread(changes, name, before[name], tree[name])


def schedule(changes: Changes, job: Mapping[str, Any]) -> None:
    """Apply epochs, batch size, learning rate and their like; learning rate schedules by epoch are stretched."""
    tree = changes.tree
    if job.get("epochs"):
        before = tree.get("train_cfg", {}).get("max_epochs")
        _stretch(changes, before, job["epochs"])
        loop = {"type": "EpochBasedTrainLoop", "max_epochs": job["epochs"]}
        changes.set("train_cfg", {**loop, "val_interval": job["val_interval"]})
    elif tree.get("train_cfg", {}).get("type", "EpochBasedTrainLoop") == "EpochBasedTrainLoop":
        changes.set("train_cfg.val_interval", job["val_interval"])
    else:
        raise ValueError("the config counts iterations, not epochs: say how many epochs (with: {epochs: 12})")
    if job.get("batch_size"):
        changes.set("train_dataloader.batch_size", job["batch_size"])
    if job.get("learning_rate"):
        changes.set("optim_wrapper.optimizer.lr", job["learning_rate"])
    if scale := job.get("scale_lr"):
        base = tree.get("auto_scale_lr", {}).get("base_batch_size") if scale is True else scale
        if not base:
            raise ValueError("scale_lr: the config doesn't say which batch size its learning rate is for; say it: scale_lr: 16")
        changes.set("auto_scale_lr", {"enable": True, "base_batch_size": base})
    elif tree.get("auto_scale_lr"):
        changes.set("auto_scale_lr.enable", False)


def hardware(changes: Changes, job: Mapping[str, Any], device: str) -> None:
    """Fit workers and precision to the machine."""
    for name in _LOADERS:
        if changes.tree.get(name):
            changes.set(f"{name}.num_workers", job["workers"])
            changes.set(f"{name}.persistent_workers", job["workers"] > 0)
    wrapper = changes.tree.get("optim_wrapper") or {}
    if job.get("amp") and device != "cpu":
        changes.set("optim_wrapper.type", "AmpOptimWrapper")
        changes.set("optim_wrapper.loss_scale", wrapper.get("loss_scale", "dynamic"))
    elif wrapper.get("type") == "AmpOptimWrapper" and (device == "cpu" or job.get("amp") is False):
        changes.set("optim_wrapper.type", "OptimWrapper")  # half precision needs a GPU
        for key in ("loss_scale", "dtype", "use_fsdp"):
            wrapper.pop(key, None)
    changes.set("env_cfg.dist_cfg", {"backend": "gloo" if device == "cpu" else "nccl"})


def without_downloads(changes: Changes) -> None:
    """Take out initial weights that would be fetched from the network, since the weights come from elsewhere."""
    for path, node in mappings(changes.tree["model"], ("model",)):
        if isinstance(rule := node.get("init_cfg"), dict) and rule.get("type") == "Pretrained":
            changes.set((*path, "init_cfg"), None)


def bind_classes(changes: Changes, classes: Sequence[str]) -> None:
    """Set every ``num_classes`` of the model to the data set's; region proposals and stuff have classes of their own."""
    for path, node in mappings(changes.tree["model"], ("model",)):
        for key, value in list(node.items()):
            proposals = value == 1 and any("rpn" in part.lower() for part in (*path, str(node.get("type"))))
            its_own = proposals or any("semantic" in part for part in path)
            if key in ("num_classes", "num_things_classes") and not its_own:
                changes.set((*path, key), len(classes))


def bind_data(changes: Changes, classes: Sequence[str], *, val: bool, metrics: Sequence[str], empty_images: bool) -> None:
    """Point the data loaders and the evaluator to the job's files."""
    tree = changes.tree
    path, leaf = _leaf(tree, "train_dataloader")
    _bind_leaf(changes, path, leaf, classes, TRAIN)
    changes.set(f"{path}.filter_cfg", {"filter_empty_gt": not empty_images, "min_size": MIN_SIDE_PX})
    for name in ("val_dataloader", "test_dataloader"):
        if tree.get(name):
            bind_loader(changes, name, classes, VAL)
    if val:
        changes.set("val_evaluator", {"type": "CocoMetric", "ann_file": VAL, "metric": list(metrics)})
        changes.set("val_cfg", {"type": "ValLoop"})


def bind_loader(changes: Changes, name: str, classes: Sequence[str], file: str) -> None:
    """Point a loader for validation or test to a file of the job."""
    path, leaf = _leaf(changes.tree, name)
    _bind_leaf(changes, path, leaf, classes, file)
    changes.set(f"{path}.test_mode", True)


def has_masks(tree: Tree) -> bool:
    """Say whether the model answers with masks: it has a mask head, or it is trained with masks."""
    model = any(str(key).startswith("mask_head") or key == "mask_roi_extractor" for _, node in mappings(tree["model"], ())
                for key, value in node.items() if value)
    loads = any(node.get("with_mask") for name in _LOADERS[:1] if tree.get(name)
                for _, node in mappings(tree[name], ()) if str(node.get("type")).endswith("LoadAnnotations"))
    return model or loads


def dump(tree: Tree, path: Path) -> None:
    """Write a flat config that mmengine reads."""
    path.write_text(text(tree), "utf-8")


def text(tree: Tree) -> str:
    """Return a flat config as Python source."""
    return "".join(f"{key} = {value!r}\n" for key, value in tree.items())


def _leaf(tree: Tree, name: str) -> tuple[str, Tree]:
    """Return the one data set below a loader, whatever it is wrapped in."""
    if not tree.get(name):
        raise ValueError(f"the config has no {name}")
    found = [(path, node) for path, node in mappings(tree[name].get("dataset", {}), (name, "dataset")) if "ann_file" in node]
    if len(found) != 1:
        raise ValueError(f"the config's {name} has {len(found)} data sets, expected one: join data sets in the recipe (merge), "
                         f"and give it one with set: {{{name}.dataset: ...}}")
    return ".".join(found[0][0]), found[0][1]


def _bind_leaf(changes: Changes, path: str, leaf: Tree, classes: Sequence[str], file: str) -> None:
    changes.set(f"{path}.type", "CocoDataset")
    changes.set(f"{path}.metainfo", {"classes": tuple(classes)})
    changes.set(f"{path}.ann_file", file)
    changes.set(f"{path}.data_root", "")
    changes.set(f"{path}.data_prefix", {"img": ""})
    for key in ("indices", "proposal_file"):
        if leaf.get(key):
            changes.set(f"{path}.{key}", None)


def _stretch(changes: Changes, before: int | None, epochs: int) -> None:
    schedulers = changes.tree.get("param_scheduler") or []
    if not before or before == epochs:
        return
    for i, scheduler in enumerate(schedulers if isinstance(schedulers, list) else []):
        if scheduler.get("by_epoch", True):
            for key in ("begin", "end", "T_max", "milestones"):
                if isinstance(value := scheduler.get(key), int) and value:
                    changes.set(f"param_scheduler.{i}.{key}", max(1, round(value * epochs / before)))
                elif isinstance(value, list | tuple):
                    changes.set(f"param_scheduler.{i}.{key}", [max(1, round(n * epochs / before)) for n in value])


def mappings(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Tree]]:
    """Yield every mapping below a node with its path."""
    if isinstance(node, dict):
        yield path, node
    for key, child in _children(node):
        yield from mappings(child, (*path, key))


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from ((str(key), value) for key, value in list(node.items()))
    elif isinstance(node, list | tuple):
        yield from ((str(i), value) for i, value in enumerate(node))


def _matching(node: Any, parts: Sequence[str], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the paths that a dotted path with * stands for; the last key may be new in a mapping."""
    if not parts:
        yield path
        return
    first, rest = parts[0], parts[1:]
    hits = [(key, child) for key, child in _children(node) if fnmatch.fnmatchcase(key, first)]
    for key, child in hits:
        yield from _matching(child, rest, (*path, key))
    if not hits and not rest and isinstance(node, dict) and "*" not in first:
        yield (*path, first)


def _get(tree: Any, path: Sequence[str]) -> Any:
    for part in path:
        tree = tree[int(part)] if isinstance(tree, list | tuple) else tree.get(part)
        if tree is None:
            return None
    return tree


def _how_far(tree: Any, path: str) -> str:
    parts = path.split(".")
    for n in range(len(parts) - 1, -1, -1):
        if list(_matching(tree, parts[:n], ())) and (n == 0 or _get(tree, parts[:n]) is not None):
            node = _get(tree, parts[:n])
            keys = [key for key, _ in _children(node)][:12]
            return f"; '{'.'.join(parts[:n])}' has {', '.join(keys)}" if keys else f"; '{'.'.join(parts[:n])}' has no keys"
    return ""


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(new, dict):
        return new
    new = dict(new)
    if new.pop("_delete_", False) or not isinstance(old, dict):
        return new
    return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}


def _like(old: Any, new: Any, key: str) -> Any:
    """Make tuples of lists where mmdet insists on them: YAML has none."""
    if isinstance(new, dict):
        return {k: _like(old.get(k) if isinstance(old, dict) else None, v, k) for k, v in new.items()}
    if isinstance(new, list):
        if new and all(isinstance(item, list) and len(item) == 2 for item in new) and "scale" in key:
            return [tuple(item) for item in new]
        pair = len(new) == 2 and all(isinstance(item, int | float) for item in new)
        if isinstance(old, tuple) or (pair and key in ("scale", "img_scale", "size", "crop_size")):
            return tuple(new)
        olds = old if isinstance(old, list) else []
        return [_like(olds[i] if i < len(olds) else None, item, key) for i, item in enumerate(new)]
    return new


def _spread(changes: Changes, name: str, old: Any, new: Any) -> None:
    """Put a changed top-level variable wherever the config has used it."""
    def visit(node: Any, path: tuple[str, ...]) -> None:
        for key, child in _children(node):
            if len(path) == 0 and key == name:
                continue
            if child == old and isinstance(node, dict | list):
                changes.set((*path, key), copy.deepcopy(new))
            else:
                visit(child, (*path, key))

    visit(changes.tree, ())


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
