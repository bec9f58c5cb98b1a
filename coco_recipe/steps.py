"""The contract between the core and the plugins: Port, Step and StepContext."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from coco_recipe.checkpoint import Checkpoint
from coco_recipe.dataset import Annotation, Category, Dataset, Image

Value = Dataset | Checkpoint | tuple[Dataset, ...] | tuple[Checkpoint, ...]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a step.

    Attributes:
        kind: Dataset or Checkpoint.
        many: several values, passed as a tuple; in a recipe, a list of references.
        optional: may be left out; the step then gets None.
        reads_only: the rows don't flow on to the outputs, so they are not in the step's books.
    """

    kind: type
    many: bool = False
    optional: bool = False
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class OpenPorts:
    """Inputs whose names are the user's; ``run`` gets them as one mapping under the keyword ``name``."""

    name: str
    kind: type
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a step's ``check`` finds: the key path below ``with``, what is wrong, and what to do."""

    path: tuple[str | int, ...]
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that a recipe can use.

    Attributes:
        name: the word after ``use:``.
        run: ``run(ctx, *, <ports>, <params>) -> {port: value}``; its docstring is the step's page.
        inputs: input ports by name, or open ports.
        outputs: output kinds by name, or a function from the parameters to them.
        params: JSON Schema (draft-07) of ``with``: an object, each property with a description. A property with
            ``format: recipe-file`` is a file relative to the recipe; one with ``format: publish-folder`` a folder,
            relative to the run directory, where the committed result appears.
        check: finds what the schema can't say.
        needs: import names that must be installed.
        writes: the result lives in files, is committed to disk and reused; else it lives in memory.
        reads_pixels: the result depends on the bytes of the images.
    """

    name: str
    run: Callable[..., Mapping[str, Value]]
    inputs: Mapping[str, Port] | OpenPorts
    outputs: Mapping[str, type] | Callable[[Mapping[str, Any]], Mapping[str, type]]
    params: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    check: Callable[[Mapping[str, Any]], Iterable[Complaint]] | None = None
    needs: tuple[str, ...] = ()
    writes: bool = False
    reads_pixels: bool = False

    def outputs_for(self, params: Mapping[str, Any]) -> Mapping[str, type]:
        """Return the output kinds by port name for these parameters."""
        return self.outputs(params) if callable(self.outputs) else self.outputs


class StepContext(Protocol):
    """What a step may know of the run that it is part of."""

    step_id: str
    seed: int
    workdir: Path

    def rng(self) -> random.Random:
        """Return a new generator that starts from the step's seed."""
        ...

    def note(self, key: str, value: Any) -> None:
        """Put a JSON-like value into the record of the step."""
        ...

    def drop(self, row: Image | Annotation | Category, reason: str, **figures: Any) -> None:
        """Account for a row that doesn't go on; ``reason`` is counted, ``figures`` are kept with the row."""
        ...

    def make(self, *, images: int = 0, annotations: int = 0) -> None:
        """Account for rows that the step made."""
        ...

    def wrote(self, path: Path, sha256: str) -> None:
        """Tell the hash of a file in ``workdir`` that is known already, so that it isn't read again."""
        ...

    def progress(self, done: int, total: int) -> None:
        """Tell how far the step is."""
        ...

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply a module-level function to items on the run's workers; results come in the items' order."""
        ...
