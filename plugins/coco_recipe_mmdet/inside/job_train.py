"""The job of ``train``: resolve the config, build mmengine's Runner with our hooks, and train."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.found_and_missed import Found
from coco_recipe_jobs.training_record import Record

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet import configs
from coco_recipe_mmdet.inside import (
    config_source,
    drawings,
    families,
    job_config,
    readable_config,
    settings,
    stack,
    weights,
)
from coco_recipe_mmdet.jobs import TrainJob

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.runner import Runner

_UNUSED = ("test_dataloader", "test_cfg", "test_evaluator")
_VALIDATION = ("val_dataloader", "val_cfg", "val_evaluator")
CLOCKS, FOUND = Path(".job/clocks.jsonl"), Path(".job/found.json")
TRACKERS = Path("trackers")
LOCAL = "LocalVisBackend"
BACKENDS = {"tensorboard": "TensorboardVisBackend", "mlflow": "MLflowVisBackend"}
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
    tree, changed = resolve(job, device)
    report.note("config", {"files": configs.hashes(str(job.config)), "changed": changed})
    if families.LEFT_OUT in changed:
        report.progress(0, 0, families.LEFT_OUT)
    if report.first:
        readable_config.write(Path("config.py"), tree, val=job.val)
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


def resolve(job: TrainJob, device: str) -> tuple[settings.Tree, list[str]]:
    """Return the flat config of a training, and all that was changed in it.

    Args:
        job: the training.
        device: ``cpu`` or ``cuda``.

    Raises:
        StepProblems: a parameter and the config don't go together.
        ValueError: the config and the data don't go together.
    """
    changes = settings.Changes(config_source.load(str(job.config)))
    job_config.override(changes, job)
    job_config.schedule(changes, job)
    job_config.hardware(changes, job, device, amp=job.amp)
    _expect_no_other_start(changes.tree, job)
    changes.tree.update(launcher=job.launcher, work_dir=".job/mmengine")
    changes.set("load_from", None)
    changes.set("resume", False)
    randomness = {
        "seed": job.seed,
        "deterministic": job.deterministic,
        "diff_rank_seed": False,
    }
    changes.set("randomness", randomness)
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
    return changes.tree, changes.made


def _expect_no_other_start(tree: settings.Tree, job: TrainJob) -> None:
    """Raise StepProblems if the config starts from a checkpoint that the recipe doesn't name."""
    if (start := tree.get("load_from")) and not job.checkpoint:
        what = f"it starts from the checkpoint {start} (load_from), which is an input of this step"
        hint = "write it as in: {checkpoint: ...}; or set: {load_from: null} to start without"
        raise StepProblems([StepProblem(("config",), f"{what}: {hint}")])


def _runner(job: TrainJob, tree: settings.Tree, device: str) -> "Runner":
    """Build the Runner; its own checkpoint hook and its files of scalars are replaced by ours."""
    from mmengine.config import Config
    from mmengine.runner import Runner

    config = Config({**tree, **dict.fromkeys(_UNUSED if job.val else (*_UNUSED, *_VALIDATION))})
    config.setdefault("default_hooks", {})["checkpoint"] = None
    _track(config, job.trackers)
    # the Runner's own choice of a wrapper asks for a GPU
    if job.launcher != "none" and device == "cpu" and not config.get("model_wrapper_cfg"):
        config.model_wrapper_cfg = {
            "type": "MMDistributedDataParallel",
            "broadcast_buffers": False,
            "device_ids": None,
            "find_unused_parameters": config.get("find_unused_parameters", False),
        }
    if job.resume:
        config.load_from = job.resume
        config.resume = True
    return Runner.from_cfg(config)


def _track(config: "Config", trackers: Sequence[str]) -> None:
    """Let backends of the visualizer write below ``trackers/``; take out mmengine's local one.

    Args:
        config: what the Runner is built of.
        trackers: further ones, by name.
    """
    visualizer = config.get("visualizer") or {}
    wanted = [
        *(visualizer.get("vis_backends") or []),
        *({"type": BACKENDS[name]} for name in trackers),
    ]
    others = {
        backend.get("name", backend["type"]): backend
        for backend in wanted
        if backend["type"] != LOCAL
    }
    for name, backend in others.items():
        place = TRACKERS / name.removesuffix("VisBackend").lower()
        backend.setdefault("save_dir", str(place))
    kind = visualizer.get("type", "Visualizer")
    config.visualizer = {"type": kind, "name": "visualizer", "vis_backends": list(others.values())}


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
    if problems:
        noted = {"count": len(problems), "first": problems[:NOTED_FAULTS]}
        report.note("of the starting checkpoint doesn't fit", noted)
    fitting = {
        key: value
        for key, value in state.items()
        if key in wanted and wanted[key].shape == value.shape
    }
    path = Path(f".job/start_{os.environ.get('RANK', '0')}.pth")
    weights.write(path, fitting, {})
    runner._load_from = str(path)


def _add_hooks(job: TrainJob, tree: settings.Tree, runner: "Runner", report: Reporter) -> None:
    from mmengine.hooks import SyncBuffersHook

    from coco_recipe_mmdet.inside.hooks import (
        Content,
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
        return weights.write(path, state, meta), weights.fingerprint(state)

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
    ]
    for hook in hooks:
        runner.register_hook(hook, getattr(hook, "priority", None))
