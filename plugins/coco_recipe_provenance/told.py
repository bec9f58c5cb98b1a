"""What every form tells of a run: its steps with their times, inputs, files and software."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coco_recipe import RecordedRun, StepRecord

PROGRAM = "coco-recipe"
MEDIA = {
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".yaml": "application/yaml",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".html": "text/html",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What a step was given.

    Attributes:
        id: what tells it from all else in the run: ``input/raw/images`` or ``step/parts/train``.
        is_input: whether it is an input of the recipe.
    """

    id: str
    is_input: bool


def as_json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON; a document with its last line's end."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return text if indent is None else f"{text}\n"


def time_of(seconds: float) -> datetime:
    """Return a time of the record, in UTC and to the second."""
    return datetime.fromtimestamp(int(seconds), UTC)


def began(record: StepRecord) -> datetime:
    """Return when a step began."""
    return time_of(record.clock.started)


def ended(record: StepRecord) -> datetime:
    """Return when a step was done."""
    return time_of(record.clock.started + record.clock.seconds)


def input_id(name: str, kind: str) -> str:
    """Return the id of an input's files of a kind."""
    return f"input/{name}/{kind}"


def output_id(step: str, port: str) -> str:
    """Return the id of what a step gave."""
    return f"step/{step}/{port}"


def sources(run: RecordedRun, record: StepRecord) -> Iterator[Source]:
    """Yield what came to a step, each once."""
    by_key = {one.key: one.step for one in run.steps}
    seen = set()
    for given in record.inputs.values():
        found = list(_of_input(run, given) if isinstance(given, Mapping) else _of(by_key, given))
        for source in found:
            if source.id not in seen:
                seen.add(source.id)
                yield source


def _of_input(run: RecordedRun, given: Mapping[str, str]) -> Iterator[Source]:
    """Yield the inputs whose hashes a step was given."""
    for name, hashes in run.run.inputs.items():
        if all(hashes.get(kind) == sha256 for kind, sha256 in given.items()):
            yield from (Source(input_id(name, kind), True) for kind in given)
            return


def _of(by_key: Mapping[str, str], given: str) -> Iterator[Source]:
    key, _, port = given.partition(":")
    if key in by_key:
        yield Source(output_id(by_key[key], port), False)


def outputs(record: StepRecord) -> list[str]:
    """Return the ids of what a step gave; of one that gives nothing on, what it wrote."""
    ports = record.outputs or {"files": ""}
    return [output_id(record.step, port) for port in ports]


def plugin_of(record: StepRecord) -> tuple[str, str]:
    """Return the software that has a step, and its version; coco-recipe where it isn't known."""
    return record.plugin or PROGRAM, record.plugin_version


def media_of(name: str) -> str:
    """Return the media type of a file by its name; empty where it isn't known."""
    return MEDIA.get(Path(name).suffix.lower(), "")


def published(run: RecordedRun) -> Iterator[tuple[StepRecord, str, dict[str, str]]]:
    """Yield each step that published, the folder, and the hashes of its own files by name.

    The folder is relative to the run directory. Pictures that stand only there aren't among them.
    """
    for record in run.steps:
        manifest = run.manifest(record.step)
        for place in manifest.published.values() if manifest else ():
            assert manifest is not None
            own = {name: one for name, one in manifest.files.items() if name.endswith(".json")}
            yield record, place, own
