"""record: provenance.jsonl, one line for the run and one for each step."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from coco_recipe import files
from coco_recipe.language.source import Source
from coco_recipe.manifest import FailedStep, RunRecord, StepRecord, read_run


def recorded_places(folder: Path) -> list[Path]:
    """Return where the recipe's file was: seen from its run directory (both may have moved), by
    path.

    Empty where the folder is no run directory.
    """
    run = read_run(folder)
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
    run = read_run(folder)
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
        self.lines = [_line(run)]

    def says(self, records: Sequence[StepRecord]) -> bool:
        """Say whether the file has just these records already, of the same run.

        The time when it started may be another, and so may keys that earlier versions didn't write.
        """
        try:
            first, *rest = self.path.read_bytes().splitlines()
            run = msgspec.json.decode(first, type=RunRecord)
            found = [_line(msgspec.json.decode(line, type=StepRecord)) for line in rest]
        except (OSError, ValueError):  # gone, empty or no JSON
            return False
        clock = msgspec.structs.replace(run.clock, started=self.run.clock.started)
        same_run = _line(msgspec.structs.replace(run, clock=clock)) == _line(self.run)
        return same_run and found == [_line(record) for record in records]

    def begin(self) -> None:
        """Write the run's own line where there is no log yet: whose run directory this is."""
        if not self.path.exists():
            files.write_bytes(self.path, self.lines[0])

    def add(self, record: StepRecord | FailedStep) -> None:
        """Append a step's record; the file is whole after every line."""
        self.lines.append(_line(record))
        files.write_bytes(self.path, b"".join(self.lines))


def _line(record: RunRecord | StepRecord | FailedStep) -> bytes:
    return msgspec.json.encode(record, order="sorted") + b"\n"
