"""A checkpoint: weights by path, with the class names they answer with."""

from dataclasses import dataclass
from pathlib import Path

from coco_recipe.values.facts import Facts
from coco_recipe.values.kind import Folders, Form, ValueKind, Written


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A weights file.

    Attributes:
        path: the file.
        classes: class names in the order of the model's outputs; empty where they aren't known.
        fingerprint: SHA-256 of what it holds, where a step has computed it; else empty.
        label: what tells it from its neighbours, as ``epoch_12``.
    """

    path: Path
    classes: tuple[str, ...] = ()
    fingerprint: str = ""
    label: str = ""


def _write(value: Checkpoint, folder: Path, name: str) -> Written:
    form = {
        "file": str(value.path.relative_to(folder)),
        "classes": list(value.classes),
        "fingerprint": value.fingerprint,
        "label": value.label,
    }
    return form, {}


def _read(form: Form, folder: Path, folders: Folders) -> Checkpoint:
    return Checkpoint(
        folder / form["file"], tuple(form["classes"]), form["fingerprint"], form["label"]
    )


def _check(value: Checkpoint) -> None:
    """Raise what is wrong with the types of a checkpoint's attributes."""
    if not isinstance(value.classes, tuple) or not all(isinstance(n, str) for n in value.classes):
        raise ValueError(f"its classes are {value.classes!r}; they must be a tuple of names")
    for name in ("fingerprint", "label"):
        if not isinstance(getattr(value, name), str):
            raise ValueError(f"its {name} is {getattr(value, name)!r}; it must be text")


def _facts(value: Checkpoint) -> Facts:
    size = value.path.stat().st_size if value.path.is_file() else None
    return Facts(value.classes or None, labels=(value.label,), file=value.path, bytes=size)


KIND = ValueKind(
    name="checkpoint",
    type=Checkpoint,
    write=_write,
    read=_read,
    files=lambda value: (value.path,),
    check=_check,
    facts=_facts,
)
