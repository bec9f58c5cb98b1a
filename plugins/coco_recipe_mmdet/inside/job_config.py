"""Resolve a detector config for a job: the recipe's changes, and the class contract. Runs in the job's process."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from coco_recipe_mmdet import configs
from coco_recipe_mmdet.inside import flat_config, registered, settings
from coco_recipe_mmdet.inside.settings import Changes, Tree, mappings

TRAIN, VAL = "data/train.json", "data/val.json"
MIN_SIDE_PX = 32
OF_CHECKPOINT = "a config that you trust can be named: with: {config: ...}"
OF_SET = "trust_set: true, if you trust it"
_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


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
        raise ValueError(
            f"the config {config} can't be run: {type(error).__name__}: {error}"
        ) from error
    for _, node in mappings(settings, ()):
        if (
            node.get("_scope_") == "mmdet"
        ):  # mmengine marks some copies of a variable with it and not others
            del node["_scope_"]
    return _with_preprocessor(settings)


def of_checkpoint(meta: Mapping[str, Any], name: str) -> Tree:
    """Return the config that a checkpoint carries, without running it, or importing anything for it.

    From here on mmengine's registries find only what is registered by now.

    Raises:
        ValueError: it carries none, or one that is not flat, or names something that isn't registered.
    """
    text = carried(meta)
    if text is None:
        raise ValueError(f"{name} carries no config; say which: with: {{config: ...}}")
    try:
        tree = _with_preprocessor(flat_config.read(text))
    except ValueError as error:
        raise ValueError(
            f"the config that {name} carries {error}; say which: with: {{config: ...}}"
        ) from error
    _refuse(registered.complaints(tree, ()), f"the config that {name} carries", OF_CHECKPOINT)
    registered.lock()
    return tree


def carried(meta: Mapping[str, Any]) -> str | None:
    """Return the text of the config that stands in a checkpoint's meta."""
    text = meta.get("cfg") or meta.get("config")
    return text if isinstance(text, str) else None


def expect_harmless(name: str, **parts: Any) -> None:
    """Look at the parts of a checkpoint's config that are going to be built.

    Raises:
        ValueError: one would run, fetch or overwrite something.
    """
    _refuse(
        (fault for key, part in parts.items() for fault in registered.hazards(part, (key,))),
        f"the config that {name} carries",
        OF_CHECKPOINT,
    )


def override(changes: Changes, job: Mapping[str, Any]) -> None:
    """Apply the recipe's ``set``, which is data unless ``trust_set`` says otherwise.

    Raises:
        ValueError: a path leads nowhere; a value names something that isn't registered, or would run, fetch or overwrite.
    """

    def check(value: Any, place: tuple[str, ...]) -> None:
        _refuse(registered.complaints(value, place), "set", OF_SET)
        _refuse(registered.hazards(value, place), "set", OF_SET)

    settings.override(
        changes, job["set"], (lambda value, place: None) if job.get("trust_set") else check
    )


def _refuse(faults: Iterator[str], where: str, hint: str) -> None:
    if found := list(islice(faults, 6)):
        raise ValueError(
            f"{where}: {'; '.join(found[:5])}{'; and more' * (len(found) > 5)}; nothing of it was built ({hint})"
        )


def _with_preprocessor(settings: Tree) -> Tree:
    """Put a data preprocessor at the top level into the model, as mmengine's Runner does."""
    if (found := settings.get("data_preprocessor")) and isinstance(settings.get("model"), dict):
        settings["model"].setdefault("data_preprocessor", copy.deepcopy(found))
    return settings


def schedule(changes: Changes, job: Mapping[str, Any]) -> None:
    """Apply epochs, batch size, learning rate and their like; learning rate schedules by epoch are stretched."""
    tree = changes.tree
    before = tree.get("train_cfg") or {}
    by_epoch = before.get("type", "EpochBasedTrainLoop") == "EpochBasedTrainLoop"
    val_interval = job.get("val_interval") or (before.get("val_interval", 1) if by_epoch else 1)
    if job.get("epochs"):
        _stretch(changes, before.get("max_epochs"), job["epochs"])
        changes.set(
            "train_cfg",
            {
                "type": "EpochBasedTrainLoop",
                "max_epochs": job["epochs"],
                "val_interval": val_interval,
            },
        )
        if "Infinite" in str(
            tree.get("train_dataloader", {}).get("sampler")
        ):  # its epochs would never end
            changes.set("train_dataloader.sampler", {"type": "DefaultSampler", "shuffle": True})
    elif by_epoch:
        changes.set("train_cfg.val_interval", val_interval)
    else:
        raise ValueError(
            "the config counts iterations, not epochs: say how many epochs (with: {epochs: 12})"
        )
    if job.get("batch_size"):
        changes.set("train_dataloader.batch_size", job["batch_size"])
    if job.get("learning_rate"):
        changes.set("optim_wrapper.optimizer.lr", job["learning_rate"])
    if scale := job.get("scale_lr"):
        base = (tree.get("auto_scale_lr") or {}).get("base_batch_size") if scale is True else scale
        if not base:
            raise ValueError(
                "scale_lr: the config doesn't say which batch size its learning rate is for; say it: scale_lr: 16"
            )
        changes.set("auto_scale_lr", {"enable": True, "base_batch_size": base})
    elif scale is False and tree.get("auto_scale_lr"):
        changes.set("auto_scale_lr.enable", False)


def hardware(changes: Changes, job: Mapping[str, Any], device: str) -> None:
    """Fit workers and precision to the machine."""
    for name in _LOADERS:
        if loader := changes.tree.get(name):
            if job["workers"] is not None:
                changes.set(f"{name}.num_workers", job["workers"])
            if job["workers"] is not None or not loader.get("num_workers"):
                changes.set(f"{name}.persistent_workers", loader.get("num_workers", 0) > 0)
    wrapper = changes.tree.get("optim_wrapper") or {}
    if job.get("amp") and device != "cpu":
        changes.set("optim_wrapper.type", "AmpOptimWrapper")
        changes.set("optim_wrapper.loss_scale", wrapper.get("loss_scale", "dynamic"))
    elif wrapper.get("type") == "AmpOptimWrapper" and (device == "cpu" or job.get("amp") is False):
        changes.set("optim_wrapper.type", "OptimWrapper")  # half precision needs a GPU
        for key in ("loss_scale", "dtype", "use_fsdp"):
            wrapper.pop(key, None)
    if job.get("amp") and device == "cpu":
        changes.made.append("amp: true -> without effect: half precision needs a GPU")
    changes.set("env_cfg.dist_cfg", {"backend": "gloo" if device == "cpu" else "nccl"})


def without_downloads(changes: Changes) -> None:
    """Take out initial weights that would be fetched from the network, since the weights come from elsewhere."""
    for path, node in mappings(changes.tree["model"], ("model",)):
        rule = node.get("init_cfg")
        if any(_fetches(one) for one in (rule if isinstance(rule, list | tuple) else [rule])):
            changes.set((*path, "init_cfg"), None)


def _fetches(rule: Any) -> bool:
    return isinstance(rule, dict) and str(rule.get("type")).rpartition(".")[2] in (
        "Pretrained",
        "PretrainedInit",
    )


def bind_classes(changes: Changes, classes: Sequence[str]) -> None:
    """Set every ``num_classes`` of the model to the data set's; region proposals and stuff have classes of their own."""
    for path, node in mappings(changes.tree["model"], ("model",)):
        for key, value in list(node.items()):
            proposals = value == 1 and any(
                "rpn" in part.lower() for part in (*path, str(node.get("type")))
            )
            its_own = proposals or any("semantic" in part for part in path)
            if key in ("num_classes", "num_things_classes") and not its_own:
                changes.set((*path, key), len(classes))


def bind_data(
    changes: Changes,
    classes: Sequence[str],
    *,
    val: bool,
    metrics: Sequence[str],
    empty_images: bool,
) -> None:
    """Point the data loaders and the evaluator to the job's files."""
    tree = changes.tree
    path, leaf = _leaf(tree, "train_dataloader")
    _bind_leaf(changes, path, leaf, classes, TRAIN)
    changes.set(
        f"{path}.filter_cfg", {"filter_empty_gt": not empty_images, "min_size": MIN_SIDE_PX}
    )
    for name in ("val_dataloader", "test_dataloader"):
        if tree.get(name):
            bind_loader(changes, name, classes, VAL)
    if val:
        if not tree.get("val_dataloader"):
            raise ValueError(
                "config: it has no val_dataloader, and there is a val: leave val out, or give the config one with "
                "set: {val_dataloader: ...}"
            )
        changes.set(
            "val_evaluator", {"type": "CocoMetric", "ann_file": VAL, "metric": list(metrics)}
        )
        changes.set("val_cfg", {"type": "ValLoop"})


def bind_loader(changes: Changes, name: str, classes: Sequence[str], file: str) -> None:
    """Point a loader for validation or test to a file of the job."""
    path, leaf = _leaf(changes.tree, name)
    _bind_leaf(changes, path, leaf, classes, file)
    changes.set(f"{path}.test_mode", True)


def expect_masks(best_by: str, *, masks: bool) -> None:
    """Raise ValueError if a metric of masks is asked for and the model has none."""
    if best_by.startswith("segm") and not masks:
        raise ValueError(f"best_by: {best_by} is of masks, and the config's model has none")


def expect_segmentations(job: Mapping[str, Any], *, masks: bool) -> None:
    """Raise ValueError if the model has masks and annotations of the job have none."""
    if masks and job.get("without_mask"):
        raise ValueError(
            f"the config's model has masks, and {job['without_mask']} annotations have no segmentation: "
            "add_segmentation makes them of the boxes"
        )


def has_masks(tree: Tree) -> bool:
    """Say whether the model answers with masks: it has a mask head, or it is trained with masks."""
    model = any(
        str(key).startswith("mask_head") or key == "mask_roi_extractor"
        for _, node in mappings(tree["model"], ())
        for key, value in node.items()
        if value
    )
    loads = any(
        node.get("with_mask")
        for name in _LOADERS[:1]
        if tree.get(name)
        for _, node in mappings(tree[name], ())
        if str(node.get("type")).endswith("LoadAnnotations")
    )
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
    found = [
        (path, node)
        for path, node in mappings(tree[name].get("dataset", {}), (name, "dataset"))
        if "ann_file" in node
    ]
    if len(found) != 1:
        raise ValueError(
            f"the config's {name} has {len(found)} data sets, expected one: join data sets in the recipe (merge), "
            f"and give it one with set: {{{name}.dataset: ...}}"
        )
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
                    changes.set(
                        f"param_scheduler.{i}.{key}", max(1, round(value * epochs / before))
                    )
                elif isinstance(value, list | tuple):
                    changes.set(
                        f"param_scheduler.{i}.{key}",
                        [max(1, round(n * epochs / before)) for n in value],
                    )
