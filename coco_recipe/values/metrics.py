"""Metrics: figures by name, as numbers that later steps and a report can read."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from coco_recipe.errors import DatasetError
from coco_recipe.values.kind import Folders, Form, ValueKind, Written

Figure: TypeAlias = "float | None | Mapping[str, Figure]"  # a number, or figures by name


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures by name, nested where there are several of one name, as by checkpoint or by class.

    Attributes:
        figures: numbers by name; None for a figure that can't be told, as of a class without boxes.

    Raises:
        ValueError: something in it is neither a finite number nor None; names it.
    """

    figures: Mapping[str, Figure]

    def __post_init__(self) -> None:
        for path, figure in self.flat():
            is_number = isinstance(figure, int | float) and not isinstance(figure, bool)
            if figure is not None and not (is_number and math.isfinite(figure)):
                name = " > ".join(path)
                raise ValueError(
                    f"metrics: {name} is {figure!r}, not a finite number; None says that "
                    "there is none"
                )

    def flat(self) -> Iterator[tuple[tuple[str, ...], float | None]]:
        """Yield every number with its path of names, in order."""
        yield from _flat((), self.figures)


def _flat(path: tuple[str, ...], figures: Figure) -> Iterator[tuple[tuple[str, ...], float | None]]:
    if isinstance(figures, Mapping):
        for name, figure in figures.items():
            yield from _flat((*path, name), figure)
    else:
        yield path, figures


def _write(value: Metrics, folder: Path, name: str) -> Written:
    """Keep the figures as rows of path and number: a manifest sorts the keys of objects."""
    return {"figures": [[list(path), figure] for path, figure in value.flat()]}, {}


def _read(form: Form, folder: Path, folders: Folders) -> Metrics:
    figures: dict[str, Figure] = {}
    for (*above, name), figure in form["figures"]:
        inner: Any = figures
        for part in above:
            inner = inner.setdefault(part, {})
        inner[name] = figure
    return Metrics(figures)


def _load(path: Path, of: Path | None, name: str) -> Metrics:
    """Read a JSON object of numbers and of such objects."""
    try:
        return Metrics(msgspec.json.decode(path.read_bytes(), type=dict[str, Any]))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: is not an object of numbers by name: {error}") from error


KIND = ValueKind(name="metrics", type=Metrics, write=_write, read=_read, load=_load)
