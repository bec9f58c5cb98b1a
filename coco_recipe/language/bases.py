"""A recipe's file and the bases that it extends -> one tree of values, each with its place.

Mappings merge key by key, and ``null`` takes a key out (as RFC 7396 has it), unless it is a value
that a step's parameter may have; ``steps`` merge by ``id``; every other value takes the base's
place.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from coco_recipe import yaml_text
from coco_recipe.errors import Problem, Where, did_you_mean, show_path
from coco_recipe.json_types import Schema
from coco_recipe.yaml_text import KeyPath, YamlError, YamlText

KIND = "recipe"
EXTENDS, REMOVE = "extends", "remove"
MAX_FILES = 100


class Spot(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: Path
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place.

    Attributes:
        value: a scalar; a mapping or a list has nodes.
        spot: where it begins.
        key: where its key stands, if it has one.
    """

    value: Any
    spot: Spot
    key: Spot | None = None

    def data(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: child.data() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.data() for child in self.value]
        return self.value

    def items(self, at: KeyPath = ()) -> Iterator[tuple[KeyPath, "Node"]]:
        """Yield this node and all below it, by key path."""
        yield at, self
        if isinstance(self.value, dict):
            for key, child in self.value.items():
                yield from child.items((*at, key))
        elif isinstance(self.value, list):
            for n, child in enumerate(self.value):
                yield from child.items((*at, n))

    def named(self, key: str) -> Any:
        """Return the scalar that a mapping has under a key; None where there is none."""
        child = self.value.get(key) if isinstance(self.value, dict) else None
        return child.value if child else None


@dataclass(slots=True)
class Merged:
    """A recipe's file with its bases merged in.

    Attributes:
        text: the text of the recipe's own file.
        node: the tree, without ``extends``; None where the file is empty.
        problems: what is wrong with the texts.
        folders: the folder of each base's file, as it is named from the recipe's folder.
        removed: where a step of a base is taken out, by its id.
    """

    text: str
    node: Node | None
    problems: list[Problem] = field(default_factory=list)
    folders: dict[Path, str] = field(default_factory=dict)
    removed: dict[str, Where] = field(default_factory=dict)


def read(path: Path, schemas: Mapping[str, Schema]) -> Merged:
    """Read a recipe's file, and merge it into its bases.

    Args:
        path: the file.
        schemas: of the parameters of steps by name, which tell what may be null.

    Raises:
        YamlError: the file or a base can't be read, isn't YAML, or extends itself.
    """
    reader = _Reader(schemas)
    text = yaml_text.text_of(path, KIND)
    node = reader.node(path, text, "", ())
    return Merged(text, node, reader.problems, reader.folders, reader.removed)


class _Reader:
    """Reads files with their bases; collects what is wrong with them."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.schemas = schemas
        self.problems: list[Problem] = []
        self.folders: dict[Path, str] = {}
        self.removed: dict[str, Where] = {}
        self.count = 0

    def node(self, path: Path, text: str, folder: str, above: tuple[Path, ...]) -> Node | None:
        """Return a file's tree, merged into those of its bases.

        Args:
            path: the file.
            text: its text.
            folder: its folder, as it is named from the recipe's; empty for that itself.
            above: the files that lead to it.
        """
        found = yaml_text.parse(path, text, KIND)
        self.problems += found.problems
        if () not in found.values:
            return None
        node = located(found, path)
        named = node.value.pop(EXTENDS, None) if isinstance(node.value, dict) else None
        lower: Node | None = None
        for name in self._names(named):
            base = self._base(name, folder, (*above, path))
            lower = self.merged(lower, base) if lower and base else base or lower
        if named is None:
            return node
        return self.merged(lower, node) if lower else node

    def _names(self, extends: Node | None) -> list[Node]:
        """Return the names of bases that a file has under ``extends``, the first below."""
        if extends is None:
            return []
        names = extends.value if isinstance(extends.value, list) else [extends]
        if names and all(isinstance(name.value, str) and name.value for name in names):
            return names
        what = "must be the file of a recipe, or a list of files, the later over the earlier"
        raise YamlError(*self.problems, Problem(_where(extends, (EXTENDS,)), what, "base.yaml"))

    def _base(self, name: Node, folder: str, above: tuple[Path, ...]) -> Node | None:
        """Read a base.

        Args:
            name: what ``extends`` says.
            folder: the folder of the file that says it, as it is named from the recipe's.
            above: the files that lead to it, that one last.
        """

        def refused(what: str, hint: str = "") -> YamlError:
            return YamlError(*self.problems, Problem(_where(name, (EXTENDS,)), what, hint))

        if "${" in name.value:
            raise refused("has a variable in it", "write the name of the file")
        path = _plain(above[-1].parent / name.value)
        self.count += 1
        real = [os.path.realpath(one) for one in above]
        if os.path.realpath(path) in real:
            circle = [*above[real.index(os.path.realpath(path)) :], path]
            raise refused(f"leads in a circle: {' -> '.join(map(str, circle))}")
        if self.count > MAX_FILES:
            raise refused(f"leads to more than {MAX_FILES} files")
        if not path.exists():
            hint = f"it is looked for beside {above[-1].name}, in {above[-1].parent}"
            raise refused(f"there is no file {name.value}", hint)
        below = os.path.join(folder, os.path.dirname(name.value))
        self.folders[path] = below
        try:
            return self.node(path, yaml_text.text_of(path, KIND), below, above)
        except YamlError as error:
            known = [one for one in self.problems if one not in error.problems]
            raise YamlError(*known, *error.problems) from error

    def merged(self, lower: Node, upper: Node) -> Node:
        """Return one tree of two: what the upper one has stands."""
        whole = _merged(lower, upper, None)
        if whole is upper:
            return upper
        rows = [one.value.get("steps") for one in (lower, upper)]
        if all(row and isinstance(row.value, list) for row in rows):
            steps = self._steps(rows[0].value, rows[1].value)
            whole.value["steps"] = Node(steps, rows[1].spot, rows[1].key)
        return whole

    def _steps(self, lower: list[Node], upper: list[Node]) -> list[Node]:
        """Merge steps by id, from top to bottom; new ones come at the end."""
        steps, told = list(lower), dict[str, Node]()
        for n, row in enumerate(upper):
            step_id = row.named("id")
            place = next((i for i, one in enumerate(steps) if _is(one, step_id)), None)
            if isinstance(row.value, dict) and REMOVE in row.value:
                if self._is_removal(row, ("steps", n), steps, place) and place is not None:
                    del steps[place]
                    self.removed[step_id] = _where(row, ("steps", n))
                    told.pop(step_id, None)
            elif place is None or step_id in told:  # that a name stands twice is told of the whole
                steps.append(row)
            else:
                steps[place] = self._step(steps[place], row)
            if isinstance(step_id, str) and REMOVE not in row.value:
                told[step_id] = row
                self.removed.pop(step_id, None)
        return steps

    def _step(self, lower: Node, upper: Node) -> Node:
        """Merge a step; where it uses something else, the base's parameters are of no use."""
        whole, use = _merged(lower, upper, None), upper.named("use")
        given = [one.value.get("with") for one in (lower, upper)]
        if use is not None and use != lower.named("use"):
            whole.value.pop("with", None)
            whole.value.update({"with": given[1]} if given[1] else {})
        elif all(given):
            schema = self.schemas.get(str(whole.named("use")), {})
            whole.value["with"] = _merged(given[0], given[1], schema)
        return whole

    def _is_removal(self, row: Node, at: KeyPath, steps: list[Node], place: int | None) -> bool:
        """Report whether an entry takes a step out; tell what is wrong with it."""
        if row.named(REMOVE) is not True or len(row.value) != 2 or "id" not in row.value:
            what, hint = "removes nothing", "write {id: NAME, remove: true}, and nothing else"
        elif place is None:
            ids = [str(one.named("id")) for one in steps]
            what = f"removes nothing: no step above has the id '{row.named('id')}'"
            hint = did_you_mean(str(row.named("id")), ids)
        else:
            return True
        self.problems.append(Problem(_where(row, at), what, hint))
        return False


def _merged(lower: Node, upper: Node, schema: Schema | None) -> Node:
    """Merge two values.

    Args:
        lower: the base's.
        upper: the one over it.
        schema: of the value, where it is of a parameter, which may be null; else None.
    """
    if not isinstance(lower.value, dict) or not isinstance(upper.value, dict):
        return upper
    value = dict(lower.value)
    for key, child in upper.value.items():
        rule = None if schema is None else schema.get("properties", {}).get(key, {})
        if key in value and child.value is None and not _may_be_null(rule):
            del value[key]
        else:
            value[key] = _merged(value[key], child, rule) if key in value else child
    return Node(value, upper.spot, upper.key)


def _may_be_null(rule: Schema | None) -> bool:
    """Report whether a parameter may be null, by its schema; nothing else may."""
    if rule is None:
        return False
    types = rule.get("type", "null")
    return (
        None in rule.get("enum", [None])
        and "null" in ([types] if isinstance(types, str) else types)
        and (any(map(_may_be_null, rule["anyOf"])) if "anyOf" in rule else True)
    )


def located(found: YamlText, file: Path) -> Node:
    """Return a text's data as nodes."""

    def node(value: Any, at: KeyPath) -> Node:
        if isinstance(value, dict):
            value = {key: node(child, (*at, key)) for key, child in value.items()}
        elif isinstance(value, list):
            value = [node(child, (*at, n)) for n, child in enumerate(value)]
        key = found.keys.get(at)
        return Node(value, Spot(file, *found.values[at]), Spot(file, *key) if key else None)

    return node(found.data, ())


def places(node: Node) -> tuple[Mapping[KeyPath, Spot], Mapping[KeyPath, Spot]]:
    """Return the places of keys and of values, by key path."""
    found = dict(node.items())
    keys = {at: one.key for at, one in found.items() if one.key}
    return keys, {at: one.spot for at, one in found.items()}


def _is(step: Node, step_id: Any) -> bool:
    return isinstance(step_id, str) and step.named("id") == step_id


def _where(node: Node, at: KeyPath) -> Where:
    return Where(str(node.spot.file), node.spot.line, node.spot.column, show_path(at))


def _plain(path: Path) -> Path:
    """Return a path without ``..`` where that leads to the same file."""
    plain = Path(os.path.normpath(path))
    try:
        return plain if os.path.samefile(path, plain) else path
    except OSError:
        return path
