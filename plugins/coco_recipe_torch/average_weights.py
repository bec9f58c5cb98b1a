"""Step ``average_weights``: one checkpoint from several, element by element."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coco_recipe import Checkpoint, Complaint, Facts, Port, Step, StepContext

if TYPE_CHECKING:
    import torch

    from coco_recipe_torch.checkpoints import StateDict, Weights

PARAMS: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "method": {"enum": ["uniform", "weighted", "sequential", "ema"], "default": "uniform", "examples": ["sequential"],
                   "description": "uniform: the mean; weighted: by weights; sequential: result * (1 - alpha) + next * alpha, "
                   "one after another; ema: the same with alpha = 1 - decay."},
        "weights": {"type": "array", "minItems": 1, "items": {"type": "number"}, "examples": [[1, 1, 2]],
                    "description": "For weighted: a number for each checkpoint; they are divided by their sum."},
        "alpha": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "examples": [0.7],
                  "description": "For sequential: share of the next checkpoint."},
        "decay": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "examples": [0.5],
                  "description": "For ema: share of what went before."},
        "last": {"type": "integer", "minimum": 1, "examples": [3], "description": "Only the last so many checkpoints."},
        "epochs": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0}, "examples": [[10, 11, 12]],
                   "description": "Only these epochs, in this order."},
        "batch_norm": {"enum": ["average", "last"], "default": "average", "examples": ["last"],
                       "description": "Running mean and variance: averaged as the weights are, or taken from the last "
                       "(recompute_batch_norm computes them anew)."},
        "format": {"enum": ["pth", "safetensors"], "default": "pth", "examples": ["safetensors"],
                   "description": "Format of the file."},
    },
}
_NEEDS = {"weighted": "weights", "sequential": "alpha", "ema": "decay"}
_STATISTICS = ("running_mean", "running_var")


def average_weights(ctx: StepContext, *, checkpoints: tuple[Checkpoint, ...], method: str,
                    weights: Sequence[float] | None, alpha: float | None, decay: float | None, last: int | None,
                    epochs: Sequence[int] | None, batch_norm: str, format: str) -> Mapping[str, Checkpoint]:
    """Average model weights element by element, in float64, tensor by tensor from mapped files.

    Integer buffers (``num_batches_tracked``) are taken from the last checkpoint.

    Raises:
        ValueError: a checkpoint that is asked for isn't there; keys, shapes, dtypes or classes differ, naming the first;
            a file is damaged or holds values that are not finite.

    Source:
        Izmailov et al. 2018, Averaging weights leads to wider optima, arXiv:1803.05407; Wortsman et al. 2022, Model
        soups, arXiv:2203.05482.
    """
    from coco_recipe_torch import checkpoints as files

    chosen = choose(checkpoints, last=last, epochs=epochs)
    if weights is not None and len(weights) != len(chosen):
        raise ValueError(f"weights: has {len(weights)} numbers for {len(chosen)} checkpoints "
                         f"({', '.join(one.label or one.path.name for one in chosen)})")
    loaded = [files.read(one.path) for one in chosen]
    same(loaded, chosen)
    share = alpha if method == "sequential" else 1 - decay if decay is not None else None
    state = average([one.state for one in loaded], weights=weights, share=share, batch_norm=batch_norm)
    classes = loaded[-1].classes or chosen[-1].classes
    path = ctx.workdir / f"average.{format}"
    ctx.wrote(path, files.write(path, state, classes=classes, meta=loaded[-1].meta))
    ctx.note("averaged", [{"label": one.label, "file": one.path.name, "weights": file.kind,
                           "fingerprint": one.fingerprint} for one, file in zip(chosen, loaded, strict=True)])
    return {"checkpoint": Checkpoint(path, classes, files.fingerprint(state), "average")}


def choose(checkpoints: Sequence[Checkpoint], *, last: int | None, epochs: Sequence[int] | None) -> tuple[Checkpoint, ...]:
    """Return the checkpoints that are asked for: the last so many, the named epochs, or all.

    Raises:
        ValueError: one isn't there.
    """
    if epochs is not None:
        known = {int(found[1]): one for one in checkpoints if (found := re.fullmatch(r"epoch_(\d+)", one.label))}
        if missing := [epoch for epoch in epochs if epoch not in known]:
            raise ValueError(f"epochs: there is no checkpoint of epoch {missing[0]}; there are: {sorted(known)}")
        return tuple(known[epoch] for epoch in epochs)
    if last is not None and last > len(checkpoints):
        raise ValueError(f"last: asks for {last} checkpoints, there are {len(checkpoints)}")
    return tuple(checkpoints[-last:] if last else checkpoints)


def same(loaded: "Sequence[Weights]", chosen: Sequence[Checkpoint]) -> None:
    """Refuse checkpoints that differ in keys, shapes, dtypes or class names; name the first difference."""
    first = loaded[0]
    for one, checkpoint in zip(loaded[1:], chosen[1:], strict=True):
        classes = (first.classes or chosen[0].classes, one.classes or checkpoint.classes)
        if all(classes) and classes[0] != classes[1]:
            raise ValueError(f"{one.path}: has the classes {list(classes[1])}, {first.path.name} has {list(classes[0])}")
        if odd := sorted(first.state.keys() ^ one.state.keys()):
            raise ValueError(f"{one.path}: {odd[0]} is only in {(one if odd[0] in one.state else first).path.name}")
        for key, value in first.state.items():
            other = one.state[key]
            if value.shape != other.shape or value.dtype != other.dtype:
                raise ValueError(f"{one.path}: {key} is {other.dtype} {tuple(other.shape)}, in {first.path.name} it is "
                                 f"{value.dtype} {tuple(value.shape)}")


def average(states: "Sequence[StateDict]", *, weights: Sequence[float] | None = None, share: float | None = None,
            batch_norm: str = "average") -> "dict[str, torch.Tensor]":
    """Average state dicts.

    Args:
        states: K >= 1 state dicts with equal keys, shapes and dtypes.
        weights: K numbers with a sum above 0: sum(w_i * t_i) / sum(w_i); None for equal ones.
        share: instead: t = t * (1 - share) + t_i * share, one after another.
        batch_norm: ``last`` takes running means and variances from the last state.

    Returns:
        One state dict with the keys, shapes and dtypes of the last; computed in float64 and cast back.
    """
    result = {}
    for key, newest in states[-1].items():
        if not newest.is_floating_point() or (batch_norm == "last" and key.endswith(_STATISTICS)):
            result[key] = newest.clone()
        else:
            result[key] = _mean([state[key] for state in states], weights, share).to(newest.dtype)
    return result


def _mean(tensors: "Sequence[torch.Tensor]", weights: Sequence[float] | None, share: float | None) -> "torch.Tensor":
    total = tensors[0].double()
    if share is not None:
        for tensor in tensors[1:]:
            total = total.mul_(1 - share).add_(tensor.double(), alpha=share)
        return total
    if weights is None:
        for tensor in tensors[1:]:
            total += tensor
        return total.div_(len(tensors))
    total = total.mul_(weights[0])
    for tensor, weight in zip(tensors[1:], weights[1:], strict=True):
        total.add_(tensor.double(), alpha=weight)
    return total.div_(sum(weights))


def _check(params: Mapping[str, Any]) -> Iterator[Complaint]:
    needed = _NEEDS.get(params["method"])
    if needed and needed not in params:
        yield Complaint(("method",), f"{params['method']} needs '{needed}'")
    for method, name in _NEEDS.items():
        if name in params and method != params["method"]:
            yield Complaint((name,), f"belongs to method: {method}, not to {params['method']}")
    if sum(params.get("weights", [1])) <= 0:
        yield Complaint(("weights",), "must have a sum above 0")
    if "last" in params and "epochs" in params:
        yield Complaint(("last",), "either 'last' or 'epochs'")


def _foresee(params: Mapping[str, Any], facts: Mapping[str, tuple[Facts, ...]]) -> Mapping[str, Facts]:
    known = {one.classes for one in facts["checkpoints"] if one.classes is not None}
    if len(known) > 1:
        first, second = sorted(known)[:2]
        raise ValueError(f"the checkpoints have different classes: {list(first)} and {list(second)}")
    return {"checkpoint": Facts(next(iter(known), None))}


STEP = Step(name="average_weights", run=average_weights, inputs={"checkpoints": Port(Checkpoint, many=True)},
            outputs={"checkpoint": Checkpoint}, params=PARAMS, check=_check, foresee=_foresee, needs=("torch",), writes=True)
