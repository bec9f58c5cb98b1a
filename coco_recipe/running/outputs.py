"""What a plugin's step gave, checked as an input of a recipe would be."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from coco_recipe import coco_json
from coco_recipe.checks import row_checks
from coco_recipe.dataset import Annotation, Category, Dataset, Image, Origin
from coco_recipe.errors import CocoRecipeError, StepError
from coco_recipe.planning.plan import PlannedStep
from coco_recipe.values.kind import each

_NAME = "the data set"
OURS = "coco-recipe"  # the distribution whose steps have tests of their own for this
_TABLES: Mapping[str, type[msgspec.Struct]] = {
    "images": Image,
    "annotations": Annotation,
    "categories": Category,
}
_NEEDED = frozenset(check.kind.name for check in row_checks.CHECKS if check.kind.needed)


def check(
    step: PlannedStep,
    values: Mapping[str, Any],
    outputs: Mapping[str, Any],
    *,
    with_rows: bool = True,
) -> None:
    """See that values that a step gave are sound as far as later steps rely on them.

    What was wrong with an input already is not the step's doing. Steps of coco-recipe itself aren't
    looked at.

    Args:
        step: the step.
        values: its input values by port.
        outputs: its output values by port, of the declared kinds.
        with_rows: look for rows on which no step could rely, too, as repeated ids.

    Raises:
        StepError: they aren't; names the step, the output, the row and the value.
    """
    if step.offer.plugin == OURS:
        return
    entered = [item for value in values.values() if value is not None for item in each(value)]
    for port, value in outputs.items():
        for item in each(value):
            if any(item is one for one in entered):
                continue
            try:
                if isinstance(item, Dataset):
                    read = _check_dataset(item)
                    if with_rows:
                        _check_rows(read, [one for one in entered if isinstance(one, Dataset)])
                else:
                    step.kinds.of(item).check(item)
            except (CocoRecipeError, ValueError, TypeError) as error:
                raise StepError(f"{step.label}: output '{port}': {error}") from error


def check_said(step: PlannedStep, said: Mapping[str, Any]) -> None:
    """See that what a step said for the record can be written down.

    Raises:
        StepError: it isn't JSON, or has a number that JSON hasn't; names the key.
    """
    if step.offer.plugin == OURS:
        return
    for key, value in said.items():
        if reason := _not_json(value):
            raise StepError(f"{step.label}: {key}: {reason}")


def _not_json(value: Any) -> str:
    """Say why a value can't be written as JSON; empty if it can."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value!r} is no number of JSON; None says that there is none"
    if isinstance(value, Mapping):
        return next(filter(None, map(_not_json, value.values())), "")
    if isinstance(value, list | tuple | set | frozenset):
        return next(filter(None, map(_not_json, value)), "")
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError) as error:
        return f"{value!r} can't be written as JSON: {error}"
    return ""


def _check_dataset(dataset: Dataset) -> Dataset:
    """Raise what is wrong with a data set: types, numbers, JSON; return it as it would be read."""
    # one after another: what has wrong types can't be looked at further
    for problem in chain(_of_types(dataset), _of_numbers(dataset), _of_extra(dataset)):
        raise ValueError(problem)
    try:
        text = b"".join(coco_json.encode(dataset))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(next(_unwritable(dataset), str(error))) from error
    return coco_json.of_top(coco_json.decode_top(text, _NAME), name=_NAME, home=dataset.home)


def _check_rows(dataset: Dataset, entered: Iterable[Dataset]) -> None:
    """Raise what is wrong with ids, references and names, and wasn't in the inputs."""
    was_wrong = {
        finding.kind.name for one in entered for finding in row_checks.findings(one, _NAME, _NEEDED)
    }
    for finding in row_checks.findings(dataset, _NAME, _NEEDED - was_wrong):
        raise ValueError(str(finding))


def _of_types(dataset: Dataset) -> Iterator[str]:
    for table, kind in _TABLES.items():
        rows = getattr(dataset, table)
        if not isinstance(rows, tuple):
            yield f"{table} is a {type(rows).__name__}; it must be a tuple of {kind.__name__}"
            return
        for row in rows:
            if not isinstance(row, kind):
                yield f"{table} has a {type(row).__name__}: {row!r}; it must be {kind.__name__}"
                return
            ids = (row.id, row.image_id) if isinstance(row, Annotation) else (row.id,)  # type: ignore[attr-defined]
            for number in ids:
                if type(number) is not int:
                    yield f"{table}: {row!r} has the id {number!r}, which is no whole number"
                    return
    for image in dataset.images:
        mark = image.coco_recipe
        if isinstance(mark, Origin) and (why := mark.file and coco_json.unsafe_name(mark.file)):
            yield f"image {image.id}: the file of its origin, {mark.file!r}, {why}"
    for folder, path in dataset.folders.items():
        if not isinstance(path, Path):
            yield f"the folder '{folder}' is {path!r}; it must be a Path"


def _of_numbers(dataset: Dataset) -> Iterator[str]:
    for row in dataset.annotations:
        box = row.bbox if isinstance(row.bbox, tuple) else ()
        for number in (*box, row.area):
            if isinstance(number, float) and not math.isfinite(number):
                place = "area" if number is row.area else f"bbox {row.bbox}"
                yield f"annotation {row.id}: {place} has {number!r}, which is no number of JSON"
                return


def _of_extra(dataset: Dataset) -> Iterator[str]:
    for key, value in dataset.extra.items():
        if not isinstance(value, Raw):
            yield (
                f"extra {key!r} is {value!r}; it must be undecoded JSON: "
                "msgspec.Raw(msgspec.json.encode(...))"
            )
            continue
        try:
            msgspec.json.decode(value)
        except (ValueError, msgspec.DecodeError) as error:
            yield f"extra {key!r} is no JSON: {error}"


def _unwritable(dataset: Dataset) -> Iterator[str]:
    """Yield the rows that can't be written, with the reason."""
    for table in _TABLES:
        for row in getattr(dataset, table):
            try:
                msgspec.json.encode(row)
            except (TypeError, ValueError, OverflowError) as error:
                yield f"{table}: {row!r}: {error}"
