"""Step ``adapt_head``: a pretrained checkpoint's class head, made to answer with a data set's classes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe import Checkpoint, Complaint, Dataset, Facts, Port, Step, StepContext
from coco_recipe_torch.coco_names import COCO_NAMES

if TYPE_CHECKING:
    import torch

    from coco_recipe_torch.heads import Layout

PARAMS: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "method": {"enum": ["by_name", "slice"], "default": "by_name", "examples": ["slice"],
                   "description": "by_name: a class keeps the rows of the old class of its name; slice: the first N rows, "
                   "whatever they stood for."},
        "map": {"type": "object", "additionalProperties": {"type": "string"}, "default": {},
                "description": "New name to old name, for synonyms; several may take one.", "examples": [{"cap": "bottle"}]},
        "from_classes": {"anyOf": [{"const": "coco"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
                         "description": "The old class names in order, where the checkpoint doesn't say them; coco stands "
                         "for COCO's 80.", "examples": ["coco"]},
        "new_rows": {"anyOf": [{"enum": ["zeros", "normal", "mean"]},
                               {"type": "object", "additionalProperties": False, "required": ["copy"],
                                "properties": {"copy": {"type": "string"}}}],
                     "default": "normal", "examples": ["mean", {"copy": "bottle"}],
                     "description": "Rows of classes without an old one: zeros; normal: weights drawn with std, biases the "
                     "mean of the old ones; mean of all old rows; or copied from a named old class."},
        "std": {"type": "number", "exclusiveMinimum": 0, "default": 0.01, "examples": [0.01],
                "description": "Standard deviation for new_rows: normal."},
        "background": {"enum": ["auto", "first", "last"], "default": "auto", "examples": ["first"],
                       "description": "Which row of a softmax head is the background: mmdet 1.x has it first, 2.x and 3.x "
                       "last; auto tells by the keys. It is last in what comes out."},
        "rename_1x": {"type": "boolean", "default": True, "examples": [False],
                      "description": "Rename keys of mmdet 1.x to those of 3.x."},
    },
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which old row each new class takes; None for a new one."""

    classes: tuple[str, ...]
    old: tuple[str, ...]
    sources: tuple[int | None, ...]
    mapped: Mapping[str, str]


def adapt_head(ctx: StepContext, *, checkpoint: Checkpoint, dataset: Dataset, method: str, map: Mapping[str, str],
               from_classes: str | Sequence[str] | None, new_rows: Any, std: float, background: str,
               rename_1x: bool) -> Mapping[str, Checkpoint]:
    """Give a checkpoint's class heads the data set's classes, in the order of its categories.

    Known are softmax heads (every stage of a cascade), class-wise box regression, mask heads, RetinaNet-like heads of
    anchors x classes, and SSD's. ``head.json`` says which rows were kept, mapped, new and dropped. mmdet 1.x also encoded
    boxes with a width of x2 - x1 + 1: a model made of such weights wants some training.

    Raises:
        ValueError: the old class names aren't known or don't fit; a key may have rows for classes and isn't understood.
    """
    import torch

    from coco_recipe_torch import checkpoints, heads

    found = checkpoints.read_checkpoint(checkpoint)
    old = old_names(checkpoint, found.classes, from_classes)
    plan = make_plan(tuple(dataset.category_names().values()), old, method, map)
    is_old = heads.is_1x(list(found.state))
    first = background == "first" or (background == "auto" and is_old)
    random = torch.Generator().manual_seed(ctx.seed % 2**63)
    state: dict[str, torch.Tensor] = {}
    changed: dict[str, list[int]] = {}
    for key, tensor in found.state.items():
        name = heads.renamed_1x(key) if is_old and rename_1x else key
        where = heads.layout(key, tensor, len(old))
        state[name] = tensor if where is None else _adapted(tensor, where, plan, new_rows, std, first, random,
                                                            is_bias=key.endswith(".bias"))
        if where is not None:
            changed[name] = [tensor.shape[0], state[name].shape[0]]
    if not changed:
        raise ValueError(f"{checkpoint.path}: has no class head")
    table = _table(plan, changed, len(found.state))
    (ctx.workdir / "head.json").write_bytes(msgspec.json.format(msgspec.json.encode(table), indent=2) + b"\n")
    ctx.note("head", {name: table[name] for name in ("kept", "mapped", "new", "dropped", "keys_untouched")})
    path = ctx.workdir / "adapted.pth"
    ctx.wrote(path, checkpoints.write(path, state, classes=plan.classes))
    return {"checkpoint": Checkpoint(path, plan.classes, checkpoints.fingerprint(state), "adapted")}


def old_names(checkpoint: Checkpoint, own: Sequence[str], given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the old class names: those that are given, or that the checkpoint says."""
    names = COCO_NAMES if given == "coco" else tuple(given or checkpoint.classes or own)
    if not names:
        raise ValueError(f"{checkpoint.path}: doesn't say its class names; set from_classes: coco, or list them")
    return names


def make_plan(classes: tuple[str, ...], old: tuple[str, ...], method: str, map: Mapping[str, str]) -> Plan:
    """Say which old row each class takes.

    Raises:
        ValueError: ``map`` names what isn't there, or there are more classes than rows to slice.
    """
    if unknown := [name for name in map if name not in classes]:
        raise ValueError(f"map: the data set has no category {unknown[0]!r}; it has: {', '.join(classes)}")
    if unknown := [name for name in map.values() if name not in old]:
        raise ValueError(f"map: the checkpoint has no class {unknown[0]!r}; it has: {', '.join(old)}")
    if method == "slice":
        if len(classes) > len(old):
            raise ValueError(f"slice: {len(classes)} classes can't be cut from {len(old)}")
        return Plan(classes, old, tuple(range(len(classes))), dict(zip(classes, old, strict=False)))
    wanted = [map.get(name, name) for name in classes]
    sources = tuple(old.index(name) if name in old else None for name in wanted)
    return Plan(classes, old, sources, dict(map))


def _adapted(tensor: "torch.Tensor", where: "Layout", plan: Plan, new_rows: Any, std: float, background_first: bool,
             random: "torch.Generator", *, is_bias: bool) -> "torch.Tensor":
    """Take a tensor's rows apart by class, choose, and put them together; the background goes last."""
    import torch

    rest = tensor.shape[1:]
    rows = tensor.reshape(where.anchors, -1, where.width, *rest)
    cut = 1 if where.has_background and background_first else 0
    old = rows[:, cut:cut + len(plan.old)]
    parts = [old[:, i] if i is not None else _new(old, plan, new_rows, std, random, is_bias) for i in plan.sources]
    if where.keeps_background:
        parts.append(rows[:, 0 if background_first else -1])
    return torch.stack(parts, dim=1).reshape(-1, *rest).contiguous()


def _new(old: "torch.Tensor", plan: Plan, how: Any, std: float, random: "torch.Generator", is_bias: bool) -> "torch.Tensor":
    import torch

    if isinstance(how, Mapping):
        if how["copy"] not in plan.old:
            raise ValueError(f"new_rows: the checkpoint has no class {how['copy']!r}")
        return old[:, plan.old.index(how["copy"])]
    if how == "zeros":
        return torch.zeros_like(old[:, 0])
    if how == "mean" or is_bias:
        return old.double().mean(dim=1).to(old.dtype)
    return torch.normal(0.0, std, old[:, 0].shape, generator=random).to(old.dtype)


def _table(plan: Plan, changed: Mapping[str, list[int]], keys: int) -> dict[str, Any]:
    taken = {plan.old[i] for i in plan.sources if i is not None}
    return {"kept": [name for name, i in zip(plan.classes, plan.sources, strict=True) if i is not None
                     and plan.old[i] == name],
            "mapped": {name: plan.old[i] for name, i in zip(plan.classes, plan.sources, strict=True)
                       if i is not None and plan.old[i] != name},
            "new": [name for name, i in zip(plan.classes, plan.sources, strict=True) if i is None],
            "dropped": [name for name in plan.old if name not in taken],
            "rows": dict(changed), "keys_untouched": keys - len(changed)}


def _check(params: Mapping[str, Any]) -> Iterator[Complaint]:
    if params["method"] == "slice" and params["map"]:
        yield Complaint(("map",), "slice takes rows by their place, map by their name", "method: by_name")


def _foresee(params: Mapping[str, Any], facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    classes, known = facts["dataset"].classes, facts["checkpoint"].classes
    given = params.get("from_classes")
    old = COCO_NAMES if given == "coco" else tuple(given or known or ())
    if classes is not None and old:
        make_plan(classes, old, params["method"], params["map"])
    return {"checkpoint": Facts(classes)}


STEP = Step(name="adapt_head", run=adapt_head,
            inputs={"checkpoint": Port(Checkpoint), "dataset": Port(Dataset, reads_only=True)},
            outputs={"checkpoint": Checkpoint}, params=PARAMS, check=_check, foresee=_foresee, needs=("torch",), writes=True)
