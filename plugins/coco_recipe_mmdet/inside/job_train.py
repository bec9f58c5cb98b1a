"""The job of ``train``: resolve the config, build mmengine's Runner with our hooks, and train."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.found_and_missed import Found
from coco_recipe_jobs.training_record import Record

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet import configs
from coco_recipe_mmdet.inside import (
    added_parts,
    config_source,
    drawings,
    families,
    in_vain,
    job_config,
    readable_config,
    schedule,
    settings,
    stack,
    trackers,
    training_table,
    weights,
)
from coco_recipe_mmdet.inside.training_length import Length
from coco_recipe_mmdet.jobs import TrainJob

if TYPE_CHECKING:
    from mmengine.runner import Runner
    from torch import Tensor

_OF_TEST = "a training looks at val (val_dataloader); the step evaluate has what is for tests"
_OF_TTA = "the steps evaluate and predict have it: with: {tta: true}"
_UNUSED = {
    **dict.fromkeys(("test_dataloader", "test_cfg", "test_evaluator"), _OF_TEST),
    **dict.fromkeys(("tta_model", "tta_pipeline"), _OF_TTA),
    "runner_type": "the step has a Runner of its own, made of mmengine's",
    "custom_imports": "a config's file imports them: write it there, and name that file as config",
}
_OF_PROCESSES = dict.fromkeys(
    ("model_wrapper_cfg", "find_unused_parameters", "sync_bn"),
    "it is for several processes: with: {launcher: ..., gpus: ...}",
)
_OF_TRACKERS = "with: {trackers: [...]}; scalars.jsonl has what mmengine's local backend writes"
_OF_PREPROCESSOR = "the model has one of its own: model.data_preprocessor"
_VALIDATION = ("val_dataloader", "val_cfg", "val_evaluator")
CLOCKS, FOUND = Path(".job/clocks.jsonl"), Path(".job/found.json")
SHOWN_FAULTS = 5
NOTED_FAULTS = 20


def train(job: TrainJob, report: Reporter) -> None:
    """Train as the job says; checkpoints, scalars and the record are in the current folder.

    Raises:
        StepProblems: a parameter and the config don't go together.
        ValueError: the config and the data, or the checkpoint and the model, don't go together;
            the loss isn't finite.
    """
    device = stack.begin(job)
    found = resolve(job, device)
    tree = found.tree
    report.note("config", {"files": configs.hashes(str(job.config)), "changed": found.changed})
    if families.LEFT_OUT in found.changed:
        report.progress(0, 0, families.LEFT_OUT)
    if report.first:
        readable_config.write(Path("config.py"), tree, val=job.val)
    _tell(job, found, report)
    stack.join(job.launcher, device)
    try:
        runner = _runner(job, tree, device)
        _start(job, runner, report)
        _add_hooks(job, tree, runner, report)
        runner.train()
    finally:
        stack.leave()
    if report.first:
        _draw(job, report)


def _draw(job: TrainJob, report: Reporter) -> None:
    """Leave the table and the pictures of the training."""
    with drawings.attempt(report, "curves.png"):
        drawings.training(Path("."), CLOCKS)
    if job.val and FOUND.is_file():
        with drawings.attempt(report, drawings.PREDICTIONS):
            matched = Found(Path(job_config.VAL), json.loads(FOUND.read_bytes()))
            if best := matched.curves()[0].best():
                report.note("best threshold", msgspec.to_builtins(best))
            drawings.detections(Path("."), matched)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The config of a training.

    Attributes:
        tree: the flat config.
        changed: all that was changed in it, in words.
        length: how long the training is.
        shortened: what the training is too short for, in words.
        wanted: what the recipe's ``set`` has put where.
    """

    tree: settings.Tree
    changed: list[str]
    length: Length
    shortened: list[str]
    wanted: list[settings.Wanted]


def resolve(job: TrainJob, device: str) -> Resolved:
    """Fit the config to the training.

    Args:
        job: the training.
        device: ``cpu`` or ``cuda``.

    Raises:
        StepProblems: a parameter and the config don't go together; the recipe sets what the step
            decides.
        ValueError: the config and the data don't go together.
    """
    changes = settings.Changes(config_source.load(str(job.config)))
    scope = changes.tree.get("default_scope", "mmdet")
    job_config.override(changes, job)
    because = "the names in the config are those of this package"
    changes.set("default_scope", scope, because=because)
    job_config.one_data_set(changes)
    added_parts.fit(changes, job)
    length, shortened = schedule.fit(changes, job)
    job_config.hardware(changes, job, device, amp=job.amp)
    _expect_no_other_start(changes, job)
    changes.set("launcher", job.launcher, because="with: {launcher: ...}")
    changes.set("work_dir", ".job/mmengine", because="the results are in the step's folder")
    changes.set("load_from", None, because="in: {checkpoint: ...}")
    changes.set("resume", False, because="the step goes on where it was interrupted")
    randomness = {
        "seed": job.seed,
        "deterministic": job.deterministic,
        "diff_rank_seed": False,
    }
    changes.set("randomness", randomness, because="with: {seed: ..., deterministic: ...}")
    job_config.bind_classes(changes, job.classes)
    masks = job_config.has_masks(changes.tree)
    job_config.expect_segmentations(job, masks=masks)
    if job.val:
        job_config.expect_masks(job.best_by, masks=masks)
    job_config.bind_data(
        changes,
        job.classes,
        val=job.val,
        empty_images=job.empty_images,
        metrics=["bbox", "segm"] if masks else ["bbox"],
    )
    if job.checkpoint or job.resume:
        job_config.without_downloads(changes)
    job_config.own_checkpoints(changes, job.checkpoint_interval, job.keep)
    for part, because in (_UNUSED | _OF_PROCESSES).items():
        changes.explain(part, because)
    changes.explain("visualizer", _OF_TRACKERS)
    changes.explain("data_preprocessor", _OF_PREPROCESSOR)
    used = for_runner(job, changes.tree, device)
    in_vain.expect_kept(changes, used | {"default_hooks": changes.tree["default_hooks"]})
    _expect_kept_drawings(changes, used)
    return Resolved(changes.tree, changes.made, length, shortened, changes.wanted)


def _tell(job: TrainJob, found: Resolved, report: Reporter) -> None:
    """Report what the training is going to do, before its first iteration."""
    table = training_table.rows(job, found.tree, found.length)
    report.note("schedule", dict(table) | {"shortened": found.shortened})
    lines = [f"  {line}" for line in found.shortened]
    report.say("\n".join(["the training is going to be", training_table.text(table), *lines]))


def _expect_no_other_start(changes: settings.Changes, job: TrainJob) -> None:
    """Raise StepProblems if the config starts from a checkpoint that the recipe doesn't name."""
    if (start := changes.tree.get("load_from")) and not job.checkpoint:
        path = changes.wanted_by(("load_from",))
        key = ("set", path) if path else ("config",)
        what = f"it starts from the checkpoint {start} (load_from), which is an input of this step"
        hint = "write it as in: {checkpoint: ...}; or set: {load_from: null} to start without"
        raise StepProblems([StepProblem(key, f"{what}: {hint}")])


def _expect_kept_drawings(changes: settings.Changes, used: settings.Tree) -> None:
    """Raise StepProblems if the recipe lets mmdet draw what it finds, and nothing keeps it."""
    place = ("default_hooks", "visualization")
    path = changes.wanted_by(place)
    draws = settings.get(used, (*place, "draw"))
    if not path or (draws and used["visualizer"]["vis_backends"]):
        return
    if not draws and all(leaf.value in (False, None) for leaf in changes.wanted_at(place)):
        return
    if not draws:
        what = "mmdet's own drawing is off, and nothing else looks at this"
        hint = "predictions.png has pictures of val; set: {default_hooks.visualization.draw: true}"
        raise StepProblems([StepProblem(("set", path), what, hint)])
    what = "mmdet draws for a tracker, and there is none"
    hint = "with: {trackers: [tensorboard]}; predictions.png has pictures of val without it"
    raise StepProblems([StepProblem(("set", path), what, hint)])


def for_runner(job: TrainJob, tree: settings.Tree, device: str) -> settings.Tree:
    """Return the config that mmengine's Runner gets; it shares its parts with the resolved one.

    The Runner's own checkpoint hook is replaced by ours, and so is its file of scalars; what the
    Runner would look at in vain is None.

    Args:
        job: the training.
        tree: the resolved config.
        device: ``cpu`` or ``cuda``.
    """
    found = {**tree, **dict.fromkeys(_UNUSED if job.val else (*_UNUSED, *_VALIDATION))}
    if job.launcher == "none":
        found |= dict.fromkeys(_OF_PROCESSES)
    if tree["model"].get("data_preprocessor"):
        found["data_preprocessor"] = None
    found["default_hooks"] = {**(tree.get("default_hooks") or {}), "checkpoint": None}
    trackers.track(found, job.trackers)
    # the Runner's own choice of a wrapper asks for a GPU
    if job.launcher != "none" and device == "cpu" and not found.get("model_wrapper_cfg"):
        found["model_wrapper_cfg"] = {
            "type": "MMDistributedDataParallel",
            "broadcast_buffers": False,
            "device_ids": None,
            "find_unused_parameters": found.get("find_unused_parameters", False),
        }
    if job.resume:
        found |= {"load_from": job.resume, "resume": True}
    return found


def _runner(job: TrainJob, tree: settings.Tree, device: str) -> "Runner":
    """Build the Runner, with the parts of its model frozen that the job names."""
    from mmengine.config import Config

    from coco_recipe_mmdet.inside.freezing_runner import FreezingRunner

    FreezingRunner.parts = added_parts.parts_to_freeze(job.freeze)
    return FreezingRunner.from_cfg(Config(for_runner(job, tree, device)))


def _start(job: TrainJob, runner: "Runner", report: Reporter) -> None:
    """Give mmengine a clean copy of the starting checkpoint, read by our own reader.

    Raises:
        ValueError: it can't be read, or doesn't fit the model.
    """
    if not job.checkpoint or job.resume:
        return
    model = runner.model.module if hasattr(runner.model, "module") else runner.model
    state, _ = weights.read(Path(job.checkpoint), job.classes if job.strict else ())
    wanted = model.state_dict()
    problems = weights.differences(state, wanted)
    if problems and job.strict:
        raise ValueError(
            f"the checkpoint {job.checkpoint} doesn't fit the config's model: "
            + "; ".join(problems[:SHOWN_FAULTS])
            + f"; and {len(problems) - SHOWN_FAULTS} more" * (len(problems) > SHOWN_FAULTS)
            + " (adapt_head fits its head to the classes; strict: false takes what fits)"
        )
    fitting = {
        key: value
        for key, value in state.items()
        if key in wanted and wanted[key].shape == value.shape
    }
    if problems:
        _expect_a_start(job, fitting, wanted, problems)
        taken = f"{len(fitting)} of {len(wanted)}"
        noted = {"taken": taken, "count": len(problems), "first": problems[:NOTED_FAULTS]}
        report.note("of the starting checkpoint doesn't fit", noted)
        report.say(f"{taken} tensors of the model come from the starting checkpoint")
    path = Path(f".job/start_{os.environ.get('RANK', '0')}.pth")
    weights.write(path, fitting, {})
    runner._load_from = str(path)


def _expect_a_start(
    job: TrainJob,
    fitting: "Mapping[str, Tensor]",
    wanted: "Mapping[str, Tensor]",
    problems: Sequence[str],
) -> None:
    """Raise StepProblems if nothing is taken of a start, or nothing of its backbone."""
    # a counter of batches fits any model
    learnt = [key for key, value in wanted.items() if value.ndim]
    backbone = [key for key in learnt if "backbone" in key.split(".")]
    if any(key in fitting for key in backbone or learnt):
        return
    is_other = any(key in fitting for key in learnt)
    part = f"the backbone's {len(backbone)}" if is_other else f"the model's {len(learnt)}"
    what = f"none of {part} tensors is in the checkpoint {job.checkpoint}: {problems[0]}"
    hint = "name the config that it was trained with, or start without it"
    raise StepProblems([StepProblem(("checkpoint",), what, hint, below="in")])


def _add_hooks(job: TrainJob, tree: settings.Tree, runner: "Runner", report: Reporter) -> None:
    from mmengine.hooks import SyncBuffersHook

    from coco_recipe_mmdet.inside.hooks import (
        Content,
        EarlyStop,
        Metrics,
        Scalars,
        SeedEachEpoch,
        WholeCheckpoints,
    )
    from coco_recipe_mmdet.inside.picture_hooks import BestFound, FirstBatch
    from coco_recipe_mmdet.inside.progress import Progress

    record = Record(Path("."), job.key, job.best_by)
    config = config_source.text(tree)

    def write(checkpoint: Content, path: Path) -> tuple[str, str]:
        meta = {
            "epoch": checkpoint["meta"]["epoch"],
            "iter": checkpoint["meta"]["iter"],
            "cfg": config,
            "dataset_meta": {"classes": job.classes},
            "ema": "ema_state_dict" in checkpoint,
        }
        state = checkpoint["state_dict"]
        return weights.write(path, state, meta, job.lineage), weights.fingerprint(state)

    # else each process validates with statistics of its own, and the first one's are saved
    if runner.distributed:
        runner.register_hook(SyncBuffersHook())
    scalars = Scalars(Path("scalars.jsonl"))
    preprocessor = tree["model"].get("data_preprocessor") or {}
    bgr = not preprocessor.get("rgb_to_bgr")
    hooks = [
        WholeCheckpoints(record, interval=job.checkpoint_interval, keep=job.keep, write=write),
        Metrics(record),
        BestFound(record, FOUND),
        FirstBatch(Path(drawings.BATCH), job.classes, report, bgr=bgr),
        scalars,
        Progress(report, record, scalars, CLOCKS),
        SeedEachEpoch(job.seed, runner.rank),
        *([EarlyStop(record, job.early_stopping)] if job.early_stopping else []),
    ]
    for hook in hooks:
        runner.register_hook(hook, getattr(hook, "priority", None))
