"""YAML text -> data by the core rules of YAML 1.2, with each key's and value's place; and back."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from coco_recipe import regular
from coco_recipe.errors import Problem, Where, show_path

KeyPath = tuple[str | int, ...]
Place = tuple[int, int]  # (line, column), both from 1
MAX_BYTES = 4_000_000
MAX_DEPTH = 100
MAX_VALUES = 200_000
MAX_DIGITS = 3000  # of a whole number in any base; Python writes none of more than 4,300
_TOO_DEEP = f"is nested more than {MAX_DEPTH} deep"
_STANDARD = "tag:yaml.org,2002:"
_TAGS: dict[type[yaml.Node], str] = {
    yaml.ScalarNode: f"{_STANDARD}str",
    yaml.MappingNode: f"{_STANDARD}map",
    yaml.SequenceNode: f"{_STANDARD}seq",
}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Leaves the tag of a node empty where the text has none."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class YamlText:
    """A text as data.

    Attributes:
        data: its value; None where it is empty.
        keys: the place of each key, by key path.
        values: the place of each value, by key path; none where the text is empty.
        problems: what is wrong with values; each is left out of ``data``, or has another value of
            its kind there.
    """

    data: Any
    keys: Mapping[KeyPath, Place]
    values: Mapping[KeyPath, Place]
    problems: tuple[Problem, ...] = ()


class YamlError(ValueError):
    """A text has no data to look at further; ``problems`` says why, each at its place."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


_QUOTES = "a text that begins with *, &, @, ` or % needs quotes"
_HINTS = {  # by what the YAML library says
    "undefined alias": f"nothing above has this anchor; {_QUOTES}",
    "duplicate anchor": "give each anchor a name of its own",
    "alphabetic or numeric": _QUOTES,
    "cannot start any token": f"indent with blanks, not with tabs; {_QUOTES}",
    "tab character": "indent with blanks, not with tabs",
    "unexpected end of stream": "a quote or bracket isn't closed",
    "mapping values are not allowed": "a text that has a colon and a blank in it needs quotes",
    "could not find expected ':'": "write key: value, with a blank behind the colon",
    "while parsing a flow": "a bracket isn't closed, or a comma is missing",
    "did not find expected": "see the lines above: a bracket, a quote, a comma or the indent",
}


class YamlSyntaxError(YamlError):
    """A text is no YAML."""


def text_of(path: Path, kind: str) -> str:
    """Return the text of a file.

    Args:
        path: the file.
        kind: what it should hold, as messages name it: "recipe".

    Raises:
        YamlError: it can't be read, has more than 4,000,000 bytes, or is not UTF-8.
    """
    where = Where(str(path))
    try:
        with regular.opened(path) as file:
            raw = file.read(MAX_BYTES + 1)
    except regular.NotRegularError as error:
        raise YamlError(Problem(where, str(error.strerror), f"a {kind} is a file")) from error
    except OSError as error:
        raise YamlError(Problem(where, f"can't be read: {error.strerror}")) from error
    if len(raw) > MAX_BYTES:
        raise YamlError(
            Problem(where, f"has more than {MAX_BYTES} bytes, the most that a {kind} may have")
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlError(
            Problem(where, f"is not UTF-8 (byte {error.start})", "save it with the encoding UTF-8")
        ) from error


def parse(path: Path, text: str, kind: str, *, lists: Collection[str] = ()) -> YamlText:
    """Read a text.

    Args:
        path: the file that it is of, for messages.
        text: the text.
        kind: what it should hold, as messages name it: "recipe".
        lists: tags that may stand before a list, and change nothing of it.

    Raises:
        YamlSyntaxError: it is not YAML.
        YamlError: it has a second document, more than 200,000 values, or values that are nested
            more than 100 deep.
    """
    node = _compose(path, text, kind)
    reader = _Reader(path, kind, lists)
    data = None if node is None else reader.value(node, ())
    return YamlText(data, reader.keys, reader.values, tuple(reader.problems))


def _compose(path: Path, text: str, kind: str) -> yaml.Node | None:
    """Make YAML nodes; bound depth first, because the C loader crashes on deep nesting."""

    def problem(mark: Any, what: str, hint: str = "") -> Problem:
        return Problem(
            Where(str(path), mark.line + 1, mark.column + 1) if mark else Where(str(path)),
            what,
            hint,
        )

    try:
        depth = documents = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
                event, yaml.CollectionEndEvent
            )
            documents += isinstance(event, yaml.DocumentStartEvent)
            if depth > MAX_DEPTH:
                raise YamlError(problem(event.start_mark, _TOO_DEEP))
            if documents > 1:
                raise YamlError(
                    problem(
                        event.start_mark,
                        "a second document begins here",
                        f"write one {kind} in one file",
                    )
                )
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
        return node
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in str(error.problem):  # the C library has a bound of its own, of 1,000
            raise YamlError(problem(error.problem_mark, _TOO_DEEP)) from error
        what = error.problem if error.problem != "second occurrence" else error.context
        hint = next((hint for words, hint in _HINTS.items() if words in str(what)), "")
        raise YamlSyntaxError(problem(error.problem_mark, f"is not YAML: {what}", hint)) from error
    except yaml.YAMLError as error:
        where, what = _unreadable(path, text, error)
        hint = 'remove it; in quotes it can be written as an escape, as "\\x1b"'
        raise YamlSyntaxError(Problem(where, f"is not YAML: {what}", hint)) from error


def _unreadable(path: Path, text: str, error: yaml.YAMLError) -> tuple[Where, str]:
    """Say where a character stands that no YAML may have, and which it is."""
    position = getattr(error, "position", None)
    if position is None:
        return Where(str(path)), str(error)
    before = text.encode("utf-8", "surrogatepass")[:position].decode("utf-8", "ignore")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    code = ord(text[len(before)])
    return Where(str(path), line, column), f"the character U+{code:04X} may not stand in it"


class _Reader:
    """Turns nodes into values, remembers places, collects problems."""

    def __init__(self, path: Path, kind: str, lists: Collection[str]) -> None:
        self.path, self.kind, self.lists = path, kind, lists
        self.problems: list[Problem] = []
        self.keys: dict[KeyPath, Place] = {}
        self.values: dict[KeyPath, Place] = {}
        self.count = 0

    def problem(self, node: yaml.Node, at: KeyPath, what: str, hint: str = "") -> None:
        self.problems.append(
            Problem(Where(str(self.path), *_place(node), show_path(at)), what, hint)
        )

    def value(self, node: yaml.Node, at: KeyPath) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            self.stop(
                node,
                at,
                f"has more than {MAX_VALUES} values, aliases counted as what they stand for",
            )
        if len(at) > MAX_DEPTH:
            self.stop(node, at[:3], f"{_TOO_DEEP}, aliases counted as what they stand for")
        self.values[at] = _place(node)
        is_list = isinstance(node, yaml.SequenceNode)
        if node.tag not in ("", _TAGS[type(node)]) and not (is_list and node.tag in self.lists):
            self.problem(
                node, at, f"has the tag {node.tag}", f"remove it: a {self.kind} has no tags"
            )
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if is_list:
            return [self.value(child, (*at, i)) for i, child in enumerate(node.value)]
        return self.scalar(node, at)

    def stop(self, node: yaml.Node, at: KeyPath, what: str) -> None:
        self.problem(node, at, what)
        raise YamlError(*self.problems)

    def mapping(self, node: yaml.MappingNode, at: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, child in node.value:
            key = self.scalar(key_node, at) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self.problem(
                    key_node,
                    at,
                    f"a key must be a string, not {_shown(key_node)}",
                    "put it into quotes",
                )
            elif key == "<<":
                self.problem(key_node, at, "merge keys (<<) are not YAML 1.2", "write the keys out")
            elif key in result:
                first = self.keys[(*at, key)][0]
                self.problem(
                    key_node,
                    (*at, key),
                    f"the key '{key}' is there twice (first in line {first})",
                    "remove one",
                )
            else:
                self.keys[(*at, key)] = _place(key_node)
                result[key] = self.value(child, (*at, key))
        return result

    def scalar(self, node: yaml.Node, at: KeyPath) -> Any:
        if getattr(node, "style", None) or node.tag == _TAGS[yaml.ScalarNode]:
            return node.value
        try:
            value = core_scalar(node.value)
        except ValueError as error:
            self.problem(node, at, str(error))
            return 0
        if isinstance(value, float) and value - value != 0:
            self.problem(node, at, f"{node.value} is not a finite number")
            return 0.0
        return value


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def core_scalar(text: str) -> Any:
    """Read a plain scalar by the YAML 1.2 core rules (``no`` is a string, ``1e-4`` a number)."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"is a number of {len(text)} digits, which is too long")
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def dump(data: Any, *, flow: bool | None = False, width: int = 1000) -> str:
    """Write data as YAML that these rules read as the same data.

    Args:
        data: what `parse` gives.
        flow: write ``{a: [1]}``, rather than a line for each; None does so for what holds scalars
            only.
        width: characters after which a line is broken where it can be.
    """
    text: str = yaml.dump(
        data,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=width,
        default_flow_style=flow,
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Quotes every string that the core rules would read as something else, as '1e5'.

    It writes no aliases.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _style(text: str) -> str | None:
    if any(c in text for c in "\x85\u2028\u2029"):
        return '"'
    return None if core_scalar(text) == text else "'"


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar(f"{_STANDARD}str", text, style=_style(text))
)
