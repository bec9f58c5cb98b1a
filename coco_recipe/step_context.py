"""StepContext: what a step may know of its run, and what it says of its result."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from coco_recipe.dataset import Annotation, Category, Image
from coco_recipe.findings import Kind, Row

Item = TypeVar("Item")
Result = TypeVar("Result")


class StepContext(Protocol):
    """What a step may know of the run that it is part of.

    Attributes:
        step_id: the step's name in the recipe.
        seed: from the recipe's seed and the step's name.
        workdir: where the step writes.
        key: digest of all that the result depends on.
        environment: the versions that the result may depend on; ``code`` is a digest of the
            modules that make it.
        lineage: what the result is made of, as JSON text, for the ``meta`` of a checkpoint: the
            steps up to this one, their parameters, hashes of the data and versions. It has only
            what ``key`` stands for, and is empty where the step is only tried.
        sources: by port, the name of the input or step that each of its values is of, in order.
    """

    step_id: str
    seed: int
    workdir: Path
    key: str
    environment: Mapping[str, str]
    lineage: str
    sources: Mapping[str, tuple[str, ...]]

    @property
    def earlier(self) -> Path | None:
        """The folder of this step's last commit, to read only.

        None where there is none, or the run is forced. It has just what was committed: files that
        have changed since aren't in it.
        """
        ...

    @property
    def images(self) -> Path:
        """The folder in ``workdir`` for pictures that the step makes; it isn't there yet.

        Another folder in ``workdir`` will do as well: the manifest has the place of each folder of
        pictures that the outputs name.
        """
        ...

    def rng(self) -> random.Random:
        """Return a new generator that starts from the step's seed."""
        ...

    def note(self, key: str, value: Any, *, this_run: bool = False) -> None:
        """Put a JSON-like value into the record of the step.

        What is noted as ``summary`` (a text) and ``table`` (see `coco_recipe.observing.table.text`)
        is shown when the step is done.

        Args:
            key: its name in the record.
            value: the value.
            this_run: another run of the step may find another value; it stands with the clocks.
        """
        ...

    def say(self, text: str) -> None:
        """Show something at once that is worth knowing while the step runs.

        Args:
            text: a line or several; they are shown, and not recorded.
        """
        ...

    def drop(self, row: Image | Annotation | Category, reason: str, **figures: Any) -> None:
        """Account for a row that doesn't go on.

        Args:
            row: the row.
            reason: a text that is the same for all rows of one reason, which are counted by it.
            figures: JSON-like values that are kept with the row in ``dropped.jsonl``.
        """
        ...

    def make(self, *, images: int = 0, annotations: int = 0) -> None:
        """Account for rows that the step made; the books add them to those that came in.

        Args:
            images: how many images more.
            annotations: how many annotations more.
        """
        ...

    def find(
        self, kind: Kind, rows: Iterable[Row] = (), *, count: int | None = None, remedy: str = ""
    ) -> None:
        """Report a finding about the step's rows.

        It is shown, recorded, and judged before the commit.

        Args:
            kind: what was found.
            rows: all rows that it is about, or the first ones.
            count: how many rows there are, where ``rows`` are only the first.
            remedy: what to do, where the kind's own remedy isn't the best.
        """
        ...

    def wrote(self, path: Path, sha256: str) -> None:
        """Tell the known hash of a file in ``workdir``, so that it isn't read again.

        Args:
            path: the file.
            sha256: of its bytes, in 64 hexadecimal digits.
        """
        ...

    def clock(self, path: Path) -> None:
        """Say that a file in ``workdir``, or all below a folder, differs between two runs.

        Such a file, as a log or a table of times, stands with the clocks: it is kept, but neither
        hashed nor published.

        Args:
            path: the file or the folder.
        """
        ...

    def place(self, name: str, folder: str, file: str, *, sha256: str, how: str) -> None:
        """Let a file that the step didn't make appear where it is published, with no copy here.

        Args:
            name: its name in the published folder.
            folder: the input or step in whose folder of images it is.
            file: its name there.
            sha256: of its bytes; others aren't published.
            how: ``copy``, ``link`` or ``symlink``.
        """
        ...

    def sha256(self, path: Path) -> str:
        """Return the hash of a file that the step reads; the run computes it once.

        Args:
            path: the file, of an input or of a step above.

        Returns:
            SHA-256 of its bytes, in 64 hexadecimal digits.
        """
        ...

    def progress(
        self,
        done: int,
        total: int,
        text: str = "",
        *,
        figures: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """Report how far the step is.

        Args:
            done: how much is done.
            total: how much there is.
            text: a line for people, beside the figures.
            figures: numbers by name for observers, as ``{"loss": 0.31}``; the first few are shown.
        """
        ...

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Callable[[Item, str], Result] | None = None,
    ) -> Iterator[Result]:
        """Apply a module-level function to items on the run's workers.

        Args:
            function: importable by name in another process.
            items: taken as they are needed.
            lost: makes the result of an item whose worker died, from the item and the reason;
                without it that is an error which names the item.

        Yields:
            The results, in the items' order.
        """
        ...
