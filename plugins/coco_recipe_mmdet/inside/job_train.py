"""The job of ``train``: resolve the config, build mmengine's Runner with our hooks, and train."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coco_recipe_jobs.training_record import Record

from coco_recipe_mmdet import configs
from coco_recipe_mmdet.inside import job_config, settings, stack, weights

_UNUSED = ("test_dataloader", "test_cfg", "test_evaluator")
_VALIDATION = ("val_dataloader", "val_cfg", "val_evaluator")


def train(job: dict[str, Any], tell: Any) -> dict[str, Any]:
    """Train as the job says; checkpoints, scalars and the record are in the folder that we are in.

    Raises:
        ValueError: the config and the data, or the checkpoint and the model, don't go together; the loss isn't finite.
    """
    device = stack.begin(job)
    tree, changed = resolve(job, device)
    tell.note("config", {"files": configs.hashes(job["config"]), "changed": changed})
    if tell.first:
        job_config.dump(tree, Path("config.py"))
    stack.join(job["launcher"], device)
    try:
        runner = _runner(job, tree, device)
        _start(job, runner, tell)
        _add_hooks(job, tree, runner, tell)
        runner.train()
    finally:
        stack.leave()
    return {}


def resolve(job: Mapping[str, Any], device: str) -> tuple[settings.Tree, list[str]]:
    """Return the flat config of a training, and all that was changed in it."""
    changes = settings.Changes(job_config.load(job["config"]))
    job_config.override(changes, job)
    job_config.schedule(changes, job)
    job_config.hardware(changes, job, device)
    if (start := changes.tree.get("load_from")) and not job["checkpoint"]:
        raise ValueError(
            f"config: it starts from the checkpoint {start} (load_from), which is an input of this step: write it "
            "as in: {checkpoint: ...}; or set: {load_from: null} to start without"
        )
    changes.tree.update(launcher=job["launcher"], work_dir=".job/mmengine")
    changes.set("load_from", None)
    changes.set("resume", False)
    changes.set(
        "randomness",
        {"seed": job["seed"], "deterministic": job["deterministic"], "diff_rank_seed": False},
    )
    job_config.bind_classes(changes, job["classes"])
    masks = job_config.has_masks(changes.tree)
    job_config.expect_segmentations(job, masks=masks)
    if job["val"]:
        job_config.expect_masks(job["best_by"], masks=masks)
    job_config.bind_data(
        changes,
        job["classes"],
        val=job["val"],
        empty_images=job["empty_images"],
        metrics=["bbox", "segm"] if masks else ["bbox"],
    )
    if job["checkpoint"] or job["resume"]:
        job_config.without_downloads(changes)
    return changes.tree, changes.made


def _runner(job: Mapping[str, Any], tree: settings.Tree, device: str) -> Any:
    """Build the Runner; its own checkpoint hook and its files of scalars are replaced by ours.

    On the CPU the wrapper for several processes must be named, since the Runner's own choice asks for a GPU.
    """
    from mmengine.config import Config
    from mmengine.runner import Runner

    config = Config({**tree, **dict.fromkeys(_UNUSED if job["val"] else (*_UNUSED, *_VALIDATION))})
    config.setdefault("default_hooks", {})["checkpoint"] = None
    visualizer = config.get("visualizer") or {}
    if all(
        backend.get("type") == "LocalVisBackend" for backend in visualizer.get("vis_backends") or []
    ):
        config.visualizer = {
            "type": visualizer.get("type", "Visualizer"),
            "name": "visualizer",
            "vis_backends": [],
        }
    if job["launcher"] != "none" and device == "cpu" and not config.get("model_wrapper_cfg"):
        config.model_wrapper_cfg = {
            "type": "MMDistributedDataParallel",
            "broadcast_buffers": False,
            "device_ids": None,
            "find_unused_parameters": config.get("find_unused_parameters", False),
        }
    if job["resume"]:
        config.load_from, config.resume = job["resume"], True
    return Runner.from_cfg(config)


def _start(job: Mapping[str, Any], runner: Any, tell: Any) -> None:
    """Give mmengine a clean copy of the starting checkpoint, read by our own reader."""
    if not job["checkpoint"] or job["resume"]:
        return
    model = runner.model.module if hasattr(runner.model, "module") else runner.model
    state, _ = weights.read(Path(job["checkpoint"]), job["classes"] if job["strict"] else ())
    wanted = model.state_dict()
    faults = weights.differences(state, wanted)
    if faults and job["strict"]:
        raise ValueError(
            f"the checkpoint {job['checkpoint']} doesn't fit the config's model: {'; '.join(faults[:5])}"
            + f"; and {len(faults) - 5} more" * (len(faults) > 5)
            + " (adapt_head fits its head to the classes; strict: false takes what fits)"
        )
    if faults:
        tell.note(
            "of the starting checkpoint doesn't fit", {"count": len(faults), "first": faults[:20]}
        )
    fitting = {
        key: value
        for key, value in state.items()
        if key in wanted and wanted[key].shape == value.shape
    }
    path = Path(f".job/start_{os.environ.get('RANK', '0')}.pth")
    weights.write(path, fitting, {})
    runner._load_from = str(path)


def _add_hooks(job: Mapping[str, Any], tree: settings.Tree, runner: Any, tell: Any) -> None:
    from mmengine.hooks import SyncBuffersHook

    from coco_recipe_mmdet.inside.hooks import Metrics, Scalars, SeedEachEpoch, WholeCheckpoints

    record = Record(Path("."), job["key"])
    classes, config = tuple(job["classes"]), job_config.text(tree)

    def write(checkpoint: Any, path: Path) -> tuple[str, str]:
        meta = {
            "epoch": checkpoint["meta"]["epoch"],
            "iter": checkpoint["meta"]["iter"],
            "cfg": config,
            "dataset_meta": {"classes": classes},
            "ema": "ema_state_dict" in checkpoint,
        }
        return weights.write(path, checkpoint["state_dict"], meta), weights.fingerprint(
            checkpoint["state_dict"]
        )

    if runner.distributed:  # else each process validates with batch-norm statistics of its own, and the first's are saved
        runner.register_hook(SyncBuffersHook())
    for hook in (
        WholeCheckpoints(
            record, interval=job["checkpoint_interval"], keep=job["keep"], write=write
        ),
        Metrics(record),
        Scalars(Path("scalars.jsonl"), tell),
        SeedEachEpoch(job["seed"], runner.rank),
    ):
        runner.register_hook(hook, getattr(hook, "priority", None))
