"""Step ``average_weights``: one checkpoint out of several, tensor by tensor."""

import contextlib
import importlib.util
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coco_recipe import (
    Checkpoint,
    Facts,
    FactsByPort,
    Params,
    Port,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
)
from coco_recipe_torch.average_weights_params import PARAMS
from coco_recipe_torch.checkpoints import (
    NOT_FINITE,
    State,
    Weights,
    is_finite,
    like,
    make_checkpoint,
    read_checkpoint,
)
from coco_recipe_torch.needed import TORCH

if TYPE_CHECKING:
    from torch import Tensor

LABEL = "average"
CHUNK = 2**17  # elements at a time: 1 MiB of float64 stays in the processor's cache
_BELONGS = {"weights": "weighted", "alpha": "sequential", "decay": "ema"}


@dataclass(frozen=True, slots=True)
class Blend:
    """How x_1, x_2, ... become one.

    ``a = add_1 * x_1``, then ``a = keep_i * a + add_i * x_i``, at last ``a / total``.

    Attributes:
        factors: (keep, add) for each x.
        total: the divisor.
    """

    factors: tuple[tuple[float, float], ...]
    total: float = 1.0

    def shares(self) -> list[float]:
        """Return the share of each x in the result; they add up to 1."""
        shares: list[float] = []
        for keep, add in self.factors:
            shares = [share * keep for share in shares] + [add]
        return [share / self.total for share in shares]


def blend(
    method: str,
    count: int,
    *,
    weights: Sequence[float] | None = None,
    alpha: float | None = None,
    decay: float | None = None,
) -> Blend:
    """Return how a method blends so many checkpoints.

    Raises:
        StepProblems: there are more or fewer weights.

    Source:
        uniform: Izmailov et al. 2018, Averaging weights leads to wider optima, arXiv:1803.05407.
    """
    if method == "uniform":
        return Blend(((1.0, 1.0),) * count, count)
    if method == "weighted":
        numbers = weights or ()
        if len(numbers) != count:
            raise StepProblems([_weights_for(numbers, count)])
        return Blend(tuple((1.0, float(number)) for number in numbers), sum(numbers))
    new = alpha or 0.0
    keep = 1 - new
    if method == "ema":
        keep = decay or 0.0
        new = 1 - keep
    return Blend(((1.0, 1.0), *((keep, new),) * (count - 1)))


def average(
    states: Sequence[State],
    how: Blend | None = None,
    *,
    batch_norm: str = "average",
    names: Sequence[str] = (),
    done: Callable[[str], None] = lambda key: None,
) -> State:
    """Average model weights element by element.

    Floating tensors are blended in float64 and rounded once to their own type. Others
    (``num_batches_tracked``) are taken from the last, and so are ``running_mean`` and
    ``running_var`` where ``batch_norm`` is "last".

    Args:
        states: K state dicts with equal keys and, per key, equal shapes and types, as
            ``check_alike`` holds them.
        how: factors for K; None for the mean.
        batch_norm: "average" or "last".
        names: what to call the states in an error.
        done: told each key when it is no longer needed, from several threads.

    Returns:
        One state dict with the keys, shapes and types of the last.

    Raises:
        ValueError: a tensor is complex or has a value that is not finite; names the state and the
            key.
    """
    blended = how or blend("uniform", len(states))
    names = names or [f"state {n}" for n in range(1, len(states) + 1)]

    def one(key: str) -> "Tensor":
        tensors = [state[key] for state in states]
        if tensors[0].is_complex():
            raise ValueError(f"{names[0]}: {key!r} is complex, which is not averaged")
        kept = not tensors[0].is_floating_point() or (
            batch_norm == "last" and key.endswith(("running_mean", "running_var"))
        )
        made, finite = (tensors[-1].clone(), False) if kept else _mix(tensors, blended)
        if (
            not finite
            and (
                bad := next((n for n, tensor in enumerate(tensors) if not is_finite(tensor)), None)
            )
            is not None
        ):
            raise ValueError(f"{names[bad]}: {key!r} {NOT_FINITE}")
        done(key)
        return made

    with _one_thread_each(), ThreadPoolExecutor(os.cpu_count()) as pool:
        return like(states[-1], dict(zip(states[-1], pool.map(one, states[-1]), strict=True)))


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let each operation of torch use one thread, where threads share the tensors already."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _mix(tensors: Sequence["Tensor"], how: Blend) -> "tuple[Tensor, bool]":
    """Return the blend, and whether every value is finite."""
    import torch

    flat = [tensor.reshape(-1) for tensor in tensors]
    made = torch.empty(tensors[0].shape, dtype=tensors[0].dtype)
    out, finite = made.reshape(-1), True
    for start in range(0, out.numel(), CHUNK):
        part = slice(start, start + CHUNK)
        total = flat[0][part].to(torch.float64, copy=True)
        if how.factors[0][1] != 1:
            total.mul_(how.factors[0][1])
        for tensor, (keep, add) in zip(flat[1:], how.factors[1:], strict=True):
            if keep != 1:
                total.mul_(keep)
            # multiplied first, not add_(alpha=): that may round once for both, and differ from the
            # plain formula
            total.add_(tensor[part] if add == 1 else tensor[part].to(torch.float64).mul(add))
        out[part] = total.div_(how.total) if how.total != 1 else total
        finite = finite and math.isfinite(total.sum())
    return made, finite


def check_alike(names: Sequence[str], weights: Sequence[Weights]) -> None:
    """Compare checkpoints.

    Raises:
        ValueError: they differ in keys, shapes, types or class names; names the first difference of
            each and the files.
    """
    first = weights[0]
    problems: list[str] = []
    classes = next(
        ((name, w.classes) for name, w in zip(names, weights, strict=True) if w.classes), ("", ())
    )
    for name, other in zip(names[1:], weights[1:], strict=True):
        if other.classes and other.classes != classes[1]:
            at = next(
                (
                    i
                    for i, (a, b) in enumerate(zip(classes[1], other.classes, strict=False))
                    if a != b
                ),
                None,
            )
            what = (
                f"class {at} is {other.classes[at]!r}, not {classes[1][at]!r}"
                if at is not None
                else (f"{len(other.classes)} classes, not {len(classes[1])}")
            )
            problems.append(f"{name} differs from {classes[0]}: {what}")
        elif key := next((key for key in first.state if key not in other.state), None):
            problems.append(f"{name} has no {key!r}, which {names[0]} has")
        elif key := next((key for key in other.state if key not in first.state), None):
            problems.append(f"{name} has {key!r}, which {names[0]} has not")
        else:
            unlike = (
                (key, tensor, other.state[key])
                for key, tensor in first.state.items()
                if tensor.shape != other.state[key].shape or tensor.dtype != other.state[key].dtype
            )
            problems += [
                f"{name}: {key!r} is {tuple(b.shape)} {b.dtype}, in {names[0]} {tuple(a.shape)} "
                f"{a.dtype}"
                for key, a, b in unlike
            ][:1]
    if problems:
        more = f"; and {len(problems) - 5} more files" if len(problems) > 5 else ""
        raise ValueError(f"these can't be averaged: {'; '.join(problems[:5])}{more}")


def choose(labels: Sequence[str], *, last: int | None, epochs: Sequence[int] | None) -> list[int]:
    """Return the places of the chosen checkpoints: the last N, those of some epochs, or all.

    Raises:
        StepProblems: there are fewer, or an epoch's label (``epoch_12``) stands nowhere or twice.
    """
    if last is not None and last > len(labels):
        raise StepProblems(
            [
                StepProblem(
                    ("last",),
                    f"{last} checkpoints are asked for, there are {len(labels)}",
                    f"last: {len(labels)}",
                )
            ]
        )
    if epochs is None:
        return list(range(len(labels)))[-(last or 0) :]
    there = ", ".join(label or "one without a label" for label in labels[:20]) + ", ..." * (
        len(labels) > 20
    )
    StepProblems.if_any(
        StepProblem(
            ("epochs", n),
            f"there {'are several checkpoints' if found else 'is no checkpoint'} of epoch {epoch}",
            f"there are: {there}",
        )
        for n, epoch in enumerate(epochs)
        if (found := labels.count(f"epoch_{epoch}")) != 1
    )
    return [labels.index(f"epoch_{epoch}") for epoch in epochs]


def _weights_for(weights: Sequence[float], count: int) -> StepProblem:
    return StepProblem(
        ("weights",), f"are {len(weights)} numbers for {count} checkpoints", "give one for each"
    )


def average_weights(
    ctx: StepContext,
    *,
    checkpoints: Sequence[Checkpoint],
    method: str,
    weights: Sequence[float] | None,
    alpha: float | None,
    decay: float | None,
    last: int | None,
    epochs: Sequence[int] | None,
    batch_norm: str,
    format: str,
) -> Mapping[str, Checkpoint]:
    """Average checkpoints of one model: the mean, a weighted mean, or one blended into the next.

    Floating tensors are blended in float64, tensor by tensor from mapped files, and rounded once;
    integer buffers are the last one's. Checkpoints that differ in keys, shapes, types or class
    names, or have a value that is not finite, are refused. What was averaged, and with which
    shares, is in the record. The tensors aren't compared with what is recorded of them: the run has
    compared the files, where a hash of theirs is recorded.

    Args:
        ctx: the step's context.
        checkpoints: weights of one model.
        method: ``uniform``, ``weighted``, ``sequential`` or ``ema``.
        weights: a number for each chosen checkpoint (``weighted``).
        alpha: the share of the next (``sequential``).
        decay: what is kept of those before (``ema``).
        last: only the last so many.
        epochs: only those of these epochs.
        batch_norm: ``average`` or ``last``.
        format: ``pth`` or ``safetensors``.

    Returns:
        ``checkpoint``: the average.

    Raises:
        StepProblems: there are fewer checkpoints, or another number of weights.
        ValueError: the checkpoints differ, or have a value that is not finite.
    """
    chosen = [
        checkpoints[n] for n in choose([one.label for one in checkpoints], last=last, epochs=epochs)
    ]
    names = [str(checkpoint.path) for checkpoint in chosen]
    how = blend(method, len(chosen), weights=weights, alpha=alpha, decay=decay)
    sources = [read_checkpoint(checkpoint, checked=False) for checkpoint in chosen]
    check_alike(names, sources)
    shares = how.shares()
    averaged = [
        {
            "checkpoint": checkpoint.label or checkpoint.path.name,
            "share": round(share, 9),
            "weights": source.kind,
        }
        for checkpoint, share, source in zip(chosen, shares, sources, strict=True)
    ]
    ctx.note("averaged", averaged)
    if len(set(names)) < len(names):
        ctx.note(
            "twice", sorted({name.rpartition("/")[2] for name in names if names.count(name) > 1})
        )
    if len({source.kind for source in sources}) > 1:
        ctx.note("mixed", "some files hold a moving average (EMA), others plain weights")

    def done(key: str) -> None:
        for source in sources:
            source.release(key)

    state = average(
        [source.state for source in sources], how, batch_norm=batch_norm, names=names, done=done
    )
    classes = next((source.classes for source in sources if source.classes), ())
    config = (
        {"cfg": sources[-1].meta["cfg"]} if isinstance(sources[-1].meta.get("cfg"), str) else {}
    )
    made = make_checkpoint(
        ctx,
        f"averaged.{format}",
        state,
        classes=classes,
        label=LABEL,
        meta={**config, "averaged": averaged},
    )  # with the detector's config, evaluate can build it
    return {"checkpoint": made}


def _check(params: Params) -> Iterator[StepProblem]:
    for key, method in _BELONGS.items():
        if key in params and params["method"] != method:
            yield StepProblem(
                (key,),
                f"goes with 'method: {method}', found 'method: {params['method']}'",
                "leave it out",
            )
        elif key not in params and params["method"] == method:
            yield StepProblem(
                ("method",),
                f"'{method}' needs '{key}'",
                f"{key}: {PARAMS['properties'][key]['examples'][0]}",
            )
    if "last" in params and "epochs" in params:
        yield StepProblem(("last",), "stands beside 'epochs'", "leave one of them out")
    weights, count = params.get("weights"), params.get("last", len(params.get("epochs", ())))
    if weights and not sum(weights) > 0:
        yield StepProblem(("weights",), "add up to 0", "make one of them positive")
    if weights and count and len(weights) != count:
        yield _weights_for(weights, count)
    if params["format"] == "safetensors" and importlib.util.find_spec("safetensors") is None:
        yield StepProblem(
            ("format",), "needs the package safetensors", 'pip install "coco-recipe[train]"'
        )


def _foresee(params: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    known: tuple[Facts, ...] = facts["checkpoints"]
    classes = {fact.classes for fact in known if fact.classes is not None}
    if len(classes) > 1:
        listed = " / ".join(sorted(", ".join(names[:5]) for names in classes))
        raise StepProblems(
            [StepProblem(("checkpoints",), f"answer with different classes: {listed}", below="in")]
        )
    if all(fact.labels is not None for fact in known):
        chosen = choose(
            [label for fact in known for label in fact.labels or ()],
            last=params.get("last"),
            epochs=params.get("epochs"),
        )
        blend(params["method"], len(chosen), weights=params.get("weights"))
    return {"checkpoint": Facts(next(iter(classes), None), labels=(LABEL,))}


STEP = Step(
    name="average_weights",
    run=average_weights,
    inputs={"checkpoints": Port(Checkpoint, many=True)},
    outputs={"checkpoint": Checkpoint},
    params=PARAMS,
    check=_check,
    foresee=_foresee,
    needs=(TORCH,),
    writes=True,
)
