"""load: a recipe's file -> Source: its data, variables and ``--set`` filled in, with places."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from coco_recipe import terminal, yaml_text
from coco_recipe.errors import Problem, RecipeError, Where, did_you_mean, show_path
from coco_recipe.json_types import Schema
from coco_recipe.language import bases, paths
from coco_recipe.language.bases import EXTENDS, KIND, Spot
from coco_recipe.language.environment import Hidden
from coco_recipe.language.schemas import shipped
from coco_recipe.language.variables import Filler
from coco_recipe.yaml_text import KeyPath, YamlError

OPTION, MATRIX = "--set", "matrix"
_SET_HINT = "write --set a.b=value; a step by its id: --set steps.more.with.copies=2"


@dataclass(frozen=True, slots=True)
class Source:
    """A recipe's text as data, merged into its bases.

    Attributes:
        path: the file.
        text: its text; one that makes the same data alone, where bases or settings take part.
        data: its value by the YAML 1.2 core rules, with variables filled in, but for ``matrix``.
        keys: place of each key, by key path.
        values: place of each value, by key path.
        settings: the place of the ``--set``, or in the matrix, that a value comes from, by key
            path.
        problems: what is wrong with the text.
        recorded: of a copy that a run keeps, the recipe's file that was run.
        hidden: what of the data comes from the environment.
        removed: where a step of a base is taken out, by its id.
        matrix: what the recipe has under ``matrix``, before variables are filled in.
    """

    path: Path
    text: str
    data: Any
    keys: Mapping[KeyPath, Spot]
    values: Mapping[KeyPath, Spot]
    settings: Mapping[KeyPath, Where] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    recorded: Path | None = None
    hidden: Hidden = field(default_factory=Hidden)
    removed: Mapping[str, Where] = field(default_factory=dict)
    matrix: Any = None

    @property
    def origin(self) -> Path:
        """The recipe's file, to whose folder its paths are relative.

        Of a run's copy, the file that was run.
        """
        return self.recorded or self.path

    def relative_to(self, at: KeyPath = ()) -> str:
        """Say what the path at a key path is relative to, as a hint."""
        file = self.values[at].file if at in self.values else self.path
        if file != self.path and at not in self.settings:
            return f"paths are relative to the file in which they stand, here to {file.parent}"
        was = f", which was {self.origin.parent}" if self.recorded else ""
        return f"paths are relative to the recipe's folder{was}"

    def independent(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return the text's problems, and those that don't only follow from one of these."""
        places = {problem.where.path for problem in self.problems if problem.where.path}
        others = (p for p in problems if places.isdisjoint(places_around(p.where.path)))
        return [*self.problems, *others]

    def is_about(self, problem: Problem, path: KeyPath) -> bool:
        """Report whether a problem is about what stands at or below a key path."""
        place, shown = problem.where.path, show_path(path)
        if self.is_of_setting(problem):
            there = (at for at, where in self.settings.items() if where == problem.where)
            return any(at[: len(path)] == path for at in there)
        return place == shown or place.startswith((f"{shown}.", f"{shown}["))

    def is_of_setting(self, problem: Problem) -> bool:
        """Report whether a problem is of a value that --set or the matrix has put there."""
        return problem.where in self.settings.values()

    def where(self, path: KeyPath, *, key: bool = False) -> Where:
        """Return the place of a value (or its key); of the nearest parent where there is none.

        Or the place of the setting that it comes from.
        """
        for end in range(len(path), 0, -1):
            if path[:end] in self.settings:
                return self.settings[path[:end]]
        for end in range(len(path), -1, -1):
            table = self.keys if key and end == len(path) and path in self.keys else self.values
            if path[:end] in table:
                file, line, column = table[path[:end]]
                return Where(str(file), line, column, show_path(path))
        return Where(str(self.path), path=show_path(path))


def places_around(place: str) -> list[str]:
    """Return a place as it is shown, and all that it stands in: of a[0].b also a[0] and a."""
    return [*(place[: cut.start()] for cut in re.finditer(r"[.\[]", place)), place]


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that is put into a recipe.

    Attributes:
        address: where: keys with dots between them; a step is named by its id.
        value: the value.
        where: where it is said.
        text: how a person writes it, as ``seed=2``.
    """

    address: str
    value: Any
    where: Where
    text: str


def load(
    path: Path,
    overrides: Sequence[str] = (),
    schemas: Mapping[str, Schema] = MappingProxyType({}),
    cell: Sequence[Setting] = (),
) -> Source:
    """Read a recipe file with its bases.

    Args:
        path: the file.
        overrides: ``a.b=value`` each, as --set takes them; a step is named by its id:
            ``steps.more.with.copies=2``.
        schemas: of the parameters of steps by name, which tell the paths among them.
        cell: what a cell of the matrix sets, before ``overrides``.

    Returns:
        What could be read; what is wrong with the text is in ``problems``, so that the rest can be
        checked, too.

    Raises:
        RecipeError: the file or a base can't be read, or isn't YAML.
    """
    try:
        merged = bases.read(path, schemas)
    except YamlError as error:
        raise RecipeError(error.problems) from error
    if merged.node is None:
        hint = "coco-recipe schema prints what a recipe holds"
        raise RecipeError([Problem(Where(str(path), 1, 1), "is empty", hint)])
    data = merged.node.data()
    keys, values = bases.places(merged.node)
    matrix = data.pop(MATRIX, None) if isinstance(data, dict) else None
    problems = list(merged.problems)
    given = [*cell, *_settings(overrides, problems)]
    settings = _put_all(data, given, problems)

    def filler(problems: list[Problem], *, keeps: bool = False) -> Filler:
        names = data.get("vars") if isinstance(data, dict) else None
        names = names if isinstance(names, dict) else {}
        return Filler(path, values, names, problems, dict(settings), keeps=keeps)

    text = merged.text
    if merged.folders:
        _rebase(data, filler([]).fill(data, ()), merged.folders, values, settings, schemas, path)
    if merged.folders or settings:
        text = _alone(data, given, merged.folders)
    filling = filler(problems)
    filled, hidden = filling.fill(data, ()), Hidden()
    if filling.hidden:  # filled in again but for these, it is as it may be written
        written = filler([], keeps=True).fill(data, ())
        hidden = Hidden(dict(_differing(filled, written, ())), filling.hidden)
        terminal.hide(filling.hidden)
    return Source(
        path,
        text,
        filled,
        keys,
        values,
        filling.settings,
        tuple(problems),
        hidden=hidden,
        removed=merged.removed,
        matrix=matrix,
    )


def _rebase(
    data: Any,
    filled: Any,
    folders: Mapping[Path, str],
    places: Mapping[KeyPath, Spot],
    settings: Mapping[KeyPath, Where],
    schemas: Mapping[str, Schema],
    path: Path,
) -> None:
    """Make paths that stand in bases relative to the recipe's folder, before variables are filled
    in.
    """

    def change(text: str, at: KeyPath, is_file: bool) -> str:
        home = paths.home(data, at)
        there = (settings.get(home[:end]) for end in range(1, len(home) + 1))
        setting = next((where for where in there if where), None)
        file = Path(setting.file) if setting else places[home].file if home in places else path
        folder = folders.get(file, "")
        if folder and not os.path.isabs(text):
            paths.prefix(data, at, lambda before: paths.joined(path.parent, folder, before))
        return text

    if not isinstance(filled, dict):
        return
    inputs = shipped("shape")["properties"]["inputs"]
    paths.changed(inputs, filled.get("inputs"), change, ("inputs",))
    for n, row in enumerate(steps if isinstance(steps := filled.get("steps"), list) else []):
        if isinstance(row, dict) and isinstance(row.get("use"), str):
            schema = schemas.get(row["use"], {})
            paths.changed(schema, row.get("with"), change, ("steps", n, "with"))


def _differing(filled: Any, written: Any, at: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Yield the texts of one tree that are others in another of the same form, by key path."""
    if isinstance(filled, dict) and isinstance(written, dict):
        for key in filled.keys() & written.keys():
            yield from _differing(filled[key], written[key], (*at, key))
    elif isinstance(filled, list) and isinstance(written, list):
        for n, pair in enumerate(zip(filled, written, strict=True)):
            yield from _differing(*pair, (*at, n))
    elif filled != written and isinstance(written, str):
        yield at, written


def _alone(data: Any, given: Sequence[Setting], folders: Mapping[Path, str]) -> str:
    """Return a text that makes the same data alone, without bases and settings."""
    lines = [f"# extends {file.name}" for file in folders]
    lines += [f"# {setting.text}" for setting in given]
    return "".join(f"{line}\n" for line in lines).replace("\r", " ") + yaml_text.dump(data)


def _settings(overrides: Sequence[str], problems: list[Problem]) -> Iterator[Setting]:
    """Yield what the values of --set say."""
    for item in overrides:
        address, equals, text = item.partition("=")
        where = Where(OPTION, path=item)
        try:
            if not equals or not address:
                raise ValueError("sets nothing")
            yield Setting(address, _option_value(text), where, f"{OPTION} {item}")
        except ValueError as error:
            problems.append(Problem(where, str(error), _SET_HINT))


def _put_all(
    data: Any, settings: Sequence[Setting], problems: list[Problem]
) -> dict[KeyPath, Where]:
    """Put values into the data; return the place of the setting that each is of, by key path."""
    found: dict[KeyPath, Where] = {}
    for setting in settings:
        parts = setting.address.split(".")
        try:
            if parts[0] in (EXTENDS, MATRIX):
                raise ValueError(f"'{parts[0]}' stands in the recipe's file, and can't be set")
            for at in put(data, parts, setting.value):
                found[at] = setting.where
        except ValueError as error:
            hint = _SET_HINT if setting.where.file == OPTION else ""
            problems.append(Problem(setting.where, str(error), hint))
    return found


def _option_value(text: str) -> Any:
    """Read a value as a recipe has it: a plain scalar, or a value in YAML's flow style."""
    if not text.lstrip().startswith(("[", "{", '"', "'")):
        return yaml_text.core_scalar(text)
    try:
        read = yaml_text.parse(Path(OPTION), text, KIND)
    except YamlError as error:
        raise ValueError(error.problems[0].what) from error
    if read.problems:
        raise ValueError(read.problems[0].what)
    return read.data


def put(data: Any, parts: Sequence[str], value: Any) -> Iterator[KeyPath]:
    """Set one value at an address; yield its key path, before it those of mappings it needs."""
    at: KeyPath = ()
    target = data
    for part in parts[:-1]:
        key = _key(target, part)
        at = (*at, key)
        if isinstance(target, dict) and target.get(str(key)) is None:
            target[str(key)] = {}
            yield at
        target = target[key]
    key = _key(target, parts[-1])
    target[key] = value
    yield (*at, key)


def _key(target: Any, part: str) -> str | int:
    """Return the key of a mapping, or the place of a list's row, by its id or number from 0."""
    if isinstance(target, dict):
        return part
    if not isinstance(target, list):
        raise ValueError(f"sets nothing: there is no '{part}' in {target!r}")
    ids = [row.get("id") if isinstance(row, dict) else None for row in target]
    if part in ids:
        return ids.index(part)
    if part.isdecimal() and int(part) < len(target):
        return int(part)
    raise ValueError(
        f"sets nothing: there is no '{part}' here; "
        f"{did_you_mean(part, [x for x in ids if isinstance(x, str)])}"
    )
