"""Read a pipeline's file, JSON or YAML, and keep the line of everything in it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from coco_recipe import Problem, yaml_text

KeyPath = tuple[str | int, ...]
MAX_SHOWN = 5
_KIND = "pipeline"
# what yaml.dump makes of a tuple, as Albumentations wrote it
_TUPLES = ("tag:yaml.org,2002:python/tuple",)
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[A-Za-z_$<][\w.$<>]*|[-+]?[0-9][\w.+-]*')
_JSON_WORDS = ("true", "false", "null")


@dataclass(frozen=True, slots=True)
class PipelineFile:
    """A file's data, and the (line, column) from 1 of each value by key path."""

    path: Path
    form: Any
    places: Mapping[KeyPath, tuple[int, int]]

    def where(self, path: KeyPath) -> str:
        """Return ``file:line`` of a value, or of the nearest thing that it is in."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return f"{self.path}:{self.places[path[:end]][0]}"
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A bare word in a JSON file, where a program fills in a value.

    ``expression`` is what may stand there.
    """

    word: str
    start: int
    line: int
    column: int
    expression: str | None


def load(path: Path, text: str | None = None) -> PipelineFile:
    """Read a file; ``.json`` is JSON, everything else YAML.

    Args:
        path: the file.
        text: its text, where a changed one is to be read instead.

    Raises:
        ValueError: it can't be read, is too large, or is not what its name says; names file, line
            and column.
    """
    text = text_of(path) if text is None else text
    if path.suffix == ".json":
        return PipelineFile(path, _json(path, text), _places_in_json(path, text))
    try:
        read = yaml_text.parse(path, text, _KIND, lists=_TUPLES)
    except yaml_text.YamlError as error:
        raise ValueError(_told(error.problems)) from error
    if read.problems:
        raise ValueError(_told(read.problems))
    return PipelineFile(path, read.data, read.values)


def text_of(path: Path) -> str:
    """Return the text of a file.

    Raises:
        ValueError: it can't be read, is larger than 4 MB, or not UTF-8.
    """
    try:
        return yaml_text.text_of(path, _KIND)
    except yaml_text.YamlError as error:
        raise ValueError(_told(error.problems)) from error


def _places_in_json(path: Path, text: str) -> Mapping[KeyPath, tuple[int, int]]:
    """Return the places of a JSON text's values; none where it is no YAML, as some escapes."""
    try:
        return yaml_text.parse(
            path, text.replace("\t", " "), _KIND
        ).values  # JSON has tabs between values only
    except yaml_text.YamlSyntaxError:
        return {}
    except yaml_text.YamlError as error:
        raise ValueError(_told(error.problems)) from error


def _told(problems: Sequence[Problem]) -> str:
    """Say in one line what is wrong with a file, each fault at its place."""
    shown = [
        f"{replace(one.where, path='')}{one.what}{f': {one.hint}' * bool(one.hint)}"
        for one in problems[:MAX_SHOWN]
    ]
    more = len(problems) - MAX_SHOWN
    return "; ".join([*shown, f"and {more} more"] if more > 0 else shown)


def placeholders(text: str) -> Sequence[Placeholder]:
    """Find bare words in a JSON text, such as IMAGE_HEIGHT."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word[0] in '"+-0123456789' or word in _JSON_WORDS:
            continue
        sides = [side for side in ("width", "height") if side in word.lower()]
        line, column = (
            text.count("\n", 0, match.start()) + 1,
            match.start() - text.rfind("\n", 0, match.start()),
        )
        found.append(
            Placeholder(
                word,
                match.start(),
                line,
                column,
                f"${{image.{sides[0]}}}" if len(sides) == 1 else None,
            )
        )
    return found


def _json(path: Path, text: str) -> Any:
    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{path}: has {word}, which is not JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            raise ValueError(
                f"{path}: the key '{next(key for key in keys if keys.count(key) > 1)}' "
                "is there twice"
            )
        return dict(pairs)

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        words = placeholders(text)
        if not words:
            raise ValueError(
                f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}"
            ) from error
        shown = "; ".join(
            f"{path}:{word.line}:{word.column}: {word.word} is no value: write "
            + (f'"{word.expression}"' if word.expression else "a number")
            for word in words[:MAX_SHOWN]
        )
        raise ValueError(f"{shown}; or coco-recipe pipeline migrate {path}") from error
    except RecursionError as error:
        raise ValueError(f"{path}: is nested too deep") from error
