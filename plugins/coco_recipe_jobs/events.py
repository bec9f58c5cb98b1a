"""What the process of a job reports while it runs: one JSON object a line, read by the step."""

from typing import TypeAlias

import msgspec

from coco_recipe import StepProblem


class Progress(msgspec.Struct, frozen=True, tag="progress", tag_field="event"):
    """How far the job is.

    Attributes:
        done: how much is done.
        total: how much there is.
        text: which part is being done, as the label of a checkpoint; may be empty.
        figures: numbers by name, as ``{"loss": 0.31, "epoch": 2}``.
    """

    done: int
    total: int
    text: str = ""
    figures: dict[str, float] = {}


class Note(msgspec.Struct, frozen=True, tag="note", tag_field="event"):
    """A value for the record of the step; ``value`` is JSON."""

    key: str
    value: msgspec.Raw


class Said(msgspec.Struct, frozen=True, tag="said", tag_field="event"):
    """Something to show at once, in words."""

    text: str


class Failed(msgspec.Struct, frozen=True, tag="failed", tag_field="event"):
    """What stopped the job.

    Attributes:
        text: what went wrong, for people.
        problems: the same by key path, where parameters of the step are at fault.
    """

    text: str
    problems: tuple[StepProblem, ...] = ()


class Done(msgspec.Struct, frozen=True, tag="done", tag_field="event"):
    """What came out of the job, as JSON of the type that the step expects."""

    result: msgspec.Raw


Event: TypeAlias = Progress | Note | Said | Failed | Done


def written(event: Event) -> bytes:
    """Return an event as a line."""
    return msgspec.json.encode(event) + b"\n"


def read(line: bytes) -> Event:
    """Read a line.

    Raises:
        msgspec.ValidationError: it is no event.
    """
    event: Event = msgspec.json.decode(line, type=Event)
    return event


def raw(value: object) -> msgspec.Raw:
    """Return a value as JSON; what JSON does not have becomes text."""
    return msgspec.Raw(msgspec.json.encode(value, enc_hook=str))
