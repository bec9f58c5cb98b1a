"""Read a pipeline's file, JSON or YAML, and keep the line of everything in it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

KeyPath = tuple[str | int, ...]
MAX_BYTES, MAX_NODES, MAX_DEPTH = 4_000_000, 50_000, 100
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
    """A bare word in a JSON file, where a program fills in a value; ``expression`` is what may stand there."""

    word: str
    start: int
    line: int
    column: int
    expression: str | None


class _Core(yaml.SafeLoader):
    """YAML by the 1.2 core rules: ``no`` is text, ``1e-4`` a number."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Stop early: PyYAML takes minutes for some thousand brackets."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError(f"is nested more than {MAX_DEPTH} deep")
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def tuple_as_list(self, node: yaml.Node) -> list[Any]:
        """Read what ``yaml.dump`` made of a tuple."""
        return self.construct_sequence(node, deep=True)  # type: ignore[arg-type]


_Core.add_constructor("tag:yaml.org,2002:python/tuple", _Core.tuple_as_list)
for _tag, _pattern in (("null", r"~|null|Null|NULL|"), ("bool", r"true|True|TRUE|false|False|FALSE"),
                       ("int", r"[-+]?(0|[1-9][0-9]*)"),
                       ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")):
    _Core.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), None)


def load(path: Path, text: str | None = None) -> PipelineFile:
    """Read a file; ``.json`` is JSON, everything else YAML.

    Args:
        path: the file.
        text: its text, where a changed one is to be read instead.

    Raises:
        ValueError: it can't be read, is too large, or is not what its name says; names file, line and column.
    """
    text = text_of(path) if text is None else text
    form: Any = None
    if path.suffix == ".json":
        form = _json(path, text)
        text = text.replace("\t", " ")  # YAML has no tabs, and JSON none within strings
    try:
        loader = _Core(text)
        node = loader.get_single_node()
        places = _places(path, node)
        return PipelineFile(path, form if path.suffix == ".json" else loader.construct_document(node), places)
    except yaml.MarkedYAMLError as error:
        if path.suffix == ".json":
            return PipelineFile(path, form, {})
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ValueError(f"{path}{place}: is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: is not YAML: {error}") from error
    except ValueError as error:
        raise ValueError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from error


def text_of(path: Path) -> str:
    """Return the text of a file.

    Raises:
        ValueError: it can't be read, is larger than 4 MB, or not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path}: a pipeline's file has at most {MAX_BYTES} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise ValueError(f"{path}: can't be read: {error.strerror}") from error


def placeholders(text: str) -> Sequence[Placeholder]:
    """Find bare words in a JSON text, such as IMAGE_HEIGHT."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word[0] in '"+-0123456789' or word in _JSON_WORDS:
            continue
        sides = [side for side in ("width", "height") if side in word.lower()]
        line, column = text.count("\n", 0, match.start()) + 1, match.start() - text.rfind("\n", 0, match.start())
        found.append(Placeholder(word, match.start(), line, column, f"${{image.{sides[0]}}}" if len(sides) == 1 else None))
    return found


def _json(path: Path, text: str) -> Any:
    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{path}: has {word}, which is not JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            raise ValueError(f"{path}: the key '{next(key for key in keys if keys.count(key) > 1)}' is there twice")
        return dict(pairs)

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        words = placeholders(text)
        if not words:
            raise ValueError(f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}") from error
        shown = "; ".join(f"{path}:{word.line}:{word.column}: {word.word} is no value: write "
                          + (f'"{word.expression}"' if word.expression else "a number") for word in words[:5])
        raise ValueError(f"{shown}; or coco-recipe pipeline migrate {path}") from error
    except RecursionError as error:
        raise ValueError(f"{path}: is nested too deep") from error


def _places(path: Path, root: yaml.Node | None) -> dict[KeyPath, tuple[int, int]]:
    """Return the place of every value; refuse keys that are there twice, and aliases that multiply."""
    places: dict[KeyPath, tuple[int, int]] = {}

    def walk(node: yaml.Node, at: KeyPath) -> None:
        if len(places) > MAX_NODES:
            raise ValueError(f"{path}: has more than {MAX_NODES} values")
        places[at] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.SequenceNode):
            for index, child in enumerate(node.value):
                walk(child, (*at, index))
        elif isinstance(node, yaml.MappingNode):
            for key, child in node.value:
                name = (*at, str(key.value))
                if name in places:
                    raise ValueError(f"{path}:{key.start_mark.line + 1}: the key '{key.value}' is there twice")
                walk(child, name)

    if root is not None:
        walk(root, ())
    return places
