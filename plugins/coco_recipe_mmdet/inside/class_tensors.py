"""Find a model's class tensors, and how their rows lie, from models of other numbers of classes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coco_recipe_torch.class_rows import Layout
from coco_recipe_torch.heads import has_no_classes

if TYPE_CHECKING:
    from torch.nn import Module

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
WAYS = (
    "config: names the config of the checkpoint; train with strict: false takes the weights that "
    "fit, and draws the others"
)
LISTED = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of a tensor whose length depends on the number of classes.

    Attributes:
        key: of the tensor.
        number: of the axis.
        per_class: how much longer it is for one class more.
        rest: its length without classes.
    """

    key: str
    number: int
    per_class: int
    rest: int


def axes(few: int, shapes: Mapping[int, Shapes]) -> list[Axis]:
    """Return every axis whose length depends on the number of classes.

    Args:
        few: one of the numbers of classes.
        shapes: the shapes of a model's tensors, by its number of classes: three or more numbers.

    Raises:
        ValueError: the tensors are others for another number, or an axis doesn't grow by as much
            for each class.
    """
    first = shapes[few]
    for other in shapes.values():
        if differing := sorted(first.keys() ^ other.keys()):
            raise ValueError(f"{differing[0]} is there for some numbers of classes only; {WAYS}")
    found = []
    for key, shape in first.items():
        for number, length in enumerate(shape):
            lengths = {classes: other[key][number] for classes, other in shapes.items()}
            if len({*lengths.values()}) == 1:
                continue
            slopes = {
                (there - length) / (classes - few)
                for classes, there in lengths.items()
                if classes != few
            }
            per_class = next(iter(slopes))
            if len(slopes) > 1 or per_class != int(per_class) or per_class < 1:
                raise ValueError(f"{key} doesn't grow by as much for each class: {lengths}; {WAYS}")
            found.append(Axis(key, number, int(per_class), length - int(per_class) * few))
    return found


def layouts(
    model: "Module",
    found: Sequence[Axis],
    old: int,
    given: Shapes,
    *,
    background: str = "last",
    stuff: int = 0,
) -> dict[str, tuple[Layout, ...]]:
    """Return how the rows of a checkpoint's class tensors lie.

    Args:
        model: the model for the checkpoint's number of classes.
        found: its axes of classes.
        old: the checkpoint's number of classes.
        given: the shapes of the checkpoint's tensors.
        background: ``first`` where the row of the background is the first in the checkpoint.
        stuff: how many classes of stuff the config has beside things.

    Raises:
        ValueError: a tensor's rows don't fit, or it isn't known how they lie.
    """
    by_key: dict[str, tuple[Layout, ...]] = {}
    for axis in found:
        rest = given[axis.key][axis.number] - axis.per_class * old
        layout = _layout(model, axis, old, rest, background, stuff)
        by_key[axis.key] = (*by_key.get(axis.key, ()), layout)
    return by_key


def differences(wanted: Shapes, given: Shapes, found: Sequence[Axis], old: int) -> list[str]:
    """Return why a checkpoint isn't one of the config's model; empty where it is.

    Args:
        wanted: the shapes of the model for the checkpoint's number of classes.
        given: the checkpoint's.
        found: the model's axes of classes, whose lengths are looked at elsewhere.
        old: the checkpoint's number of classes.
    """
    of_classes = {(axis.key, axis.number): axis for axis in found}
    keys = {axis.key for axis in found}
    said = [f"{key} is missing" for key in wanted if key in keys and key not in given]
    for key, shape in wanted.items():
        other = given.get(key)
        if other is None:
            continue
        same = len(shape) == len(other) and all(
            a == b or (key, number) in of_classes
            for number, (a, b) in enumerate(zip(shape, other, strict=True))
        )
        if not same:
            said.append(f"{key} has shape {other}, the config's model {shape}")
    said += [
        f"{key} {given[key]} is not in the config's model, and may have rows for classes"
        for key in given
        if key not in wanted and not has_no_classes(key)
    ]
    for axis in found:
        if axis.key not in given or said:
            continue
        length = given[axis.key][axis.number]
        if length < axis.per_class * old + min(axis.rest, 1):
            rows = axis.per_class * old + axis.rest
            said.append(f"{axis.key} has {length} rows, and {old} classes have {rows}")
    return said


def _layout(
    model: "Module", axis: Axis, old: int, rest: int, background: str, stuff: int
) -> Layout:
    """Return how the rows along an axis lie, ``rest`` of them of no class."""
    name, chain = axis.key.rpartition(".")[2], list(_chain(model, axis.key))
    if _is_input(chain[0], name, axis.number):
        if axis.per_class == 1 and rest == axis.rest and "MaskPointHead" in _kinds(chain):
            kept = tuple(range(rest))  # it puts the coarse predictions behind what it reads
            return Layout(axis=axis.number, before=rest, kept_before=kept, reads=True)
        raise _unknown(axis, f"reads the predictions for {old} classes in a way that isn't known")
    if axis.per_class > 1 and axis.per_class == _width(axis.key, chain):
        if rest or axis.rest:
            raise _unknown(axis, f"has {rest} rows more than {old} classes have")
        return Layout(axis=axis.number, width=axis.per_class)
    groups = axis.per_class
    if groups > 1 and groups not in _anchors(chain):
        raise _unknown(axis, f"has {groups} rows a class, and its head has not {groups} anchors")
    if rest % groups or axis.rest % groups:
        raise _unknown(axis, f"has {rest} rows of no class for {groups} anchors")
    others, wanted = rest // groups, axis.rest // groups
    if others != wanted and not (others == wanted + stuff and _has_stuff(chain)):
        own = f"{old} classes and {wanted} more" if wanted else f"{old} classes"
        raise _unknown(axis, f"has {rest + groups * old} rows, which are not those of {own}")
    if any(getattr(module, "num_attrib", None) == old + others for module in chain):
        kept = tuple(range(others))  # the box and its score stand ahead of the classes
        return Layout(axis=axis.number, groups=groups, before=others, kept_before=kept)
    kept = tuple(range(others - wanted, others))  # things, then stuff, then no object
    first = background == "first"
    return Layout(
        axis=axis.number,
        groups=groups,
        before=others if first else 0,
        after=0 if first else others,
        kept_after=kept,
    )


def _unknown(axis: Axis, what: str) -> ValueError:
    return ValueError(f"{axis.key} {what}; {WAYS}")


def _chain(model: "Module", key: str) -> "Iterator[Module]":
    """Yield the module that has a tensor, and those that it is in, up to the model."""
    path = key.split(".")[:-1]
    for n in range(len(path), -1, -1):
        yield model.get_submodule(".".join(path[:n]))


def _kinds(chain: "Sequence[Module]") -> set[str]:
    return {kind.__name__ for module in chain for kind in type(module).__mro__}


def _is_input(owner: "Module", name: str, axis: int) -> bool:
    """Return whether a tensor's axis is what its layer reads, rather than what it answers."""
    from torch import nn

    turned = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
    if name != "weight" or isinstance(owner, nn.Embedding):
        return False
    return axis == (0 if isinstance(owner, turned) else 1)


def _width(key: str, chain: "Sequence[Module]") -> int:
    """Return how many rows a class has: 4 of a box by class, the cells of a coarse mask, else 1."""
    if re.search(r"(^|\.)fc_reg(_ref)?(\.\d+)?\.(weight|bias)$", key):
        return 4
    areas = [getattr(module, "output_area", 1) for module in chain]
    return int(max(areas)) if re.search(r"(^|\.)fc_logits\.(weight|bias)$", key) else 1


def _anchors(chain: "Sequence[Module]") -> set[int]:
    """Return the numbers of anchors of the heads that a tensor is in; it may differ by level."""
    found: set[int] = set()
    for module in chain:
        for name in ("num_base_priors", "num_anchors"):
            value = getattr(module, name, None)
            found |= {value} if isinstance(value, int) else {*(value or ())}
    return found


def _has_stuff(chain: "Sequence[Module]") -> bool:
    return any(hasattr(module, "num_stuff_classes") for module in chain)
