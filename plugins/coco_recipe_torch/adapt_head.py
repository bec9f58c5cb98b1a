"""Step ``adapt_head``: a checkpoint's class head, fitted to the classes of a data set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe import (
    Checkpoint,
    Dataset,
    Facts,
    FactsByPort,
    Params,
    Port,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    did_you_mean,
)
from coco_recipe_torch import heads
from coco_recipe_torch.adapt_head_params import PARAMS
from coco_recipe_torch.checkpoints import Weights, like, make_checkpoint, read_checkpoint
from coco_recipe_torch.coco_names import COCO_NAMES
from coco_recipe_torch.needed import TORCH

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LABEL = "adapted"
_PLUS_ONE = (
    "mmdet 1.x took a box from x1 to x2 as x2 - x1 + 1 wide: a model made of its weights wants "
    "some training"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which old row each new class takes; None for a new one."""

    classes: tuple[str, ...]
    old: tuple[str, ...]
    sources: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class NewRows:
    """How rows of classes without an old one are made; ``how`` is the parameter ``new_rows``."""

    how: Any
    std: float
    random: "torch.Generator"


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
    background: str,
    rename_1x: bool,
) -> Mapping[str, Checkpoint]:
    """Give a checkpoint's class heads the data set's classes, in the order of its categories.

    Known are softmax heads of RoIs (every stage of a cascade) with their boxes by class, mask
    heads, heads of anchors x classes as RetinaNet's, FCOS's, ATSS's, GFL's and YOLOX's, and SSD's
    of several levels. What else may have rows for classes is refused by name. ``head.json`` has
    each class's old row and the rows of each key, before and after.

    Args:
        ctx: the step's context.
        checkpoint: the weights, with their old class names.
        dataset: names the new classes, in order; no picture is opened.
        method: ``by_name`` or ``slice``.
        map: new name to old name.
        from_classes: the old names in order, or ``coco``; None for those that the file has.
        new_rows: how rows without an old one are made.
        std: the standard deviation of drawn weights.
        background: ``first``, ``last``, ``none`` or ``auto``.
        rename_1x: whether keys of mmdet 1.x become those of 3.x.

    Returns:
        ``checkpoint``: the adapted weights.

    Raises:
        StepProblems: a parameter names a class that isn't there.
        ValueError: the old classes aren't known, or the heads don't fit them; names the file.
    """
    import torch

    found = read_checkpoint(checkpoint)
    plan = make_plan(
        tuple(dataset.category_names().values()),
        old_names(found, from_classes),
        method,
        map,
        new_rows,
    )
    old_form = heads.is_1x(found.state)
    try:
        where = heads.background_of(found.state, found.meta) if background == "auto" else background
        layouts = heads.layouts(found.state, len(plan.old), where)
    except ValueError as error:
        raise ValueError(f"{checkpoint.path}: {error}") from error
    renames = old_form and rename_1x
    ssd = not any(key.startswith("rpn_head.") for key in found.state)
    new = NewRows(new_rows, std, torch.Generator().manual_seed(ctx.seed % 2**63))
    state: dict[str, Tensor] = {}
    rows = {}
    for key, tensor in found.state.items():
        name = heads.renamed_1x(key, ssd=ssd) if renames else key
        state[name] = tensor
        if key in layouts:
            state[name] = _adapted(
                tensor,
                layouts[key],
                plan,
                new,
                first=where == "first",
                stays=old_form and not renames,
                is_bias=key.endswith(".bias"),
            )
            rows[name] = [int(tensor.shape[0]), int(state[name].shape[0])]
    table = _table(plan, rows, len(state)) | {"background": where, "renamed_1x": renames}
    (ctx.workdir / "head.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(table), indent=2) + b"\n"
    )
    ctx.note(
        "head", table | {"dropped": len(table["dropped"]), "note": _PLUS_ONE if old_form else ""}
    )
    ctx.note(
        "summary",
        f"{len(table['kept'])} classes kept, {len(table['mapped'])} mapped, {len(table['new'])} "
        f"new, {len(table['dropped'])} dropped",
    )
    return {
        "checkpoint": make_checkpoint(
            ctx,
            "adapted.pth",
            state if renames else like(found.state, state),
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
            f"{weights.path}: says that its classes are {', '.join(weights.classes[:5])}, ... "
            f"({len(weights.classes)}), which are not those of from_classes; leave from_classes out"
        )
    return names or weights.classes


def _alike(names: Sequence[str], others: Sequence[str]) -> bool:
    return [name.replace("_", " ") for name in names] == [name.replace("_", " ") for name in others]


def make_plan(
    classes: tuple[str, ...],
    old: tuple[str, ...],
    method: str,
    map: Mapping[str, str],
    new_rows: Any,
) -> Plan:
    """Say which old row each class takes.

    Raises:
        StepProblems: the parameters name what isn't there, or there are more classes than rows to
            slice.
    """
    StepProblems.if_any(
        [
            *(
                StepProblem(
                    ("map", name),
                    f"the data set has no category '{name}'",
                    did_you_mean(name, classes),
                )
                for name in map
                if name not in classes
            ),
            *_unknown_classes(map, new_rows, old),
            *(
                [
                    StepProblem(
                        ("method",),
                        f"{len(classes)} classes can't be cut from {len(old)}",
                        "method: by_name",
                    )
                ]
                if method == "slice" and len(classes) > len(old)
                else []
            ),
        ]
    )
    if method == "slice":
        return Plan(classes, old, tuple(range(len(classes))))
    wanted = [map.get(name, name) for name in classes]
    return Plan(classes, old, tuple(old.index(name) if name in old else None for name in wanted))


def _given(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return COCO_NAMES if names == "coco" else tuple(names or ())


def _unknown_classes(
    map: Mapping[str, str], new_rows: Any, old: Sequence[str]
) -> Iterator[StepProblem]:
    """Yield the old classes that parameters name and that aren't there."""
    asked: list[tuple[tuple[str, str], str]] = [(("map", new), name) for new, name in map.items()]
    asked += [(("new_rows", "copy"), new_rows["copy"])] if isinstance(new_rows, Mapping) else []
    yield from (
        StepProblem(path, f"the checkpoint has no class '{name}'", did_you_mean(name, old))
        for path, name in asked
        if name not in old
    )


def _adapted(
    tensor: "Tensor",
    where: heads.Layout,
    plan: Plan,
    new: NewRows,
    *,
    first: bool,
    stays: bool,
    is_bias: bool,
) -> "Tensor":
    """Take a tensor's rows apart by class, choose, and put them together.

    Args:
        tensor: rows first.
        where: how they lie.
        plan: which to take.
        new: how the others are made.
        first: the background's row comes first.
        stays: the background stays there, as mmdet 1.x wants it; else it goes last, or out where
            3.x has none.
        is_bias: a bias, whose new rows are never drawn.
    """
    import torch

    rest = tensor.shape[1:]
    rows = tensor.reshape(where.anchors, -1, where.width, *rest)
    at = 1 if where.has_background and first else 0
    old = rows[:, at : at + len(plan.old)]
    parts = [
        old[:, source] if source is not None else _new(old, plan, new, is_bias)
        for source in plan.sources
    ]
    if where.has_background and (where.keeps_background or stays):
        parts.insert(0 if first and stays else len(parts), rows[:, 0 if first else -1])
    return torch.stack(parts, dim=1).reshape(-1, *rest).contiguous()


def _new(old: "Tensor", plan: Plan, new: NewRows, is_bias: bool) -> "Tensor":
    import torch

    if isinstance(new.how, Mapping):
        return old[:, plan.old.index(new.how["copy"])]
    if new.how == "zeros":
        return torch.zeros_like(old[:, 0])
    if new.how == "mean" or is_bias:
        return old.double().mean(dim=1).to(old.dtype)
    return torch.normal(0.0, new.std, old[:, 0].shape, generator=new.random).to(old.dtype)


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


def _check(params: Params) -> Iterator[StepProblem]:
    old = _given(params.get("from_classes"))
    if params["method"] == "slice" and params["map"]:
        yield StepProblem(
            ("map",), "slice takes rows by their place, map by their name", "method: by_name"
        )
    if len(set(old)) < len(old):
        yield StepProblem(("from_classes",), "has a name twice")
    elif old:
        yield from _unknown_classes(params["map"], params["new_rows"], old)


def _foresee(params: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    classes = facts["dataset"].classes
    given, said = _given(params.get("from_classes")), facts["checkpoint"].classes
    if given and said and not _alike(given, said):
        raise StepProblems(
            [
                StepProblem(
                    ("from_classes",),
                    f"the checkpoint's classes are {', '.join(said[:5])}, ... ({len(said)})",
                    "leave it out",
                )
            ]
        )
    old = given or tuple(said or ())
    if classes is not None and old:
        make_plan(classes, old, params["method"], params["map"], params["new_rows"])
    return {"checkpoint": Facts(classes, labels=(LABEL,))}


STEP = Step(
    name="adapt_head",
    run=adapt_head,
    inputs={"checkpoint": Port(Checkpoint), "dataset": Port(Dataset, reads_only=True)},
    outputs={"checkpoint": Checkpoint},
    params=PARAMS,
    check=_check,
    foresee=_foresee,
    needs=(TORCH,),
    writes=True,
)
