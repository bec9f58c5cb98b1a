"""Tables of a data set and of a run as pandas frames; pandas is an extra."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from coco_recipe.dataset import Annotation, Dataset, extras
from coco_recipe.values.metrics import Metrics

if TYPE_CHECKING:
    from pandas import DataFrame

MISSING = "to_pandas needs pandas: python -m pip install 'coco-recipe[notebook]'"
_SIDES = ("x", "y", "width", "height")
_DROPPED = "dropped.jsonl"


def of_dataset(dataset: Dataset) -> "Mapping[str, DataFrame]":
    """Return the tables of a data set.

    Args:
        dataset: the data set.

    Returns:
        ``images``, ``annotations`` and ``categories``, a line for each row in its order, with its
        own keys. Annotations have the names of their category and file, and ``x``, ``y``,
        ``width``, ``height`` of the box in pixels; what a row lacks is missing. Segmentations
        aren't in it: they would take more memory than all else.

    Raises:
        ImportError: pandas isn't installed; says how to install it.
    """
    names = dataset.category_names()
    files = {image.id: image.file_name for image in dataset.images}
    return {
        "images": _frame(_plain(row, left_out=("coco_recipe",)) for row in dataset.images),
        "annotations": _frame(_annotation(row, names, files) for row in dataset.annotations),
        "categories": _frame(_plain(row) for row in dataset.categories),
    }


def of_run(
    steps: Sequence[tuple[str, Path]], metrics: Mapping[str, Metrics]
) -> "Mapping[str, DataFrame]":
    """Return the tables of a run.

    Args:
        steps: the id and the folder of each step.
        metrics: what steps measured, by step and port.

    Returns:
        ``ledger``, a line for each row that a step dropped, and ``metrics``, a line for each figure
        with its names from the outermost in.

    Raises:
        ImportError: pandas isn't installed; says how to install it.
    """
    dropped = (
        {"step": name, **msgspec.json.decode(line)}
        for name, folder in steps
        if (folder / _DROPPED).is_file()
        for line in (folder / _DROPPED).read_bytes().splitlines()
    )
    figures = (
        {"value_of": name, "figure": " / ".join(path), "value": figure}
        for name, one in metrics.items()
        for path, figure in one.flat()
    )
    return {
        "ledger": _frame(dropped, ("step", "kind", "id", "reason")),
        "metrics": _frame(figures, ("value_of", "figure", "value")),
    }


def _annotation(
    row: Annotation, names: Mapping[int, str], files: Mapping[int, str]
) -> dict[str, Any]:
    plain = _plain(row, left_out=("bbox", "segmentation"))
    box = dict(zip(_SIDES, row.bbox, strict=True)) if isinstance(row.bbox, tuple) else {}
    category = names.get(row.category_id) if isinstance(row.category_id, int) else None
    return {**plain, "category": category, "file_name": files.get(row.image_id), **box}


def _plain(row: msgspec.Struct, *, left_out: Sequence[str] = ()) -> dict[str, Any]:
    """Return a row's keys and decoded values, without those that it lacks."""
    more = dict(extras(row))
    known = {
        name: value
        for name in row.__struct_fields__
        if name not in left_out and (value := getattr(row, name)) is not UNSET
    }
    own = {name: value for name, value in known.items() if not isinstance(value, msgspec.Raw)}
    raw = {
        name: msgspec.json.decode(value)
        for name, value in zip(row.__struct_encode_fields__, _values(row), strict=True)
        if isinstance(value, msgspec.Raw) and name not in left_out
    }
    return {**own, **raw, **more}


def _values(row: msgspec.Struct) -> list[Any]:
    return [getattr(row, name) for name in row.__struct_fields__]


def _frame(lines: Iterable[Mapping[str, Any]], columns: Sequence[str] = ()) -> "DataFrame":
    """Return a frame; one without lines has the columns that are sure."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(MISSING) from error
    listed = list(lines)
    return pd.DataFrame(listed) if listed else pd.DataFrame(columns=list(columns))
