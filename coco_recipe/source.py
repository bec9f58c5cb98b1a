"""load: YAML text -> Source, the data of a recipe and the position of each of its keys and values."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from coco_recipe.errors import Problem, RecipeError, Where, did_you_mean, show_path

MAX_BYTES, MAX_DEPTH, MAX_NODES = 4_000_000, 100, 200_000
KeyPath = tuple[str | int, ...]
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_VARIABLE = re.compile(r"\$\{(env:)?([A-Za-z_][\w.]*)\}")
OPTION = "--set"
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
        options: the text of the ``--set`` that a value comes from, by key path.
        faults: what is wrong with the text.
        recorded: of a copy that a run keeps, the recipe's file that was run.
    """

    path: Path
    text: str
    data: Any
    keys: Mapping[KeyPath, tuple[int, int]]
    values: Mapping[KeyPath, tuple[int, int]]
    options: Mapping[KeyPath, str] = field(default_factory=dict)
    faults: tuple[Problem, ...] = ()
    recorded: Path | None = None

    @property
    def origin(self) -> Path:
        """The recipe's file, to whose folder its paths are relative; of a run's copy, the file that was run."""
        return self.recorded or self.path

    def relative_to(self) -> str:
        """Say what paths are relative to, as a hint."""
        return f"paths are relative to the recipe's folder{f', which was {self.origin.parent}' * bool(self.recorded)}"

    def independent(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return the text's faults, and those of other problems that don't only follow from one of these."""
        places = [fault.where.path for fault in self.faults if fault.where.path]
        return [*self.faults, *(p for p in problems if not any(
            p.where.path == place or p.where.path.startswith((f"{place}.", f"{place}[")) for place in places))]

    def where(self, path: KeyPath, *, key: bool = False) -> Where:
        """Return the place of a value (or its key); of the nearest parent where there is none; or its option."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.options:
                return Where(OPTION, path=self.options[path[:end]])
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

    Returns:
        What could be read; what is wrong with the text is in ``faults``, so that the rest can be checked, too.

    Raises:
        RecipeError: the file can't be read, or isn't YAML.
    """
    text = _read(path)
    reader = _Reader(path)
    data = reader.value(_compose(path, text), ())
    problems = reader.problems
    options = _override(data, overrides, problems)
    if options:
        text = _with_options(data, overrides)
    names = data.get("vars") if isinstance(data, dict) else None
    filler = _Filler(path, reader, names if isinstance(names, dict) else {}, problems, options)
    data = filler.fill(data, ())
    return Source(path, text, data, reader.keys, reader.values, options, tuple(problems))


def _with_options(data: Any, overrides: Sequence[str]) -> str:
    """Return the recipe's text with the values of --set in it, which makes the same data without them."""
    lines = "".join(f"# --set {item}\n" for item in overrides).replace("\r", " ")
    return lines + dump(data)


def dump(data: Any) -> str:
    """Write a recipe's data as YAML that these rules read as the same data."""
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)
    return text


class _Dumper(yaml.SafeDumper):
    """Quotes every string that the YAML 1.2 core rules would read as something else, as '1e5'."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _style(text: str) -> str | None:
    if any(c in text for c in "\x85\u2028\u2029"):
        return '"'
    return None if core_scalar(text) == text else "'"


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar(
    "tag:yaml.org,2002:str", text, style=_style(text)))


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
            problems.append(Problem(Where(OPTION, path=item), str(error),
                                    "write --set a.b=value; a step by its id: --set steps.more.with.copies=2"))
    return found


def _option_value(text: str) -> Any:
    """Read a value as a recipe has it: a plain scalar, or a list, mapping or quoted string in YAML's flow style."""
    if not text.lstrip().startswith(("[", "{", '"', "'")):
        return core_scalar(text)
    reader = _Reader(Path(OPTION))
    try:
        value = reader.value(_compose(reader.path, text), ())
    except RecipeError as error:
        raise ValueError(error.problems[0].what) from error
    if reader.problems:
        raise ValueError(reader.problems[0].what)
    return value


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
    """Return the key of a mapping, or the place of a list's row: by its id, or by its number from 0."""
    if isinstance(target, dict):
        return part
    if not isinstance(target, list):
        raise ValueError(f"sets nothing: there is no '{part}' in {target!r}")
    ids = [row.get("id") if isinstance(row, dict) else None for row in target]
    if part in ids:
        return ids.index(part)
    if part.isdecimal() and int(part) < len(target):
        return int(part)
    raise ValueError(f"sets nothing: there is no '{part}' here; {did_you_mean(part, [x for x in ids if isinstance(x, str)])}")


class _Filler:
    """Replaces ``${name}`` and ``${env:NAME}`` in strings; other ``${...}`` is left to the step."""

    def __init__(self, path: Path, reader: _Reader, names: dict[str, Any], problems: list[Problem],
                 options: dict[KeyPath, str]) -> None:
        self.path, self.reader, self.names, self.problems, self.options = path, reader, names, problems, options

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
            if option := self.options.get(("vars", *name.split("."))):
                self.options[at] = option  # what is wrong with the value is wrong there
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
