"""The matrix of a recipe: values to try, by address; every combination is a cell."""

import copy
import itertools
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coco_recipe import files, yaml_text
from coco_recipe.errors import Problem
from coco_recipe.language.bases import EXTENDS
from coco_recipe.language.source import MATRIX, OPTION, Setting, Source, put
from coco_recipe.yaml_text import KeyPath

MAX_CELLS = 1000
MAX_NAME = 240  # bytes of a run directory's name, with what is put around it less than 255
_FIXED = (EXTENDS, MATRIX, "name", "coco_recipe")
_SILENT = ("steps", "with", "vars")  # parts of addresses that tell a reader nothing


@dataclass(frozen=True, slots=True)
class Cell:
    """A combination of values.

    Attributes:
        name: tells it from the others, as ``seed=1,copies=2``; a file system takes it.
        settings: what it puts into the recipe.
    """

    name: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    """An address with what is put there, and the key path that it leads to."""

    address: str
    settings: tuple[Setting, ...]
    at: KeyPath


def cells(source: Source, problems: list[Problem]) -> tuple[Cell, ...]:
    """Return the cells of a recipe's matrix, the last address changing fastest.

    Args:
        source: the recipe.
        problems: what is wrong with the matrix is added to it.

    Returns:
        None of a matrix that is wrong.
    """
    matrix, found = source.matrix, list[Problem]()
    if not isinstance(matrix, dict) or not matrix:
        what = "must be a mapping from addresses to lists of values"
        what = what if (MATRIX,) in source.keys else "the recipe has no matrix"
        problems.append(
            Problem(source.where((MATRIX,)), what, "matrix: {seed: [1, 2], steps.more.with.p: [1]}")
        )
        return ()
    axes = [axis for address in matrix if (axis := _axis(source, address, found))]
    found += _overlapping(source, axes)
    number = math.prod(len(axis.settings) for axis in axes)
    if number > MAX_CELLS:
        what = f"has {number} cells, and at most {MAX_CELLS} are run"
        found.append(Problem(source.where((MATRIX,), key=True), what, "try fewer values at once"))
    problems += found
    if found:
        return ()
    rows = [tuple(row) for row in itertools.product(*(axis.settings for axis in axes))]
    room = MAX_NAME - len(str(source.data.get("name", "")).encode())
    names = _names(axes, rows, room)
    return tuple(Cell(name, row) for name, row in zip(names, rows, strict=True))


def _axis(source: Source, address: str, problems: list[Problem]) -> _Axis | None:
    """Return what a matrix has under an address; tell what is wrong with it."""
    at, values = (MATRIX, address), source.matrix[address]

    def wrong(what: str, hint: str = "", *, below: KeyPath = (), key: bool = False) -> None:
        problems.append(Problem(source.where((*at, *below), key=key), what, hint))

    if not isinstance(values, list):
        wrong("must be a list of values, one for each cell", f"write [{_flow(values)}]")
        return None
    if not values:
        wrong("has no value to try", "name at least one, or take the address out")
        return None
    before = dict[str, int]()
    for n, value in enumerate(values):
        first = before.setdefault(files.digest([value]), n)
        if first != n:
            wrong(f"{_flow(value)} stands here twice", "each cell is run once", below=(n,))
    parts = address.split(".")
    if parts[0] in _FIXED:
        wrong(f"'{parts[0]}' can't be varied", "a cell is told by its values", key=True)
        return None
    try:
        *_, place = put(copy.deepcopy(source.data), parts, values[0])
    except ValueError as error:
        wrong(str(error), "an address is as in --set: steps.more.with.copies", key=True)
        return None
    for end in range(1, len(place) + 1):
        if (where := source.settings.get(place[:end])) and where.file == OPTION:
            what = f"the matrix varies {address}, and this would decide it in every cell"
            problems.append(Problem(where, what, "leave it out"))
    settings = tuple(
        Setting(address, value, source.where((*at, n)), f"{MATRIX} {address}={_flow(value)}")
        for n, value in enumerate(values)
    )
    return _Axis(address, settings, place)


def _overlapping(source: Source, axes: Sequence[_Axis]) -> Iterator[Problem]:
    """Yield addresses that lead to one place, or into what another one sets."""
    for n, axis in enumerate(axes):
        for other in axes[:n]:
            short = min(len(axis.at), len(other.at))
            if axis.at[:short] == other.at[:short]:
                what = f"leads to the same place as {other.address}, or one in the other"
                yield Problem(source.where((MATRIX, axis.address), key=True), what, "take one out")


def _names(axes: Sequence[_Axis], rows: Sequence[tuple[Setting, ...]], room: int) -> Iterator[str]:
    """Yield a name for each cell, each another also where a file system ignores case."""
    words = _words([axis.address for axis in axes])
    names = [
        ",".join(f"{words[one.address]}={_safe(_plain(one.value))}" for one in row) for row in rows
    ]
    many = Counter(map(files.plain_name, names))
    for name, row in zip(names, rows, strict=True):
        is_long = len(name.encode()) > room
        if not is_long and many[files.plain_name(name)] == 1:
            yield name
            continue
        digest = files.digest([[one.address, one.value] for one in row])[:8]
        yield f"{name.encode()[: room - 9].decode('utf-8', 'ignore')}-{digest}"


def _words(addresses: Sequence[str]) -> Mapping[str, str]:
    """Return a short word for each address: its last parts, as many as tell it from the others."""
    parts = {one: [part for part in one.split(".") if part not in _SILENT] for one in addresses}
    for length in range(1, max(map(len, parts.values()), default=1) + 1):
        words = {one: _safe(".".join(part[-length:])) for one, part in parts.items()}
        if len(set(words.values())) == len(words):
            return words
    return {one: _safe(one) for one in addresses}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _flow(value)


def _flow(value: Any) -> str:
    """Write a value in one line."""
    return yaml_text.dump(value, flow=True, width=10_000).removesuffix("...\n").strip()


def _safe(text: str) -> str:
    """Return a text of letters, digits and ``-_.+``, which every file system takes in a name."""
    allowed = (c if unicodedata.category(c)[0] in "LMN" or c in "-_.+" else "-" for c in text)
    short = "-".join(part for part in "".join(allowed).split("-") if part) or "-"
    return f"-{short}" if text.startswith("-") and text[1:2].isdigit() else short
