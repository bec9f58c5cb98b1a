"""Step ``adapt_head``: a checkpoint's class head, fitted to the classes of a data set."""

import importlib.util
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
from coco_recipe_jobs import process
from coco_recipe_jobs.job import make
from coco_recipe_torch import class_rows, heads
from coco_recipe_torch.checkpoints import Weights, like, make_checkpoint, read, read_checkpoint
from coco_recipe_torch.class_rows import Layouts, NewRows, Plan, make_plan, unknown_classes
from coco_recipe_torch.coco_names import COCO_NAMES
from coco_recipe_torch.needed import INSTALL, TORCH

from coco_recipe import (
    Checkpoint,
    Dataset,
    Facts,
    FactsByPort,
    Finding,
    Package,
    Params,
    Port,
    Row,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    counted,
)
from coco_recipe_mmdet import configs, params, plans, preflights
from coco_recipe_mmdet.adapt_head_params import PARAMS
from coco_recipe_mmdet.jobs import PROGRAM, ClassRows, ClassRowsJob
from coco_recipe_mmdet.kinds import ROWS_MISSED

if TYPE_CHECKING:
    from torch import Tensor

LABEL = "adapted"
LOG = "adapt_head.log"
_PLUS_ONE = (
    "mmdet 1.x took a box from x1 to x2 as x2 - x1 + 1 wide: a model made of its weights wants "
    "some training"
)
_WAYS = (
    "name its config, by which class rows are found (with: {config: ...}), or leave adapt_head out "
    "and train with strict: false, which draws what doesn't fit"
)
_NO_CLASSES = (
    "no tensor depends on the number of classes: the weights stay as they are, and answer for the "
    "new names"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The class tensors of a checkpoint.

    Attributes:
        layouts: how the rows of each lie, by its key in the file.
        background: where its row is in the file: ``first``, ``last`` or ``none``.
        renames: keys of mmdet 1.x become those of 3.x.
        old_form: the keys are those of mmdet 1.x.
        missing: keys of the config's model that the file hasn't.
    """

    layouts: Layouts
    background: str
    renames: bool = False
    old_form: bool = False
    missing: Sequence[str] = ()


def adapt_head(
    ctx: StepContext,
    *,
    checkpoint: Checkpoint,
    dataset: Dataset,
    method: str,
    map: Mapping[str, str],
    from_classes: str | Sequence[str] | None,
    new_rows: Any,
    std: float,
    **with_: Any,
) -> Mapping[str, Checkpoint]:
    """Give a checkpoint's class heads the data set's classes, in the order of its categories.

    Which tensors have rows for classes is told by the detector's config: its model is built for
    both numbers of classes, in mmdet's process and without memory, and the tensors whose shapes
    differ are those. Many heads are known by the names of their tensors, and need no config and no
    mmdet: softmax heads of RoIs (every stage of a cascade) with their boxes by class, mask heads,
    heads of anchors x classes as RetinaNet's, FCOS's, ATSS's, GFL's and YOLOX's, and SSD's of
    several levels. For others the config is the one of ``config``, or that which the checkpoint
    carries. Where neither tells what a tensor is, it is refused by name.

    A class with an old row keeps its logits, and so do boxes and all else that is of no class.
    A name that the checkpoint gives to two of its classes is refused where it is asked for, and so
    is a head whose bias stands without its weights.
    ``head.json`` has each class's old row, and the lengths of each key's axis of classes, before
    and after.

    Args:
        ctx: the step's context.
        checkpoint: the weights, with their old class names.
        dataset: names the new classes, in order; no picture is opened.
        method: ``by_name`` or ``slice``.
        map: new name to old name.
        from_classes: the old names in order, or ``coco``; None for those that the file has.
        new_rows: how rows without an old one are made.
        std: the standard deviation of drawn weights.
        with_: the other parameters, by name.

    Returns:
        ``checkpoint``: the adapted weights.

    Raises:
        StepProblems: a parameter names a class that isn't there, or the config doesn't fit.
        ValueError: the old classes aren't known, or the heads don't fit them; names the file.
    """
    import torch

    found = read_checkpoint(checkpoint)
    names = tuple(dataset.category_names().values())
    plan = make_plan(names, old_names(found, from_classes), method, map, new_rows)
    ctx.find(ROWS_MISSED, _missed(plan))
    head = find_head(ctx, found, plan, with_)
    _expect_whole_layers(found, head)
    new = NewRows(new_rows, std, torch.Generator().manual_seed(ctx.seed % 2**63))
    state, rows = _adapted(found, head, plan, new)
    table = _table(plan, rows, len(state))
    table |= {"background": head.background, "renamed_1x": head.renames}
    (ctx.workdir / "head.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(table), indent=2) + b"\n"
    )
    _note(ctx, table, head)
    return {
        "checkpoint": make_checkpoint(
            ctx,
            "adapted.pth",
            state if head.renames else like(found.state, state),
            classes=plan.classes,
            label=LABEL,
        )
    }


def old_names(weights: Weights, given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the old class names: those that are given, or that the checkpoint says.

    Raises:
        ValueError: neither says them, or they differ by more than mmdet 1.x's underscores.
    """
    names = _given(given)
    if not names and not weights.classes:
        raise ValueError(
            f"{weights.path}: doesn't say its class names; set from_classes: coco, or list them"
        )
    if names and weights.classes and not _alike(names, weights.classes):
        raise ValueError(
            f"{weights.path}: says that its classes are {_listed(weights.classes)}, "
            "which are not those of from_classes; leave from_classes out"
        )
    return names or weights.classes


def find_head(ctx: StepContext, found: Weights, plan: Plan, with_: Params) -> Head:
    """Find a checkpoint's class tensors: by their names, or by a config, in mmdet's process.

    Args:
        ctx: where the process works.
        found: the checkpoint.
        plan: its classes, and the new ones.
        with_: the parameters ``config``, ``background``, ``rename_1x``, and those of a process.

    Raises:
        StepProblems: the config doesn't fit the checkpoint.
        ValueError: it isn't known which tensors have rows for classes, or the rows don't fit the
            old classes; names the file.
    """
    old_form = heads.is_1x(found.state)
    if with_.get("config") and not old_form:  # what mmdet 1.x had is known by name
        return _by_config(ctx, found, plan, with_)
    renames = old_form and with_["rename_1x"]
    given = with_["background"]
    try:
        where = heads.background_of(found.state, found.meta) if given == "auto" else given
        stays = old_form and not renames
        layouts = heads.layouts(found.state, len(plan.old), where, stays=stays)
    except heads.UnknownHeadError as error:
        carries = isinstance(found.meta.get("cfg"), str) and not old_form
        if carries and (with_.get("python") or importlib.util.find_spec("mmdet")):
            return _by_config(ctx, found, plan, with_)
        ways = f"the config that it carries would tell, with mmdet: {INSTALL}" if carries else _WAYS
        raise ValueError(f"{found.path}: {error}; {ways}") from error
    except ValueError as error:
        raise ValueError(f"{found.path}: {error}") from error
    return Head(layouts, where, renames, old_form)


def _expect_whole_layers(found: Weights, head: Head) -> None:
    """Raise ValueError for a bias of classes that stands alone: the file isn't whole."""
    layers = Counter(key.rpartition(".")[0] for key in found.state)
    for key in head.layouts:
        layer, _, name = key.rpartition(".")
        if name == "bias" and layers[layer] == 1:
            raise ValueError(
                f"{found.path}: has {key!r}, and no weights of {layer!r}: it isn't a whole model; "
                "save it again with all that state_dict() gives"
            )


def _by_config(ctx: StepContext, found: Weights, plan: Plan, with_: Params) -> Head:
    shapes = {key: list(tensor.shape) for key, tensor in found.state.items()}
    background = "first" if with_["background"] == "first" else "last"
    job = _job(with_, len(plan.old), plan.classes)
    job = msgspec.structs.replace(
        job,
        shapes=shapes,
        background=background,
        carried=None if job.config else found.meta["cfg"],
    )
    rows = process.run(ctx, PROGRAM, job, ClassRows, log=LOG)
    process.tidy(ctx)
    return Head(rows.layouts, background, missing=rows.missing)


def _job(with_: Params, old: int, classes: Sequence[str]) -> ClassRowsJob:
    config = configs.absolute(with_.get("config"))
    return make(ClassRowsJob, with_, config=config, old=old, classes=classes, device="cpu")


def _adapted(
    found: Weights, head: Head, plan: Plan, new: NewRows
) -> "tuple[dict[str, Tensor], dict[str, list[int]]]":
    """Return the new tensors, and the lengths of each axis of classes, before and after."""
    ssd = not any(key.startswith("rpn_head.") for key in found.state)
    state: dict[str, Tensor] = {}
    rows = {}
    for key, tensor in found.state.items():
        name = heads.renamed_1x(key, ssd=ssd) if head.renames else key
        state[name] = tensor
        if layouts := head.layouts.get(key):
            state[name] = class_rows.adapted(tensor, key, layouts, plan, new)
            rows[name] = [
                int(one.shape[layout.axis]) for layout in layouts for one in (tensor, state[name])
            ]
    return state, rows


def _note(ctx: StepContext, table: Mapping[str, Any], head: Head) -> None:
    words = [_PLUS_ONE] * head.old_form + [_NO_CLASSES] * (not head.layouts)
    told = {"dropped": len(table["dropped"]), "note": "; ".join(words)}
    ctx.note("head", {**table, **told})
    if head.missing:
        ctx.note("missing for the config's model", list(head.missing))
    kept = f"{counted(len(table['kept']), 'class')} kept, {len(table['mapped'])} mapped"
    ctx.note("summary", f"{kept}, {len(table['new'])} new, {len(table['dropped'])} dropped")


def _alike(names: Sequence[str], others: Sequence[str]) -> bool:
    return [name.replace("_", " ") for name in names] == [name.replace("_", " ") for name in others]


def _given(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return COCO_NAMES if names == "coco" else tuple(names or ())


def _table(plan: Plan, rows: Mapping[str, list[int]], keys: int) -> dict[str, Any]:
    pairs = [
        (name, None if source is None else plan.old[source])
        for name, source in zip(plan.classes, plan.sources, strict=True)
    ]
    taken = {old for _, old in pairs}
    return {
        "kept": [name for name, old in pairs if name == old],
        "mapped": {name: old for name, old in pairs if old not in (None, name)},
        "new": [name for name, old in pairs if old is None],
        "dropped": [name for name in plan.old if name not in taken],
        "rows": dict(rows),
        "keys_untouched": keys - len(rows),
    }


def _check(with_: Params) -> Iterator[StepProblem]:
    yield from configs.problems(with_)
    old = _given(with_.get("from_classes"))
    if with_["method"] == "slice" and with_["map"]:
        yield StepProblem(
            ("map",), "slice takes rows by their place, map by their name", "method: by_name"
        )
    if len(set(old)) < len(old):
        yield StepProblem(("from_classes",), "has a name twice")
    elif old:
        yield from unknown_classes(with_["map"], with_["new_rows"], old)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + f", ... ({len(names)})" * (len(names) > 5)


def foresee(with_: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    """Return which classes the checkpoint will have.

    Raises:
        StepProblems: the parameters name classes that aren't there.
    """
    classes = facts["dataset"].classes
    given, said = _given(with_.get("from_classes")), facts["checkpoint"].classes
    if given and said and not _alike(given, said):
        raise StepProblems(
            [
                StepProblem(
                    ("from_classes",),
                    f"the checkpoint's classes are {_listed(said)}",
                    "leave it out",
                )
            ]
        )
    old = given or tuple(said or ())
    if classes is not None and old:
        make_plan(classes, old, with_["method"], with_["map"], with_["new_rows"])
    return {"checkpoint": Facts(classes, labels=(LABEL,), bytes=facts["checkpoint"].bytes)}


def review(step_id: str, with_: Params, facts: FactsByPort) -> Iterator[Finding]:
    """Yield the classes that start anew though the checkpoint has one of nearly their name."""
    classes = facts["dataset"].classes
    old = _given(with_.get("from_classes")) or tuple(facts["checkpoint"].classes or ())
    if classes and old:
        plan = make_plan(classes, old, with_["method"], with_["map"], with_["new_rows"])
        if rows := list(_missed(plan)):
            yield Finding.of(ROWS_MISSED, step_id, rows)


def _missed(plan: Plan) -> Iterator[Row]:
    for name, old in plan.missed().items():
        yield Row(f"class {name!r}", f"the checkpoint has {old!r}")


def preflight(ctx: StepContext, with_: Params, facts: FactsByPort) -> None:
    """Look at a checkpoint that is there before the run, and at the config.

    Raises:
        StepProblems: the checkpoint can't be adapted, or the config doesn't fit.
    """
    known, classes = facts["checkpoint"], facts["dataset"].classes
    try:
        if known.file is not None:
            found = read(known.file, finite=False)
            found = replace(found, classes=found.classes or known.classes or ())
            old = old_names(found, with_.get("from_classes"))
            names = old if classes is None else classes
            plan = make_plan(names, old, with_["method"], with_["map"], with_["new_rows"])
            find_head(ctx, found, plan, with_)
        elif with_.get("config"):
            names = classes or preflights.UNKNOWN_CLASSES
            process.run(ctx, PROGRAM, _job(with_, len(names), names), ClassRows, log=LOG)
    except process.JobError as error:
        raise StepProblems(error.problems or [StepProblem(("config",), error.what)]) from error
    except StepProblems:
        raise
    except ValueError as error:
        raise StepProblems([StepProblem(("checkpoint",), str(error), below="in")]) from error


def needs(with_: Params) -> tuple[Package, ...]:
    """Return the packages that must be here: torch, and those of a config that is named."""
    return (params.needs(with_) if with_.get("config") else ()) or (TORCH,)


STEP = Step(
    name="adapt_head",
    run=adapt_head,
    inputs={"checkpoint": Port(Checkpoint), "dataset": Port(Dataset, reads_only=True)},
    outputs={"checkpoint": Checkpoint},
    params=PARAMS,
    check=_check,
    foresee=foresee,
    review=review,
    preflight=preflight,
    needs=needs,
    also=("coco_recipe_mmdet.inside.job", "coco_recipe_mmdet.inside.job_class_rows"),
    apart=("coco_recipe_mmdet.preflights", "coco_recipe_mmdet.plans"),
    files=configs.built_on,
    forecast=plans.adapt_head,
    room=plans.room,
    tell=plans.tell_adapt_head,
    writes=True,
)
