"""What the steps share that let checkpoints look at the pictures of a data set."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from coco_recipe_jobs.job import make

from coco_recipe import (
    Checkpoint,
    Dataset,
    Facts,
    Params,
    Schema,
    StepContext,
    StepProblem,
    StepProblems,
    missing_pictures,
)
from coco_recipe_mmdet import configs, datasets, params, plans, preflights
from coco_recipe_mmdet.jobs import DetectorJob, EvaluateJob, Source

PortFacts: TypeAlias = Mapping[str, Facts | tuple[Facts, ...]]
J = TypeVar("J", bound=DetectorJob)
ADAPT = "adapt_head fits a checkpoint's head to the data set's classes"
ORDERS = "the checkpoints have their classes in different orders"
METRIC: Schema = {
    "type": "string",
    "pattern": "^(bbox|segm)_(mAP(_50|_75|_s|_m|_l)?|AR_(1|10|100|s|m|l))$",
    "default": "bbox_mAP",
    "examples": ["bbox_mAP_50", "segm_mAP"],
    "description": "The metric that picks the best; the higher the better.",
}
CONFIG: Schema = {
    **params.CONFIG,
    "description": "Detector config, as for train. Default: the one that the checkpoint carries, "
    "which is read as data and not run.",
}
TTA: Schema = {
    "type": "boolean",
    "default": False,
    "examples": [True],
    "description": "Test-time augmentation: look at each picture several times, as the config's "
    "tta_pipeline says or else as it is and mirrored, and join the boxes. Not for masks.",
}
BATCH: Schema = {
    "type": "integer",
    "minimum": 1,
    "examples": [8],
    "description": "Pictures at a time. Default: the config's.",
}


def usage(dataset: Dataset, hint: str = "") -> datasets.Usage:
    """Return what pycocotools measures against.

    Args:
        dataset: the data set.
        hint: what to do where there is nothing.

    Raises:
        ValueError: there is no box to find.
    """
    used = datasets.usage(dataset, training=False)
    if not used.boxes:
        what = datasets.nothing_measured(dataset, "the data set")
        raise ValueError(what + f"; {hint}" * bool(hint))
    return used


def examine(
    given: Params, facts: PortFacts, values: Callable[[], Mapping[str, Any] | None]
) -> None:
    """Look for a box to measure against, where the rows are known before the run.

    Raises:
        StepProblems: there is none, or none of the size that the metric is of.
    """
    dataset = (values() or {}).get("dataset")
    if dataset and not datasets.has_box(dataset, training=False):
        what = datasets.nothing_measured(dataset, "the data set")
        hint = f"{datasets.NO_BOX}; predict works without"
        raise StepProblems([StepProblem(("dataset",), what, hint, below="in")])
    best_by = given.get("best_by", "")
    if dataset and (what := datasets.nothing_of_size(dataset, best_by, "the data set")):
        hint = "leave it out, or name a metric of all sizes"
        raise StepProblems([StepProblem(("best_by",), what, hint)])


def class_order(checkpoints: Sequence[Checkpoint], dataset: Dataset) -> tuple[str, ...]:
    """Return the class names in the order of the models' answers.

    It is the checkpoints' order, and where they name no classes the data set's.

    Raises:
        ValueError: they have other classes than the data set, or different orders.
    """
    own = datasets.class_names(dataset)
    orders = {checkpoint.classes for checkpoint in checkpoints if checkpoint.classes}
    for order in orders:
        if problems := list(datasets.same_classes(own, order, "the checkpoint", "the data set")):
            raise ValueError("; ".join(problems))
    if len(orders) > 1:
        raise ValueError(ORDERS)
    return next(iter(orders), own)


def unique_labels(checkpoints: Sequence[Checkpoint], sources: Sequence[str] = ()) -> list[str]:
    """Return a name for each checkpoint that is good for a file name.

    It is the label or the name of the file, numbered where it repeats; where the sources are
    given, behind the source's name, as ``fit/epoch_11``.

    Args:
        checkpoints: the checkpoints.
        sources: the input or step that each is of; empty to leave them out.
    """
    labels: list[str] = []
    for checkpoint, source in itertools.zip_longest(checkpoints, sources, fillvalue=""):
        assert isinstance(checkpoint, Checkpoint)
        own = checkpoint.label or ("" if source else checkpoint.path.stem)
        name = "/".join(_plain(part) for part in (source, own) if part)
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        free = (label for label in itertools.chain([name], numbered) if label not in labels)
        labels.append(next(free))
    return labels


def _plain(text: object) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in str(text))


def job(
    kind: type[J],
    ctx: StepContext,
    given: Params,
    *,
    checkpoints: Sequence[Checkpoint],
    dataset: Dataset,
    labels: Sequence[str] = (),
    without_masks: str = "",
) -> J:
    """Write the data set into the step's folder, and return the job.

    Args:
        kind: the job's class.
        ctx: the step's context.
        given: the step's parameters.
        checkpoints: of one order of classes.
        dataset: the pictures, with the annotations to measure against.
        labels: of the checkpoints, for files' names; empty for their own.
        without_masks: which annotations have no segmentation, in words; empty where all have one.

    Returns:
        The job, which has the checkpoints by label, and the class names in the order of the models'
        outputs.

    Raises:
        ValueError: the checkpoints' classes don't fit; a picture is missing.
    """
    classes = class_order(checkpoints, dataset)
    if missing := missing_pictures({"dataset": dataset}):
        raise ValueError(missing)
    datasets.write_for_mmdet(dataset, ctx.workdir / "data/images.json", classes)
    sources = [
        Source(label=label, path=str(checkpoint.path.absolute()))
        for label, checkpoint in zip(labels or unique_labels(checkpoints), checkpoints, strict=True)
    ]
    return make(
        kind,
        given,
        config=configs.absolute(given.get("config")),
        classes=classes,
        images=len(dataset.images),
        seed=ctx.seed % 2**31,
        checkpoints=sources,
        without_masks=without_masks,
    )


def foresee_classes(facts: PortFacts) -> Facts:
    """Return which classes the checkpoints answer with.

    Raises:
        StepProblems: a checkpoint has other classes than the data set, or two have different
            orders.
    """
    own = _known(facts, "dataset").classes
    given = dict(_given(facts))
    StepProblems.if_any(
        StepProblem(path, fault, ADAPT, below="in")
        for path, known in given.items()
        if known.classes and own
        for fault in datasets.same_classes(own, known.classes, "the checkpoint", "the data set")
    )
    orders = {known.classes for known in given.values() if known.classes}
    if len(orders) > 1:
        hint = "evaluate those with one order together"
        raise StepProblems([StepProblem(("checkpoints",), ORDERS, hint, below="in")])
    return Facts(next(iter(orders), own), bytes=plans.bytes_of(facts))


def _known(facts: PortFacts, port: str) -> Facts:
    """Return what is known of the one value of a port; nothing, where the port has none."""
    known = facts.get(port, Facts())
    return known if isinstance(known, Facts) else Facts()


def _given(
    facts: PortFacts,
) -> Iterator[tuple[tuple[str | int, ...], Facts]]:
    """Yield what is known of each checkpoint, with its place in the step's inputs."""
    several = facts.get("checkpoints")
    if isinstance(several, tuple):
        yield from ((("checkpoints", n), known) for n, known in enumerate(several))
    else:
        yield ("checkpoint",), _known(facts, "checkpoint")


def preflight(ctx: StepContext, given: Params, facts: PortFacts) -> None:
    """See whether a config that is named goes together with the parameters.

    Raises:
        StepProblems: it doesn't.
    """
    classes = _known(facts, "dataset").classes or preflights.UNKNOWN_CLASSES
    config = configs.absolute(given.get("config"))
    preflights.run(ctx, make(EvaluateJob, given, config=config, classes=classes))
