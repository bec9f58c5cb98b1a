"""The average of checkpoints: how a method blends them, and the blend itself, tensor by tensor."""

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coco_recipe import StepProblem, StepProblems
from coco_recipe_torch.checkpoints import NOT_FINITE, State, Weights, is_finite, like

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 2**17  # elements at a time: 1 MiB of float64 stays in the processor's cache


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

    Args:
        method: ``uniform``, ``weighted``, ``sequential`` or ``ema``.
        count: of the checkpoints.
        weights: one for each (``weighted``).
        alpha: the share of the next, 0 to 1 (``sequential``).
        decay: what is kept of those before, 0 to 1 (``ema``).

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
            raise StepProblems([weights_for(numbers, count)])
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
            # floats of 8 bits are added to no others
            as_it_is = add == 1 and tensor.element_size() > 1
            total.add_(tensor[part] if as_it_is else tensor[part].to(torch.float64).mul(add))
        out[part] = total.div_(how.total) if how.total != 1 else total
        finite = finite and math.isfinite(total.sum())
    return made, finite


def check_alike(names: Sequence[str], weights: Sequence[Weights]) -> None:
    """Compare checkpoints.

    Args:
        names: what to call them in an error.
        weights: the checkpoints, at least one.

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


def weights_for(weights: Sequence[float], count: int) -> StepProblem:
    """Say that there are more or fewer weights than checkpoints."""
    return StepProblem(
        ("weights",), f"are {len(weights)} numbers for {count} checkpoints", "give one for each"
    )
