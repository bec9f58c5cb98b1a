"""A checkpoint: weights by path, with the class names they answer with."""

from dataclasses import dataclass
from pathlib import Path


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
