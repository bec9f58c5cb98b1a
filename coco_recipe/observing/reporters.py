"""Reporters see the values of a run go by, and write a page of it when it is done."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from coco_recipe import failure
from coco_recipe.events import Reported, ReporterFailed
from coco_recipe.manifest import Counts, RunRecord, StepRecord
from coco_recipe.observing.observers import Named, Observers

Reference = tuple[str, str]  # an input or a step, and its port; an input has none


@dataclass(frozen=True, slots=True)
class Flow:
    """What flowed from an input or a step to a step.

    Attributes:
        source: the input or step that it came from.
        port: its port there; empty of an input.
        target: the step that it came to.
        entered: the port by which it came in.
        counts: its rows.
        is_read: it was read, and flowed no further, as what ``augment`` copies.
    """

    source: str
    port: str
    target: str
    entered: str
    counts: Counts
    is_read: bool


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a finished run recorded.

    Attributes:
        folder: the run directory.
        run: the record of the run.
        inputs: the names of the inputs that are data sets.
        steps: the records of the steps, in order.
        flows: what flowed between them.
        published: by step, the folders that it published in.
        recipe: the recipe's text.
        digest: of the keys of all steps, which stand for all that the results depend on.
        plugin_files: the plugin files that the run used.
    """

    folder: Path
    run: RunRecord
    inputs: tuple[str, ...]
    steps: tuple[StepRecord, ...]
    flows: tuple[Flow, ...]
    published: dict[str, tuple[str, ...]]
    recipe: str
    digest: str
    plugin_files: tuple[Path, ...] = ()


class Reporter(Protocol):
    """Writes something about a run, as a page of it. Each run has one of its own.

    It is made by a callable that is given the run directory.
    """

    def see(
        self,
        record: StepRecord,
        entered: Mapping[Reference, Any],
        given: Mapping[Reference, Any],
    ) -> None:
        """Look at the values of a step that is done or reused, as far as they are in memory.

        What is written isn't in memory until a later step reads it. Values can't be changed, and
        those that nobody needs are gone when the next step begins.

        Args:
            record: what the step did. Its ledgers lie in ``steps/<id>`` of the run directory.
            entered: what came to it.
            given: what it gave.
        """
        ...

    def write(self, facts: RunFacts, committed: Mapping[Reference, Any]) -> Path | None:
        """Write the file when all steps are done.

        Args:
            facts: what the run recorded.
            committed: the outputs that steps wrote into their folders, each read when asked for.

        Returns:
            The file; None where it stands already as it would be written.
        """
        ...


class Reporters:
    """The reporters of one run. What one raises can't stop the run, but for Ctrl-C.

    Args:
        makers: make a reporter each, named by what offers it.
        folder: the run directory.
        told: is told of what they write, and of one that fails, which is asked nothing more.
    """

    def __init__(self, makers: Iterable[Named], folder: Path, told: Observers) -> None:
        self._told = told
        self._folder = folder
        self._left: dict[str, Any] = {}
        for maker in makers:
            self._try(maker.name, partial(self._begin, maker))

    def see(
        self,
        record: StepRecord,
        entered: Mapping[Reference, Any],
        given: Mapping[Reference, Any],
    ) -> None:
        """Show what came to a step and what it gave, as far as it is in memory."""
        for name, reporter in list(self._left.items()):
            self._try(name, partial(reporter.see, record, entered, given))

    def write(self, facts: Callable[[], RunFacts], committed: Mapping[Reference, Any]) -> None:
        """Let each write its file.

        Args:
            facts: gathers what the run recorded; not asked where there is no reporter.
            committed: the outputs on disk, each read when it is asked for.
        """
        for name, reporter in list(self._left.items()):
            if path := self._try(name, partial(_write, reporter, facts, committed)):
                self._told.tell(Reported(path))

    def _begin(self, maker: Named) -> None:
        make: Any = maker.observe
        self._left[maker.name] = make(self._folder)

    def _try(self, name: str, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except (Exception, SystemExit) as error:
            home = type(self._left.pop(name, None)).__module__.partition(".")[0]
            problem = failure.told(error, home)
            self._told.tell(ReporterFailed(name, problem, failure.trace(error)))
            return None


def _write(
    reporter: Reporter, facts: Callable[[], RunFacts], committed: Mapping[Reference, Any]
) -> Path | None:
    return reporter.write(facts(), committed)
