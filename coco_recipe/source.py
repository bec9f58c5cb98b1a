"""load: YAML text -> Source, the data of a recipe and the position of each of its keys and values."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from coco_recipe.errors import Problem, RecipeError, Where, did_you_mean, show_path

MAX_BYTES, MAX_DEPTH, MAX_NODES = 4_000_000, 100, 200_000
KeyPath = tuple[str | int, ...]
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_VARIABLE = re.compile(r"\$\{(env:)?([A-Za-z_][\w.]*)\}")
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class Source:
    """A recipe's text as data.

    Attributes:
        path: the file.
        text: its text.
        data: its value by the YAML 1.2 core rules, with variables filled in.
        keys: position of each key, by key path: (line, column) from 1.
        values: position of each value, by key path.
    """

    path: Path
    text: str
    data: Any
    keys: Mapping[KeyPath, tuple[int, int]]
    values: Mapping[KeyPath, tuple[int, int]]

    def where(self, path: KeyPath, *, key: bool = False) -> Where:
        """Return the place of a value (or its key); of the nearest parent where there is none."""
        for end in range(len(path), -1, -1):
            table = self.keys if key and end == len(path) and path in self.keys else self.values
            if path[:end] in table:
                return Where(str(self.path), *table[path[:end]], path=show_path(path))
        return Where(str(self.path), path=show_path(path))


def load(path: Path, overrides: Sequence[str] = ()) -> Source:
    """Read a recipe file.

    Args:
        path: the file.
        overrides: ``a.b=value`` each, as --set takes them; a step is named by its id: ``steps.more.with.copies=2``.

    Raises:
        RecipeError: with every problem of the text.
    """
    text = _read(path)
    reader = _Reader(path)
    data = reader.value(_compose(path, text), ())
    problems = reader.problems
    _override(data, overrides, problems)
    names = data.get("vars") if isinstance(data, dict) else None
    filler = _Filler(path, reader, names if isinstance(names, dict) else {}, problems)
    data = filler.fill(data, ())
    if problems:
        raise RecipeError(problems)
    return Source(path, text, data, reader.keys, reader.values)


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise RecipeError([Problem(Where(str(path)), f"has {len(raw)} bytes; a recipe has at most {MAX_BYTES}")])
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise RecipeError([Problem(Where(str(path)), f"can't be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise RecipeError([Problem(Where(str(path)), f"is not UTF-8 (byte {error.start})",
                                   "save it with the encoding UTF-8")]) from error


def _compose(path: Path, text: str) -> yaml.Node:
    """Make YAML nodes; bound depth first, because the C loader crashes on deep nesting."""
    def fail(mark: Any, what: str, hint: str = "") -> RecipeError:
        return RecipeError([Problem(Where(str(path), mark.line + 1, mark.column + 1), what, hint)])

    try:
        depth = documents = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            if depth > MAX_DEPTH:
                raise fail(event.start_mark, f"is nested more than {MAX_DEPTH} deep")
            if documents > 1:
                raise fail(event.start_mark, "a second document begins here", "write one recipe in one file")
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise fail(error.problem_mark, f"is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise RecipeError([Problem(Where(str(path)), f"is not YAML: {error}")]) from error
    if node is None:
        raise RecipeError([Problem(Where(str(path), 1, 1), "is empty", "coco-recipe schema prints what a recipe holds")])
    return node


class _Reader:
    """Turns nodes into values, remembers positions, collects problems."""

    def __init__(self, path: Path) -> None:
        self.path, self.problems, self.count = path, list[Problem](), 0
        self.keys: dict[KeyPath, tuple[int, int]] = {}
        self.values: dict[KeyPath, tuple[int, int]] = {}

    def problem(self, node: yaml.Node, at: KeyPath, what: str, hint: str = "") -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.problems.append(Problem(Where(str(self.path), line, column, show_path(at)), what, hint))

    def value(self, node: yaml.Node, at: KeyPath) -> Any:
        self.count += 1
        if self.count > MAX_NODES:
            self.problem(node, at, f"has more than {MAX_NODES} values, aliases counted as what they stand for")
            raise RecipeError(self.problems)
        self.values[at] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rpartition(":")[2] not in ("str", "map", "seq"):
            self.problem(node, at, f"has the tag {node.tag}", "remove it: a recipe has no tags")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*at, i)) for i, child in enumerate(node.value)]
        return self.scalar(node, at)

    def mapping(self, node: yaml.MappingNode, at: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, child in node.value:
            key = self.scalar(key_node, at) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self.problem(key_node, at, f"a key must be a string, not {getattr(key_node, 'value', '?')!r}",
                             "put it into quotes")
                continue
            if key == "<<":
                self.problem(key_node, at, "merge keys (<<) are not YAML 1.2", "write the keys out")
            elif key in result:
                first = self.keys[(*at, key)][0]
                self.problem(key_node, (*at, key), f"the key '{key}' is there twice (first in line {first})",
                             "remove one")
            else:
                self.keys[(*at, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
                result[key] = self.value(child, (*at, key))
        return result

    def scalar(self, node: yaml.Node, at: KeyPath) -> Any:
        if getattr(node, "style", None):
            return node.value
        value = core_scalar(node.value)
        if isinstance(value, float) and value - value != 0:
            self.problem(node, at, f"{node.value} is not a finite number")
            return 0.0
        return value


def core_scalar(text: str) -> Any:
    """Read a plain scalar by the YAML 1.2 core rules (``no`` is a string, ``1e-4`` a number)."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if re.fullmatch(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", text):
        return float(text.replace(".", ""))
    return text


def _override(data: Any, overrides: Sequence[str], problems: list[Problem]) -> None:
    for item in overrides:
        name, equals, text = item.partition("=")
        *parents, last = name.split(".")
        target = data
        for part in parents:
            if isinstance(target, list):
                target = next((row for row in target if isinstance(row, dict) and row.get("id") == part), None)
            elif isinstance(target, dict):
                target = target.setdefault(part, {})
        if not equals or not isinstance(target, dict):
            problems.append(Problem(Where("--set"), f"'{item}' sets nothing",
                                    "write --set a.b=value; a step by its id: --set steps.more.with.copies=2"))
        else:
            target[last] = core_scalar(text)


class _Filler:
    """Replaces ``${name}`` and ``${env:NAME}`` in strings; other ``${...}`` is left to the step."""

    def __init__(self, path: Path, reader: _Reader, names: dict[str, Any], problems: list[Problem]) -> None:
        self.path, self.reader, self.names, self.problems = path, reader, names, problems

    def fill(self, value: Any, at: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.fill(child, (*at, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [self.fill(child, (*at, i)) for i, child in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        if (whole := _VARIABLE.fullmatch(value)) and not whole[2].startswith("image."):
            return self.look_up(whole, at, 0)
        return _VARIABLE.sub(lambda m: m[0] if m[2].startswith("image.") else str(self.look_up(m, at, 0)), value)

    def look_up(self, match: re.Match[str], at: KeyPath, depth: int) -> Any:
        name = match[2]
        value: Any = os.environ.get(name) if match[1] else self.names
        if not match[1]:
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
        if value is None or depth > 20:
            line = self.reader.values.get(at, (0, 0))
            what = "refers to itself" if depth > 20 else "is not set"
            hint = "" if match[1] else did_you_mean(name, list(self.names))
            self.problems.append(Problem(Where(str(self.path), *line, path=show_path(at)), f"{match[0]} {what}", hint))
            return ""
        if isinstance(value, str) and (inner := _VARIABLE.fullmatch(value)):
            return self.look_up(inner, at, depth + 1)
        if isinstance(value, str):
            return _VARIABLE.sub(lambda m: str(self.look_up(m, at, depth + 1)), value)
        return value
