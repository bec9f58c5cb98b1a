"""Fit a detector's config to a job: the recipe's changes, the machine, the classes and the data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coco_recipe import StepProblem, StepProblems, about
from coco_recipe_mmdet.inside import config_source, registered, settings
from coco_recipe_mmdet.inside.settings import Changes, Tree, mappings

if TYPE_CHECKING:
    from coco_recipe_mmdet.jobs import DetectorJob, ModelJob, TrainJob

TRAIN = "data/train.json"
VAL = "data/val.json"
MIN_SIDE_PX = 32
OF_SET = "trust_set: true, if you trust it"
_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


def override(changes: Changes, job: "ModelJob") -> None:
    """Apply the recipe's ``set``, which is data unless ``trust_set`` says otherwise.

    Raises:
        StepProblems: a path leads nowhere; a value names something that isn't registered, or would
            run, fetch or overwrite something.
    """

    def check(value: object, place: tuple[str, ...]) -> None:
        for problems in (registered.problems(value, place), registered.hazards(value, place)):
            if found := config_source.refusal(problems, OF_SET):
                raise StepProblems([StepProblem(("set",), found)])

    settings.override(changes, job.set, (lambda value, place: None) if job.trust_set else check)


def schedule(changes: Changes, job: "TrainJob") -> None:
    """Apply epochs, batch size and learning rate; schedules by epoch are stretched.

    Raises:
        StepProblems: the config doesn't say what is needed.
    """
    _set_epochs(changes, job)
    if job.batch_size:
        changes.set("train_dataloader.batch_size", job.batch_size)
    if job.learning_rate:
        changes.set("optim_wrapper.optimizer.lr", job.learning_rate)
    if job.scale_lr:
        own = (changes.tree.get("auto_scale_lr") or {}).get("base_batch_size")
        base = own if job.scale_lr is True else job.scale_lr
        if not base:
            what = "the config doesn't say which batch size its learning rate is for"
            raise StepProblems([StepProblem(("scale_lr",), what, "say it: scale_lr: 16")])
        changes.set("auto_scale_lr", {"enable": True, "base_batch_size": base})
    elif job.scale_lr is False and changes.tree.get("auto_scale_lr"):
        changes.set("auto_scale_lr.enable", False)


def _set_epochs(changes: Changes, job: "TrainJob") -> None:
    tree = changes.tree
    before = tree.get("train_cfg") or {}
    by_epoch = before.get("type", "EpochBasedTrainLoop") == "EpochBasedTrainLoop"
    interval = job.val_interval or (before.get("val_interval", 1) if by_epoch else 1)
    if job.epochs:
        _stretch(changes, before.get("max_epochs"), job.epochs)
        loop = {"type": "EpochBasedTrainLoop", "max_epochs": job.epochs, "val_interval": interval}
        changes.set("train_cfg", loop)
        # the epochs of an infinite sampler would never end
        if "Infinite" in str(tree.get("train_dataloader", {}).get("sampler")):
            changes.set("train_dataloader.sampler", {"type": "DefaultSampler", "shuffle": True})
    elif by_epoch:
        changes.set("train_cfg.val_interval", interval)
    else:
        what = "the config counts iterations, not epochs"
        raise StepProblems(
            [StepProblem(("config",), what, "say how many epochs (with: {epochs: 12})")]
        )


def hardware(changes: Changes, job: "ModelJob", device: str, *, amp: bool | None = None) -> None:
    """Fit workers and precision to the machine.

    Args:
        changes: the config.
        job: what is to be done.
        device: ``cpu`` or ``cuda``.
        amp: half precision; None leaves the config's, False takes it out.
    """
    for name in _LOADERS:
        if loader := changes.tree.get(name):
            if job.workers is not None:
                changes.set(f"{name}.num_workers", job.workers)
            if job.workers is not None or not loader.get("num_workers"):
                changes.set(f"{name}.persistent_workers", loader.get("num_workers", 0) > 0)
    wrapper = changes.tree.get("optim_wrapper") or {}
    if amp and device != "cpu":
        changes.set("optim_wrapper.type", "AmpOptimWrapper")
        changes.set("optim_wrapper.loss_scale", wrapper.get("loss_scale", "dynamic"))
    elif wrapper.get("type") == "AmpOptimWrapper" and (device == "cpu" or amp is False):
        changes.set("optim_wrapper.type", "OptimWrapper")  # half precision needs a GPU
        for key in ("loss_scale", "dtype", "use_fsdp"):
            wrapper.pop(key, None)
    if amp and device == "cpu":
        changes.made.append("amp: true -> without effect: half precision needs a GPU")
    changes.set("env_cfg.dist_cfg", {"backend": "gloo" if device == "cpu" else "nccl"})


def without_downloads(changes: Changes) -> None:
    """Take out initial weights that would be fetched, since the weights come from elsewhere."""
    for path, node in mappings(changes.tree["model"], ("model",)):
        rule = node.get("init_cfg")
        if any(_fetches(one) for one in (rule if isinstance(rule, list | tuple) else [rule])):
            changes.set((*path, "init_cfg"), None)


def _fetches(rule: object) -> bool:
    return isinstance(rule, dict) and str(rule.get("type")).rpartition(".")[2] in (
        "Pretrained",
        "PretrainedInit",
    )


def bind_classes(changes: Changes, classes: Sequence[str]) -> None:
    """Set every ``num_classes`` of the model to the data set's.

    Region proposals and stuff have classes of their own.
    """
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
            what = "it has no val_dataloader, and there is a val"
            hint = "leave val out, or give the config one with set: {val_dataloader: ...}"
            raise StepProblems([StepProblem(("config",), f"{what}: {hint}")])
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
    """Raise StepProblems if a metric of masks is asked for and the model has none."""
    if best_by.startswith("segm") and not masks:
        what = f"{best_by} is of masks, and the config's model has none"
        raise StepProblems([StepProblem(("best_by",), what)])


def expect_segmentations(job: "TrainJob | DetectorJob", *, masks: bool) -> None:
    """Raise ValueError if the model has masks and annotations of the job have none."""
    if masks and job.without_mask:
        raise ValueError(
            "the config's model has masks, and "
            f"{about(job.without_mask, 'annotations have no segmentation')}: "
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
            f"the config's {name} has {len(found)} data sets, expected one: join data sets in the "
            f"recipe (merge), and give it one with set: {{{name}.dataset: ...}}"
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
