"""Look at a config before the step that it is for is due."""

from collections.abc import Mapping, Sequence
from typing import Any

from coco_recipe_jobs import process

from coco_recipe import Complaint, Misfit, StepContext
from coco_recipe_mmdet import configs


def run(
    ctx: StepContext,
    kind: str,
    with_: Mapping[str, Any],
    classes: Sequence[str] | None,
    **more: Any,
) -> None:
    """Run the config of a step that isn't due yet, and see whether it goes together with the parameters.

    Args:
        ctx: a context of its own.
        kind: "train", or another name of a job with a config.
        with_: the parameters, with their defaults.
        classes: of the data set, as far as they are known.
        more: what else the job knows.

    Raises:
        Misfit: they don't go together.
    """
    if not with_.get("config"):
        return
    elsewhere = (
        with_.get("launcher") == "slurm"
    )  # where there may be GPUs that this machine has not
    job = {
        **with_,
        **more,
        "do": "preflight",
        "for": kind,
        "config": configs.absolute(with_["config"]),
        "classes": list(classes or ("unknown",)),
        "launcher": "none",
        "device": "auto" if elsewhere else with_["device"],
    }
    try:
        process.run(ctx, job, log=process.LOG)
    except ValueError as error:
        log = ctx.workdir / process.LOG  # which nobody will find
        text = (
            str(error).replace(f" (the log is {log})", "").replace(f"the log is {log}, its", "its")
        )
        name, _, what = text.partition(": ")  # as in "scale_lr: the config doesn't say ..."
        raise Misfit(
            [Complaint((name,), what) if name in with_ else Complaint(("config",), text)]
        ) from error
