"""Reporters see the values of a run go by, and write a page of it when it is done."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from coco_recipe import failure
from coco_recipe.events import Reported, ReporterFailed
from coco_recipe.manifest import Counts, FindingRecord, RunRecord, StepRecord
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
class Stopped:
    """How a run stopped before all its steps were done.

    Attributes:
        outcome: it failed, somebody interrupted it (or it was killed), or it was refused before
            any work: nothing is recorded of it, and what is wrong stands in ``run.findings``.
        step: the step at which it stopped; empty where no step had begun.
        use: the name of what that step uses; empty likewise.
        problem: what went wrong, in words; empty where nothing did.
        findings: what the step found that stopped the run.
        resumes: the step goes on from where it was.
        steps: every step of the recipe with what it uses, in order.
    """

    outcome: Literal["failed", "interrupted", "refused"]
    step: str = ""
    use: str = ""
    problem: str = ""
    findings: tuple[FindingRecord, ...] = ()
    resumes: bool = False
    steps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run recorded.

    Attributes:
        folder: the run directory.
        run: the record of the run.
        inputs: the names of the inputs that are data sets.
        steps: the records of the steps that are done, in order.
        flows: what flowed between them.
        published: by step, the folders that it published in.
        recipe: the recipe's text.
        digest: of the keys of all steps, which stand for all that the results depend on.
        plugin_files: the plugin files that the run used.
        hashes: SHA-256 of the files that the run has read and written so far, by absolute path;
            empty of a finished run (`run_hashes` finds them).
        findings: what was found in inputs, recipe and steps, with the severities that the recipe
            chose.
        stopped: how it stopped before all its steps were done; None where they are.
        moved_to: the recipe's file, where it has moved without the run directory.
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
    hashes: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[FindingRecord, ...] = ()
    stopped: Stopped | None = None
    moved_to: Path | None = None


class Reporter(Protocol):
    """Writes something about a run, as a page of it. Each run has one of its own.

    It is made by a callable that is given the run directory. It may have a method
    ``write_unfinished``, which is called as ``write`` is, when the run stops before its steps are
    done, or is refused; ``facts.stopped`` then says how, and the values are inputs and what steps
    gave so far.
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

    def write_unfinished(
        self, facts: Callable[[], RunFacts], values: Mapping[Reference, Any]
    ) -> None:
        """Let those that can write their file of a run that stops before its steps are done.

        Where the system refuses that is not told: it may be why the run stops.

        Args:
            facts: gathers what the run recorded so far.
            values: inputs, and outputs of the steps that are done, as far as they can be had.
        """
        for name, reporter in list(self._left.items()):
            write = getattr(reporter, "write_unfinished", None)
            if write and (path := self._try(name, partial(_quietly, write, facts, values))):
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


def _quietly(write: Any, facts: Callable[[], RunFacts], values: Mapping[Any, Any]) -> Path | None:
    try:
        path: Path | None = write(facts(), values)
    except OSError:
        return None
    return path
