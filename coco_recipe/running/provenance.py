"""record: provenance.jsonl, one line for the run and one for each step."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from coco_recipe import files
from coco_recipe.language.source import Source
from coco_recipe.manifest import (
    FailedStep,
    RunRecord,
    StepRecord,
    claimed_run,
    line_of,
    log_of,
    read_log,
)


def recorded_places(folder: Path) -> list[Path]:
    """Return where the recipe's file was: seen from its run directory (both may have moved), by
    path.

    Empty where the folder is no run directory.
    """
    run = claimed_run(folder)
    places = []
    if run and run.clock.recipe_from_run:
        places.append(Path(os.path.abspath(folder / run.clock.recipe_from_run)))
    if run and run.clock.recipe:
        places.append(Path(run.clock.recipe))
    return places


def other_recipe(folder: Path, source: Source, resolved_sha256: str) -> str:
    """Return the file of the recipe whose run directory this is.

    Empty if it is this one's, or nobody's.

    A recipe is the same if its file is the one recorded, by path or by path relative to the run
    directory (both may have moved together), or its text is the recorded one, but for comments.

    Args:
        folder: the run directory.
        source: this recipe's text.
        resolved_sha256: the SHA-256 of its text with all filled in.
    """
    run = claimed_run(folder)
    path = source.origin.resolve()
    if (
        run is None
        or str(path) == run.clock.recipe
        or run.recipe_sha256 == resolved_sha256
        or run.clock.recipe_from_run == os.path.relpath(path, folder.resolve())
    ):
        return ""
    return run.clock.recipe


class Log:
    """Writes provenance.jsonl, line by line, in the order of the recipe.

    ``run`` is its first line.
    """

    def __init__(self, path: Path, run: RunRecord) -> None:
        self.path = path
        self.run = run
        self.records: list[StepRecord | FailedStep] = []

    def says(self, records: Sequence[StepRecord]) -> bool:
        """Say whether the file has just these records already, of the same run.

        The time when it started may be another. A file of which a byte has changed says nothing.
        """
        log = read_log(self.path.parent)
        if log is None:
            return False
        run, found = log
        clock = msgspec.structs.replace(run.clock, started=self.run.clock.started, digest="")
        same_run = line_of(msgspec.structs.replace(run, clock=clock)) == line_of(self.run)
        return same_run and list(map(line_of, found)) == list(map(line_of, records))

    def begin(self) -> None:
        """Write the run's own line: whose run directory this is, and what is wrong with inputs."""
        files.write_bytes(self.path, log_of(self.run, ()))

    def add(self, record: StepRecord | FailedStep) -> None:
        """Append a step's record; the file is whole after every line."""
        self.records.append(record)
        files.write_bytes(self.path, log_of(self.run, self.records))
