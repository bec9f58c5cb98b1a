"""Weights of a job: read and written by the torch plugin, which alone opens checkpoint files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from coco_recipe_torch import blending, checkpoints, safe_load

if TYPE_CHECKING:
    from torch import Tensor

State: TypeAlias = "Mapping[str, Tensor]"
Meta: TypeAlias = Mapping[str, object]
KEPT = ("cfg", "dataset_meta")


def read(path: Path, classes: Sequence[str] = ()) -> "tuple[dict[str, Tensor], Meta]":
    """Return a checkpoint's state dict and its ``meta``.

    Args:
        path: the file.
        classes: those that its outputs are taken for, in order; a file may name none.

    Raises:
        ValueError: the file is damaged, can't be read without running code that is in it, or names
            other classes.
    """
    found = checkpoints.read(path)
    if classes and found.classes and tuple(classes) != found.classes:
        raise ValueError(
            f"{path}: says that its classes are {_listed(found.classes)}, and is taken for one of "
            f"{_listed(classes)}; if only the order differs, say it with the input "
            "(classes: [...]); else adapt_head fits its head"
        )
    return dict(found.state), dict(found.meta)


def classes_of(path: Path) -> tuple[str, ...]:
    """Return the class names that a checkpoint carries; none where it names none."""
    return checkpoints.read(path).classes


def read_whole(path: str) -> dict[str, Any]:
    """Return everything in a checkpoint file, as also a state to resume from has it; see `read`."""
    return safe_load.read_whole(Path(path), mmap=False)


def write(path: Path, state: State, meta: Meta, lineage: str = "") -> str:
    """Write a checkpoint; return the SHA-256 of the file.

    Args:
        path: where to.
        state: the tensors by name.
        meta: what the file says of them.
        lineage: what it was made of, for its ``meta``; empty where nobody else sees it.
    """
    return checkpoints.write(path, state, meta={**meta, **checkpoints.made_by(lineage)})


def plain_meta(meta: Meta) -> Meta:
    """Return what of a checkpoint's ``meta`` still holds for other weights: config and classes."""
    return {key: meta[key] for key in KEPT if key in meta}


def fingerprint(state: State) -> str:
    """Return the SHA-256 over the tensors of a state dict."""
    return checkpoints.fingerprint(state)


def average(paths: Sequence[Path]) -> "dict[str, Tensor]":
    """Return the uniform average of checkpoints; integer buffers come from the last."""
    return dict(blending.average([checkpoints.read(path).state for path in paths]))


def differences(state: State, wanted: State) -> list[str]:
    """Say in what a state dict differs from the one that a model wants; other shapes first."""
    if not any(key in state for key in wanted):
        others = f"{_listed(list(state))}; the model has {_listed(list(wanted))}"
        return [f"it has no tensor of the model, and is of another architecture or tool: {others}"]
    shapes = [
        f"{key} has shape {tuple(state[key].shape)}, the model's {tuple(wanted[key].shape)}"
        for key in wanted
        if key in state and state[key].shape != wanted[key].shape
    ]
    missing = [f"{key} is missing" for key in wanted if key not in state]
    unknown = [f"{key} is not in the model" for key in state if key not in wanted]
    return [*shapes, *missing, *unknown]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + f", ... ({len(names)})" * (len(names) > 5)
