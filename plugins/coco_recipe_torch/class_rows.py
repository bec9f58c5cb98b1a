"""Rows of tensors that stand for classes: how they lie, and which new class takes which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe import StepProblem, StepProblems, as_seen, did_you_mean

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows of a tensor lie along an axis.

    Groups stand one after the other, as one for each anchor. Each has ``before`` rows that are of
    no class, then ``width`` rows for each class, then ``after`` rows that are of no class.

    Attributes:
        axis: the axis.
        groups: how many groups there are.
        before: rows ahead of the classes in each group, as the box in YOLOv3's.
        width: rows for each class: 4 for boxes, else 1.
        after: rows behind the classes in each group, as the background.
        kept_before: which of the rows of no class, numbered from 0 in their order, stand ahead of
            the new classes.
        kept_after: which stand behind them.
        reads: the axis is an input: a row reads the prediction for a class, and a new class starts
            with rows of zeros, so that nothing of the others changes.
    """

    axis: int = 0
    groups: int = 1
    before: int = 0
    width: int = 1
    after: int = 0
    kept_before: tuple[int, ...] = ()
    kept_after: tuple[int, ...] = ()
    reads: bool = False

    def rows(self, classes: int) -> int:
        """Return how many rows there are for so many classes."""
        return self.groups * (self.before + classes * self.width + self.after)

    def new_rows(self, classes: int) -> int:
        """Return how many rows there will be for so many classes."""
        kept = len(self.kept_before) + len(self.kept_after)
        return self.groups * (kept + classes * self.width)


Layouts = Mapping[str, Sequence[Layout]]
"""By key of a tensor: one layout for each of its axes that has rows for classes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which old row each new class takes; None for a new one."""

    classes: tuple[str, ...]
    old: tuple[str, ...]
    sources: tuple[int | None, ...]

    def missed(self) -> dict[str, str]:
        """Return the new classes that an old one looks like, each with the old one's name.

        Only where no class takes that one's row. An underscore is a blank, as in mmdet 1.x.
        """
        taken = {self.old[source] for source in self.sources if source is not None}
        free = {_as_read(name): name for name in self.old if name not in taken}
        return {
            name: free[_as_read(name)]
            for name, source in zip(self.classes, self.sources, strict=True)
            if source is None and _as_read(name) in free
        }


@dataclass(frozen=True, slots=True)
class NewRows:
    """How rows of classes without an old one are made.

    Attributes:
        how: ``zeros``, ``normal``, ``mean``, or ``{copy: an old class}``.
        std: the standard deviation of drawn weights.
        random: what draws them.
    """

    how: Any
    std: float
    random: "torch.Generator"


def _as_read(name: str) -> str:
    return as_seen(name.replace("_", " "))


def make_plan(
    classes: tuple[str, ...],
    old: tuple[str, ...],
    method: str,
    map: Mapping[str, str],
    new_rows: Any,
) -> Plan:
    """Say which old row each class takes.

    Args:
        classes: the new classes, in order.
        old: the old ones.
        method: ``by_name`` or ``slice``.
        map: new name to old name.
        new_rows: how rows without an old one are made.

    Raises:
        StepProblems: the parameters name what isn't there, or there are more classes than rows to
            slice; or a name that is asked for stands twice among the old ones.
        ValueError: there are no classes.
    """
    if not classes:
        raise ValueError("the data set has no categories: there is nothing to fit a head to")
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
            *unknown_classes(map, new_rows, old),
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
    copied = [new_rows["copy"]] if isinstance(new_rows, Mapping) else []
    StepProblems.if_any(
        StepProblem(
            ("checkpoint",),
            f"{count} of its classes are called '{name}', which doesn't say whose row is meant",
            "method: slice takes rows by their place",
            below="in",
        )
        for name in dict.fromkeys([*wanted, *copied])
        if (count := old.count(name)) > 1
    )
    return Plan(classes, old, tuple(old.index(name) if name in old else None for name in wanted))


def unknown_classes(map: Mapping[str, str], new_rows: Any, old: Sequence[str]) -> list[StepProblem]:
    """Return a problem for each old class that a parameter names and that isn't there."""
    asked: list[tuple[tuple[str, str], str]] = [(("map", new), name) for new, name in map.items()]
    asked += [(("new_rows", "copy"), new_rows["copy"])] if isinstance(new_rows, Mapping) else []
    return [
        StepProblem(path, f"the checkpoint has no class '{name}'", did_you_mean(name, old))
        for path, name in asked
        if name not in old
    ]


def adapted(
    tensor: "Tensor", key: str, layouts: Sequence[Layout], plan: Plan, new: NewRows
) -> "Tensor":
    """Return a tensor with rows for the new classes.

    Args:
        tensor: with rows for the old classes.
        key: its key; what isn't a weight or a bias, as a count, is never drawn and never zero.
        layouts: how its rows lie, for each axis that has some.
        plan: which to take.
        new: how the others are made.
    """
    for layout in layouts:
        tensor = _along(tensor, key.rpartition(".")[2], layout, plan, new)
    return tensor


def _along(tensor: "Tensor", name: str, layout: Layout, plan: Plan, new: NewRows) -> "Tensor":
    import torch

    rows = tensor.movedim(layout.axis, 0)
    rest = rows.shape[1:]
    rows = rows.reshape(layout.groups, -1, *rest)
    end = rows.shape[1] - layout.after
    others = torch.cat([rows[:, : layout.before], rows[:, end:]], dim=1)
    old = rows[:, layout.before : end].reshape(layout.groups, -1, layout.width, *rest)
    classes = torch.stack(
        [
            old[:, source] if source is not None else _new(old, name, layout, plan, new)
            for source in plan.sources
        ],
        dim=1,
    ).reshape(layout.groups, -1, *rest)
    parts = [others[:, list(layout.kept_before)], classes, others[:, list(layout.kept_after)]]
    together = torch.cat(parts, dim=1).reshape(-1, *rest)
    return together.movedim(0, layout.axis).contiguous()


def _new(old: "Tensor", name: str, layout: Layout, plan: Plan, new: NewRows) -> "Tensor":
    import torch

    if layout.reads:
        return torch.zeros_like(old[:, 0])
    if isinstance(new.how, Mapping):
        return old[:, plan.old.index(new.how["copy"])]
    if new.how == "zeros" and name in ("weight", "bias"):
        return torch.zeros_like(old[:, 0])
    if new.how == "normal" and name == "weight":
        return torch.normal(0.0, new.std, old[:, 0].shape, generator=new.random).to(old.dtype)
    return old.double().mean(dim=1).to(old.dtype)
