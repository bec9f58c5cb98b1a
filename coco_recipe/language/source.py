"""load: a recipe's file -> Source: its data, variables and ``--set`` filled in, with places."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coco_recipe import yaml_text
from coco_recipe.errors import Problem, RecipeError, Where, did_you_mean, show_path
from coco_recipe.language.environment import Hidden
from coco_recipe.yaml_text import KeyPath, Place, YamlError

_VARIABLE = re.compile(r"\$\{(env:)?([A-Za-z_][\w.]*)\}")
OPTION = "--set"
_KIND = "recipe"
MAX_LOOK_UPS = 100_000


@dataclass(frozen=True, slots=True)
class Source:
    """A recipe's text as data.

    Attributes:
        path: the file.
        text: its text.
        data: its value by the YAML 1.2 core rules, with variables filled in.
        keys: position of each key, by key path: (line, column) from 1.
        values: position of each value, by key path.
        options: the text of the ``--set`` that a value comes from, by key path.
        problems: what is wrong with the text.
        recorded: of a copy that a run keeps, the recipe's file that was run.
        hidden: what of the data comes from the environment.
    """

    path: Path
    text: str
    data: Any
    keys: Mapping[KeyPath, Place]
    values: Mapping[KeyPath, Place]
    options: Mapping[KeyPath, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    recorded: Path | None = None
    hidden: Hidden = field(default_factory=Hidden)

    @property
    def origin(self) -> Path:
        """The recipe's file, to whose folder its paths are relative.

        Of a run's copy, the file that was run.
        """
        return self.recorded or self.path

    def relative_to(self) -> str:
        """Say what paths are relative to, as a hint."""
        was = f", which was {self.origin.parent}" if self.recorded else ""
        return f"paths are relative to the recipe's folder{was}"

    def independent(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return the text's problems, and those that don't only follow from one of these."""
        places = {problem.where.path for problem in self.problems if problem.where.path}
        others = (p for p in problems if places.isdisjoint(places_around(p.where.path)))
        return [*self.problems, *others]

    def is_about(self, problem: Problem, path: KeyPath) -> bool:
        """Report whether a problem is about what stands at or below a key path."""
        place = problem.where.path
        if problem.where.file == OPTION:
            return any(
                at[: len(path)] == path for at, text in self.options.items() if text == place
            )
        shown = show_path(path)
        return place == shown or place.startswith((f"{shown}.", f"{shown}["))

    def where(self, path: KeyPath, *, key: bool = False) -> Where:
        """Return the place of a value (or its key); of the nearest parent where there is none.

        Or its option.
        """
        for end in range(len(path), 0, -1):
            if path[:end] in self.options:
                return Where(OPTION, path=self.options[path[:end]])
        for end in range(len(path), -1, -1):
            table = self.keys if key and end == len(path) and path in self.keys else self.values
            if path[:end] in table:
                return Where(str(self.path), *table[path[:end]], path=show_path(path))
        return Where(str(self.path), path=show_path(path))


def places_around(place: str) -> list[str]:
    """Return a place as it is shown, and all that it stands in: of a[0].b also a[0] and a."""
    return [*(place[: cut.start()] for cut in re.finditer(r"[.\[]", place)), place]


def load(path: Path, overrides: Sequence[str] = ()) -> Source:
    """Read a recipe file.

    Args:
        path: the file.
        overrides: ``a.b=value`` each, as --set takes them; a step is named by its id:
            ``steps.more.with.copies=2``.

    Returns:
        What could be read; what is wrong with the text is in ``problems``, so that the rest can be
        checked, too.

    Raises:
        RecipeError: the file can't be read, or isn't YAML.
    """
    try:
        text = yaml_text.text_of(path, _KIND)
        read = yaml_text.parse(path, text, _KIND)
    except YamlError as error:
        raise RecipeError(error.problems) from error
    if () not in read.values:
        raise RecipeError(
            [
                Problem(
                    Where(str(path), 1, 1),
                    "is empty",
                    "coco-recipe schema prints what a recipe holds",
                )
            ]
        )
    data = read.data
    problems = list(read.problems)
    options = _override(data, overrides, problems)
    if options:
        text = _with_options(data, overrides)
    names = data.get("vars") if isinstance(data, dict) else None
    names = names if isinstance(names, dict) else {}
    filler = _Filler(path, read.values, names, problems, options)
    data, unfilled = filler.fill(data, ()), data
    hidden = Hidden()
    if filler.hidden:  # filled in again but for these, it is as it may be written
        keeper = _Filler(path, read.values, names, [], {}, keeps=True)
        hidden = Hidden(dict(_differing(data, keeper.fill(unfilled, ()), ())), filler.hidden)
    return Source(path, text, data, read.keys, read.values, options, tuple(problems), hidden=hidden)


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


def _with_options(data: Any, overrides: Sequence[str]) -> str:
    """Return the recipe's text with the values of --set in it, which makes the same data."""
    lines = "".join(f"# --set {item}\n" for item in overrides).replace("\r", " ")
    return lines + yaml_text.dump(data)


def _override(data: Any, overrides: Sequence[str], problems: list[Problem]) -> dict[KeyPath, str]:
    """Put the values of --set into the data; return which option each comes from, by key path."""
    found: dict[KeyPath, str] = {}
    for item in overrides:
        name, equals, text = item.partition("=")
        try:
            if not equals or not name:
                raise ValueError("sets nothing")
            value = _option_value(text)
            for at in _put(data, name.split("."), value):
                found[at] = item
        except ValueError as error:
            problems.append(
                Problem(
                    Where(OPTION, path=item),
                    str(error),
                    "write --set a.b=value; a step by its id: --set steps.more.with.copies=2",
                )
            )
    return found


def _option_value(text: str) -> Any:
    """Read a value as a recipe has it: a plain scalar, or a value in YAML's flow style."""
    if not text.lstrip().startswith(("[", "{", '"', "'")):
        return yaml_text.core_scalar(text)
    try:
        read = yaml_text.parse(Path(OPTION), text, _KIND)
    except YamlError as error:
        raise ValueError(error.problems[0].what) from error
    if read.problems:
        raise ValueError(read.problems[0].what)
    return read.data


def _put(data: Any, parts: Sequence[str], value: Any) -> Iterator[KeyPath]:
    """Set one value; yield its key path, before it those of mappings that had to be made."""
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


class _Filler:
    """Replaces ``${name}`` and ``${env:NAME}`` in strings; other ``${...}`` is left to the step.

    A variable ``{env: NAME}`` is the environment's, too; with ``public: true`` it may be written.

    Attributes:
        hidden: what came from the environment and may not be written, each with its name.
        keeps: leave in place what may not be written.
    """

    def __init__(
        self,
        path: Path,
        places: Mapping[KeyPath, Place],
        names: dict[str, Any],
        problems: list[Problem],
        options: dict[KeyPath, str],
        *,
        keeps: bool = False,
    ) -> None:
        self.hidden: dict[str, str] = {}
        self.keeps = keeps
        self.looked_up = 0
        self.path, self.places, self.names = path, places, names
        self.problems, self.options = problems, options

    def fill(self, value: Any, at: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.fill(child, (*at, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [self.fill(child, (*at, i)) for i, child in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        if (whole := _VARIABLE.fullmatch(value)) and not whole[2].startswith("image."):
            return self.look_up(whole, at, 0)
        return _VARIABLE.sub(
            lambda m: m[0] if m[2].startswith("image.") else str(self.look_up(m, at, 0)), value
        )

    def look_up(self, match: re.Match[str], at: KeyPath, depth: int) -> Any:
        name = match[2]
        value: Any = self.from_environment(name) if match[1] else self.names
        if match[1] and value is not None and self.keeps:
            return value
        if not match[1]:
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if option := self.options.get(("vars", *name.split("."))):
                self.options[at] = option  # what is wrong with the value is wrong there
            if isinstance(value, dict) and isinstance(variable := value.get("env"), str):
                value = self.from_environment(variable, is_public=value.get("public") is True)
                match = _VARIABLE.fullmatch(f"${{env:{variable}}}") or match
                if value is not None and self.keeps:
                    return value
        self.looked_up += 1
        if self.looked_up > MAX_LOOK_UPS + 1:
            return ""  # it is told
        if value is None or depth > 20 or self.looked_up > MAX_LOOK_UPS:
            line = self.places.get(at, (0, 0))
            what = "refers to itself" if depth > 20 else "is not set"
            if self.looked_up > MAX_LOOK_UPS:
                what = f"makes the recipe look up more than {MAX_LOOK_UPS} variables"
            hint = "" if match[1] else did_you_mean(name, list(self.names))
            self.problems.append(
                Problem(
                    Where(str(self.path), *line, path=show_path(at)), f"{match[0]} {what}", hint
                )
            )
            return ""
        if isinstance(value, str) and (inner := _VARIABLE.fullmatch(value)):
            return self.look_up(inner, at, depth + 1)
        if isinstance(value, str):
            return _VARIABLE.sub(lambda m: str(self.look_up(m, at, depth + 1)), value)
        return value

    def from_environment(self, name: str, *, is_public: bool = False) -> str | None:
        """Return a variable of the environment, or how it is written; None where it isn't set."""
        value = os.environ.get(name)
        if value is not None and not is_public:
            self.hidden[value] = f"${{env:{name}}}"
            return self.hidden[value] if self.keeps else value
        return value
