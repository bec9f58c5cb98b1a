"""Each promise of a step: a step that breaks it is told, and a sound one isn't."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coco_recipe import (
    Dataset,
    Facts,
    Port,
    Step,
    StepContext,
)
from coco_recipe.testing import broken_promises, coco, dataset, draw

NAME = {"type": "string", "default": "x", "description": "A name."}


def _params(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def sound(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Return what came in, with a thing or two noted."""
    ctx.note("drawn", ctx.rng().random())
    ctx.note("doubled", list(ctx.map(_double, range(3))))
    return {"dataset": dataset}


def _double(number: int) -> int:
    return 2 * number


STEP = Step(
    name="sound",
    run=sound,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=_params(name=NAME),
    foresee=lambda params, facts: facts,
)


@pytest.mark.slow
def test_a_sound_step_breaks_none(tmp_path: Path) -> None:
    data = coco(ending="png")
    pictures = draw(tmp_path / "pictures", data)
    assert broken_promises(STEP, tmp_path / "bench", dataset=dataset(data, images=pictures)) == ()


def _no_page(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    return {"dataset": dataset}


def _loses(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Lose a row."""
    return {"dataset": dataset.replace(images=dataset.images[:-1])}


def _gives_another(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Give an output by another name."""
    return {"data": dataset}


def _counts_runs(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Note a number that every run has for itself."""
    ctx.note("place", str(ctx.workdir))
    return {"dataset": dataset}


def _tells_processes(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Note whether another process did the work."""
    ctx.note("elsewhere", [pid != os.getpid() for pid in ctx.map(_pid, range(2))])
    return {"dataset": dataset}


def _pid(number: int) -> int:
    return os.getpid()


def _cannot_travel(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Map a function that no other process can have."""
    ctx.note("doubled", list(ctx.map(lambda number: 2 * number, range(3))))
    return {"dataset": dataset}


def _takes_a_key(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Take a key out of what came in."""
    dict.pop(dataset.extra, "info", None)  # type: ignore[arg-type]
    return {"dataset": dataset}


def _blackens(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Write over a picture."""
    dataset.path_of(dataset.images[0]).write_bytes(b"black")
    return {"dataset": dataset}


def _appends(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Any]:
    """Lengthen the list that was given."""
    params["names"].append("y")
    return {"dataset": dataset}


NAMES = {
    "type": "array",
    "items": {"type": "string"},
    "default": [],
    "description": "Some names.",
}
PLACE = {
    "type": "object",
    "additionalProperties": False,
    "description": "A place.",
    "properties": {"x": {"type": "integer", "description": "Pixels."}},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"params": {**STEP.params, "type": "array"}}, "contract: .*of type object"),
        ({"run": _no_page}, "docstring: "),
        ({"params": _params(name={"type": "string", "default": ""})}, "parameters: 'name' has no"),
        (
            {"params": _params(place=PLACE | {"properties": {"x": {"type": "integer"}}})},
            r"parameters: 'place\.x' has no description",
        ),
        (
            {"params": _params(place={k: PLACE[k] for k in PLACE if k != "additionalProperties"})},
            "parameters: 'place' takes unknown keys",
        ),
        ({"params": _params(name=NAME | {"default": 3})}, "parameters: the default of 'name'"),
        (
            {"params": _params() | {"additionalProperties": True}},
            "parameters: the step takes unknown ones",
        ),
        ({"run": _loses}, "run: .*the books don't close: 3 images in"),
        ({"run": _gives_another}, r"run: .*gave the outputs \['data'\]"),
        ({"run": _counts_runs}, r"bytes: a second time others come out: manifest\.json"),
        ({"run": _tells_processes}, r"bytes: with two processes others come out: manifest\.json"),
        ({"run": _cannot_travel}, "bytes: with two processes it fails"),
        ({"run": _takes_a_key}, "inputs: the step has changed 'dataset'"),
        ({"run": _blackens}, "inputs: the step has changed 'dataset'"),
        ({"run": _appends, "params": _params(names=NAMES)}, "inputs: the step has changed 'names'"),
        (
            {"foresee": lambda params, facts: {"dataset": Facts(classes=("cow",))}},
            r"foresee: classes of 'dataset' were to be \('cow',\), and are \('cat', 'dog'\)",
        ),
        (
            {"foresee": lambda params, facts: {"dataset": Facts(fields=("id",))}},
            "foresee: fields of 'dataset'",
        ),
    ],
)
def test_a_broken_promise_is_told(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    data = coco(ending="png")
    given: dict[str, Any] = {
        "dataset": dataset(data, images=draw(tmp_path / "pictures", data)),
    }
    if changes.get("run") is _appends:
        given["names"] = ["x"]
    found = broken_promises(replace(STEP, **changes), tmp_path / "bench", **given)
    assert any(re.match(told, line, re.DOTALL) for line in found), found
