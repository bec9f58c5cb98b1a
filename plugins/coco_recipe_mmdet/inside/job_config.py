"""Fit a detector's config to a job: the recipe's changes, the machine, the classes and the data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside import config_source, families, registered, settings
from coco_recipe_mmdet.inside.settings import Changes, Tree, mappings

if TYPE_CHECKING:
    from coco_recipe_mmdet.jobs import DetectorJob, ModelJob, TrainJob

TRAIN = "data/train.json"
VAL = "data/val.json"
MIN_SIDE_PX = 32
OF_SET = "trust_set: true, if you trust it"
# what decides a value, for who has set another
OF_DATA = "pictures and classes are those of the step's inputs"
OF_EVALUATE = "the step evaluate has the figures of each class, and measures with all its options"
OF_VALIDATION = "validations are in full precision; without in: {val: ...} there are none"
OF_CHECKPOINTS = "with: {checkpoint_interval: ..., keep: ...}"
WORKERS = "with: {workers: ...}"
AMP = "with: {amp: ...}; half precision needs a GPU"
_MAPPINGS = (
    *("model", "data_preprocessor", "optim_wrapper", "auto_scale_lr"),
    *("train_dataloader", "val_dataloader", "test_dataloader", "train_cfg", "val_cfg", "test_cfg"),
    *("default_hooks", "env_cfg", "log_processor", "visualizer"),
)
_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


def override(changes: Changes, job: "ModelJob") -> None:
    """Apply the recipe's ``set``, which is data unless ``trust_set`` says otherwise.

    Raises:
        StepProblems: a path leads nowhere; a value names something that isn't registered, or would
            run, fetch or overwrite something, or is no mapping or list where one must stand.
    """

    def check(value: object, place: tuple[str, ...]) -> None:
        for problems in (registered.problems(value, place), registered.hazards(value, place)):
            if found := config_source.refusal(problems, OF_SET):
                raise StepProblems([StepProblem(("set",), found)])

    settings.override(changes, job.set, (lambda value, place: None) if job.trust_set else check)
    StepProblems.if_any(
        StepProblem(("set", path), wrong)
        for path, wrong in dict.fromkeys(
            (wanted.path, _wrong_kind(place, settings.get(changes.tree, place)))
            for wanted in changes.wanted
            for place in (wanted.place[:n] for n in range(1, len(wanted.place) + 1))
        )
        if wrong
    )


def _wrong_kind(place: tuple[str, ...], value: object) -> str:
    """Say what should stand in place of a value, where that is known; empty where it may stand."""
    found = f"{'.'.join(place)} is {settings.short(value)}, and must be"
    if place[-1] == "pipeline" or place == ("custom_hooks",):
        is_list = isinstance(value, list | tuple) and all(isinstance(item, dict) for item in value)
        may_be_none = place == ("custom_hooks",) and value is None
        return "" if is_list or may_be_none else f"{found} a list of mappings"
    if place == ("param_scheduler",):
        return "" if isinstance(value, dict | list | tuple | None) else f"{found} a mapping or list"
    if len(place) == 1 and place[0] in _MAPPINGS:
        is_needed = place[0] in ("model", "train_dataloader", "optim_wrapper")
        if not isinstance(value, dict) and (value is not None or is_needed):
            return f"{found} a mapping"
    return ""


def one_data_set(changes: Changes) -> None:
    """Let one data set stand for those that the config joins to train on: the recipe has one.

    They must have one pipeline, since their pictures get the same.
    """
    for path, node in mappings(changes.tree.get("train_dataloader", {}), ("train_dataloader",)):
        parts = (
            node.get("dataset", {}).get("datasets") if isinstance(node.get("dataset"), dict) else []
        )
        pipelines = [part.get("pipeline") for part in parts or []]
        if pipelines and pipelines.count(pipelines[0]) == len(pipelines):
            because = "the recipe has one data set, which merge makes of several"
            changes.set((*path, "dataset"), parts[0], because=because)
            for number in range(len(parts)):
                changes.move((*path, "dataset", "datasets", str(number)), (*path, "dataset"))


def own_checkpoints(changes: Changes, interval: int, keep: int) -> None:
    """Say how often a checkpoint is kept, which no other hook than the step's sees to.

    Args:
        changes: the config.
        interval: epochs from one to the next.
        keep: how many of the newest stay; 0 for all.
    """
    hook = {"type": "CheckpointHook", "interval": interval, "max_keep_ckpts": keep or -1}
    changes.set("default_hooks.checkpoint", hook, because=OF_CHECKPOINTS)
    hooks = changes.tree.get("custom_hooks") or []
    others = [hook for hook in hooks if "CheckpointHook" not in str(hook.get("type"))]
    if len(others) != len(hooks):
        changes.set("custom_hooks", others, because=OF_CHECKPOINTS)


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
                changes.set(f"{name}.num_workers", job.workers, because=WORKERS)
            if job.workers is not None or not loader.get("num_workers"):
                lives_on = loader.get("num_workers", 0) > 0
                changes.set(f"{name}.persistent_workers", lives_on, because=WORKERS)
    wrapper = changes.tree.get("optim_wrapper") or {}
    changes.explain("optim_wrapper.type", AMP)
    if amp and device != "cpu":
        changes.set("optim_wrapper.type", "AmpOptimWrapper", because=AMP)
        changes.set("optim_wrapper.loss_scale", wrapper.get("loss_scale", "dynamic"))
    elif amp or (wrapper.get("type") == "AmpOptimWrapper" and (device == "cpu" or amp is False)):
        changes.set("optim_wrapper.type", "OptimWrapper", because=AMP)
        for key in ("loss_scale", "dtype", "use_fsdp"):
            wrapper.pop(key, None)
            changes.explain(f"optim_wrapper.{key}", AMP)
    if amp and device == "cpu":
        changes.made.append("amp: true -> without effect: half precision needs a GPU")
    backend = "gloo" if device == "cpu" else "nccl"
    changes.set("env_cfg.dist_cfg", {"backend": backend}, because="with: {device: ...}")


def without_downloads(changes: Changes) -> None:
    """Take out initial weights that would be fetched, since the weights come from elsewhere."""
    for path, node in mappings(changes.tree["model"], ("model",)):
        rule = node.get("init_cfg")
        if any(_fetches(one) for one in (rule if isinstance(rule, list | tuple) else [rule])):
            why = "the weights come from the starting checkpoint"
            changes.set((*path, "init_cfg"), None, because=why)


def _fetches(rule: object) -> bool:
    return isinstance(rule, dict) and str(rule.get("type")).rpartition(".")[2] in (
        "Pretrained",
        "PretrainedInit",
    )


def bind_classes(changes: Changes, classes: Sequence[str]) -> None:
    """Set every ``num_classes`` of the model to the data set's.

    Region proposals and stuff have classes of their own. What a family needs beside is in
    `families`.

    Raises:
        StepProblems: the config weighs its own classes one by one.
    """
    families.fit(changes, classes)
    for path, node in mappings(changes.tree["model"], ("model",)):
        for key, value in list(node.items()):
            proposals = value == 1 and any(
                "rpn" in part.lower() for part in (*path, str(node.get("type")))
            )
            its_own = proposals or any("semantic" in part for part in path)
            if key in ("num_classes", "num_things_classes") and not its_own:
                changes.set((*path, key), len(classes), because=OF_DATA)


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
    kept = train_data(classes, empty_images=empty_images)["filter_cfg"]
    because = f"with: {{empty_images: ...}}; pictures under {MIN_SIDE_PX} px are never used"
    changes.set(f"{path}.filter_cfg", kept, because=because)
    for name in ("val_dataloader", "test_dataloader"):
        if tree.get(name):
            bind_loader(changes, name, classes, VAL)
    if val:
        if not tree.get("val_dataloader"):
            what = "it has no val_dataloader, and there is a val"
            hint = "leave val out, or give the config one with set: {val_dataloader: ...}"
            raise StepProblems([StepProblem(("config",), f"{what}: {hint}")])
        evaluator = {"type": "CocoMetric", "ann_file": VAL, "metric": list(metrics)}
        changes.set("val_evaluator", evaluator, because=OF_EVALUATE)
        changes.set("val_cfg", {"type": "ValLoop"}, because=OF_VALIDATION)


def train_data(classes: Sequence[str], *, empty_images: bool) -> Tree:
    """Return the settings of the data set that a training reads, which is in no wrapper."""
    kept = {"filter_empty_gt": not empty_images, "min_size": MIN_SIDE_PX}
    return {**_data(classes, TRAIN), "filter_cfg": kept}


def bind_loader(changes: Changes, name: str, classes: Sequence[str], file: str) -> None:
    """Point a loader for validation or test to a file of the job."""
    path, leaf = _leaf(changes.tree, name)
    _bind_leaf(changes, path, leaf, classes, file)
    changes.set(f"{path}.test_mode", True, because="the step never trains on these pictures")


def expect_masks(best_by: str, *, masks: bool) -> None:
    """Raise StepProblems if a metric of masks is asked for and the model has none."""
    if best_by.startswith("segm") and not masks:
        what = f"{best_by} is of masks, and the config's model has none"
        raise StepProblems([StepProblem(("best_by",), what)])


def expect_segmentations(job: "TrainJob | DetectorJob", *, masks: bool) -> None:
    """Raise ValueError if the model has masks and annotations of the job have none."""
    if masks and job.without_masks:
        raise ValueError(
            f"the config's model has masks, and {job.without_masks}: add_segmentation makes them "
            "of the boxes"
        )


def has_masks(tree: Tree) -> bool:
    """Say whether the model answers with masks: it has a mask head, or it is trained with masks."""
    model = any(
        str(key).startswith("mask_head") or key in ("mask_roi_extractor", "panoptic_head")
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
        if ("ann_file" in node or str(node.get("type")).endswith("CocoDataset"))
        and not node.keys() & {"dataset", "datasets"}  # one that wraps others
    ]
    if len(found) != 1:
        raise ValueError(
            f"the config's {name} has {len(found)} data sets, expected one: join data sets in the "
            f"recipe (merge), and give it one with set: {{{name}.dataset: ...}}"
        )
    return ".".join(found[0][0]), found[0][1]


def _data(classes: Sequence[str], file: str) -> Tree:
    return {
        "type": "CocoDataset",
        "metainfo": {"classes": tuple(classes)},
        "ann_file": file,
        "data_root": "",
        "data_prefix": {"img": ""},
    }


def _bind_leaf(changes: Changes, path: str, leaf: Tree, classes: Sequence[str], file: str) -> None:
    placed = _data(classes, file)
    for key, value in placed.items():
        changes.set(f"{path}.{key}", value, because=OF_DATA)
    for key in ("indices", "proposal_file"):
        if leaf.get(key):
            changes.set(f"{path}.{key}", None, because=OF_DATA)
