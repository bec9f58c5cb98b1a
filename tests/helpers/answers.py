"""Answers of two detectors, one of them adapted to other classes, held against each other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

OLD = tuple("abcdefg")
NEW = ("e", "new", "a", "g")
BOX_AND_SCORE = 5  # stand ahead of the classes in an answer of YOLOv3


def tensors(value: Any) -> Iterator[Any]:
    """Yield every tensor in an answer, in order, but for numbers of classes."""
    import torch

    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from tensors(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from tensors(child)
    elif hasattr(value, "all_items"):  # mmengine's data elements
        for _, child in value.all_items():
            yield from tensors(child)


def differ(before: Sequence[Any], after: Sequence[Any], *, first: int = 0) -> Iterator[str]:
    """Yield in what the answers for ``OLD`` and for ``NEW`` differ where they must not.

    Args:
        before: the tensors of the one, in float64.
        after: those of the other.
        first: so many of each anchor's rows stand ahead of its classes.
    """
    import torch

    if len(before) != len(after):
        yield f"{len(before)} answers became {len(after)}"
        return
    for n, (a, b) in enumerate(zip(before, after, strict=True)):
        if a.shape != b.shape:
            if fault := _classes_differ(a, b, first):
                yield f"answer {n} {tuple(a.shape)} {tuple(b.shape)}: {fault}"
        elif not torch.equal(a, b):
            yield f"answer {n} {tuple(a.shape)} is of no class, and changed"


def _classes_differ(before: Any, after: Any, first: int) -> str:
    """Return how the answers for kept classes differ in float32; empty where they don't.

    Where classes stand is mmdet's own: its heads of anchors answer with (anchors, classes), those
    of boxes by class with (classes, 4). What is of no class stands behind the classes.
    """
    import torch

    sizes = zip(before.shape, after.shape, strict=True)
    axes = [n for n, (a, b) in enumerate(sizes) if a != b]
    if len(axes) != 1:
        return "more than one axis changed"
    old, new = before.movedim(axes[0], 0), after.movedim(axes[0], 0)
    each = (len(old) - len(new)) // (len(OLD) - len(NEW))
    others = len(old) // each - len(OLD)
    if before.ndim == 2 and not others:
        old, new = (part.reshape(-1, each, *part.shape[1:]) for part in (old, new))
    else:
        old, new = (part.reshape(each, -1, *part.shape[1:]).transpose(0, 1) for part in (old, new))
    pairs = [(first + OLD.index(name), first + NEW.index(name)) for name in "eag"]
    pairs += [(n, n) if first else (len(OLD) + n, len(NEW) + n) for n in range(others)]
    for a, b in pairs:
        if not torch.equal(old[a].float(), new[b].float()):
            return f"row {a} of each is not row {b}"
    return "" if old.float().std() > 0 else "all are the same"
