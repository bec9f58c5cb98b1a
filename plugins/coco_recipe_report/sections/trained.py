"""Trainings: losses and learning rates by iteration, metrics by epoch."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from coco_recipe import RunFacts
from coco_recipe_report.drawing import curves
from coco_recipe_report.drawing.curves import Axis, Line
from coco_recipe_report.drawing.svg import colour

SCALARS = "scalars.jsonl"
Points = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Trained:
    """A training.

    Attributes:
        step: the step.
        figures: a title, a picture, and its lines with their colours.
        iterations: how many there were.
        epochs: likewise.
    """

    step: str
    figures: Sequence[tuple[str, Markup, Sequence[tuple[str, str]]]]
    iterations: int
    epochs: int


def gather(facts: RunFacts) -> list[Trained]:
    """Return the trainings of a run that left their scalars."""
    paths = ((one.step, facts.folder / "steps" / one.step / SCALARS) for one in facts.steps)
    return [_trained(step, list(_lines(path))) for step, path in paths if path.is_file()]


def _trained(step: str, lines: Sequence[Mapping[str, Any]]) -> Trained:
    steps = [line for line in lines if "val" not in line]
    losses = _series(steps, "iter", lambda name: "loss" in name)
    rates = _series(steps, "iter", lambda name: name == "lr" or name.startswith("lr_"))
    measured = [
        {"epoch": line.get("epoch", 0), **_short(line["val"])} for line in lines if "val" in line
    ]
    metrics = _series(measured, "epoch", lambda name: "mAP" in name)
    drawn = [
        ("Loss", losses, Axis("iteration"), Axis("", low=0)),
        ("Learning rate", rates, Axis("iteration"), Axis("", low=0)),
        ("On val, by epoch", metrics, Axis("epoch"), Axis("", low=0)),
    ]
    return Trained(
        step,
        [
            (title, picture, _keys(found))
            for title, found, x, y in drawn
            if (picture := curves.draw(list(_drawn(found, x)), x, y, title))
        ],
        len(steps),
        len({line.get("epoch") for line in lines}),
    )


def _drawn(series: Points, x: Axis) -> Iterator[Line]:
    """Yield lines; long ones smoothed, with what they are of behind them."""
    for n, (name, points) in enumerate(series.items()):
        if len(points) > 40 and not name.startswith("lr"):
            yield Line(name, points, colour(n), is_faint=True)
            points = curves.smoothed(points)
        yield Line(name, points, colour(n))


def _series(
    lines: Sequence[Mapping[str, Any]], by: str, is_wanted: Callable[[str], bool]
) -> Points:
    found: Points = {}
    for n, line in enumerate(lines):
        for name, value in line.items():
            if is_wanted(name) and isinstance(value, int | float) and value > -1:
                found.setdefault(name, []).append((float(line.get(by, n)), float(value)))
    return found


def _short(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics without what measured them: ``coco/bbox_mAP`` is ``bbox_mAP``."""
    return {name.partition("/")[2] or name: value for name, value in metrics.items()}


def _keys(series: Points) -> list[tuple[str, str]]:
    return [(name, colour(n)) for n, name in enumerate(series)]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for text in path.read_text("utf-8").splitlines():
        try:
            yield json.loads(text)
        except ValueError:  # what a kill has cut
            return
