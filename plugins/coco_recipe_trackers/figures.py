"""What trackers are told of a step: numbers and parameters by name."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from coco_recipe import StepRecord

LONGEST_NAME, LONGEST_VALUE = 250, 500  # letters; MLflow takes no longer names
_ODD = re.compile(r"[^\w\-. /]")  # letters of any script, and what trackers take


def of_record(record: StepRecord) -> dict[str, float]:
    """Return the numbers of a step that is done: rows that went out, what was dropped, its metrics.

    A step's metrics are what it notes as ``metrics``: numbers by name, however deep.
    """
    found: dict[str, float] = {}
    for port, counts in record.counts.out.items():
        for n, one in enumerate(counts if isinstance(counts, Sequence) else [counts]):
            place = f"{port}.{n}" if n else port
            for what, number in (("images", one.images), ("boxes", one.annotations)):
                if number is not None:
                    found[f"{place}.{what}"] = number
    for line in record.dropped:
        name = f"dropped.{line.kind}"
        found[name] = found.get(name, 0) + line.count
    found.update(_numbers("", record.notes.get("metrics")))
    return {name_of(record.step, name): number for name, number in found.items()}


def parameters_of(record: StepRecord) -> dict[str, str]:
    """Return the parameters of a step, each with its address and as a short text."""
    return {
        name_of(record.step, name): _text(value) for name, value in _leaves("", record.parameters)
    }


def name_of(step: str, name: str) -> str:
    """Return the name of a figure of a step, as trackers take it."""
    return _ODD.sub("_", f"{step}.{name}")[:LONGEST_NAME]


def finite(figures: Mapping[str, float]) -> dict[str, float]:
    """Return the figures that are numbers: a loss may be NaN."""
    return {name: number for name, number in figures.items() if math.isfinite(number)}


def _numbers(place: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _numbers(f"{place}.{name}" if place else str(name), inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, float(value)


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(f"{place}.{name}" if place else str(name), inner)
    elif value is not None:
        yield place, value


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
