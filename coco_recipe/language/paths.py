"""Paths among a recipe's values: which ones there are, by the schema, and what they begin with."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from coco_recipe.json_types import Schema
from coco_recipe.yaml_text import KeyPath

FILE, FOLDER = "recipe-file", "recipe-folder"
Change = Callable[[str, KeyPath, bool], str]
_VARIABLE = re.compile(r"\$\{(?!env:|image\.)([A-Za-z_][\w.]*)\}")


def changed(schema: Schema, value: Any, change: Change, at: KeyPath = ()) -> Any:
    """Return a value with each path in it changed.

    Paths are strings of ``format: recipe-file`` or ``recipe-folder``. ``package::path`` names a
    package's own file, and stays.

    Args:
        schema: of the value.
        value: what a recipe has there.
        change: is given the text, its key path, and whether it is a file; returns the new text.
        at: the value's key path.
    """
    branches = [schema, *schema.get("anyOf", ())]
    if isinstance(value, str):
        formats = {branch.get("format") for branch in branches} & {FILE, FOLDER}
        return change(value, at, FILE in formats) if formats and "::" not in value else value
    if isinstance(value, dict):
        rules = {name: rule for one in branches for name, rule in _rules(one).items()}
        others = _first(branches, "additionalProperties")
        return {
            key: changed(rules.get(key, others), child, change, (*at, key))
            for key, child in value.items()
        }
    if isinstance(value, list):
        items = _first(branches, "items")
        return [changed(items, child, change, (*at, n)) for n, child in enumerate(value)]
    return value


def _rules(schema: Schema) -> Mapping[str, Schema]:
    rules: Mapping[str, Schema] = schema.get("properties", {})
    return rules


def _first(branches: Sequence[Schema], key: str) -> Schema:
    """Return the schema that the first of some has under a key; an empty one where none has."""
    return next((one[key] for one in branches if isinstance(one.get(key), dict)), {})


def home(data: Any, at: KeyPath, depth: int = 0) -> KeyPath:
    """Return the key path at which the beginning of a text stands.

    It is another one where the text, or what it is a part of, begins with a variable.

    Args:
        data: the recipe before variables are filled in.
        at: the key path of a text that is there once they are.
        depth: of variables within variables; what refers to itself is told elsewhere.
    """
    node, place = data, KeyPath()
    for part in (*at, None):
        if isinstance(node, str) and (name := _VARIABLE.match(node)) and depth < 20:
            place = home(data, ("vars", *name[1].split(".")), depth + 1)
            node = value_at(data, place)
        if part is None:
            break
        node, place = _child(node, part), (*place, part)
    return place


def prefix(data: Any, at: KeyPath, change: Callable[[str], str]) -> None:
    """Change a text in place; a variable that stands for what it is a part of is written out."""
    node = data
    for part in at[:-1]:
        if isinstance(child := node[part], str) and (name := _VARIABLE.fullmatch(child)):
            node[part] = _copied(value_at(data, home(data, ("vars", *name[1].split(".")))))
        node = node[part]
    if isinstance(text := node[at[-1]], str):
        node[at[-1]] = change(text)


def value_at(data: Any, at: KeyPath) -> Any:
    """Return what stands at a key path; None where nothing does."""
    for part in at:
        data = _child(data, part)
    return data


def _child(node: Any, part: Any) -> Any:
    try:
        return node[part] if isinstance(node, dict | list) else None
    except (KeyError, IndexError, TypeError):
        return None


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(child) for key, child in value.items()}
    return [_copied(child) for child in value] if isinstance(value, list) else value


def joined(root: Path, folder: str, text: str) -> str:
    """Return a path that is relative to a folder as one that is relative to another.

    Args:
        root: the folder to which the new path is relative.
        folder: the folder to which the old one is, seen from there.
        text: the old path.
    """
    path = os.path.join(_plain(root, folder), text)
    return path if "${" in text else _plain(root, path)


def shown(path: Path) -> str:
    """Return a path for a reader, without ``..`` where that leads to the same place."""
    return _plain(Path(), str(path))


def _plain(root: Path, path: str) -> str:
    """Return a path without ``..`` where that leads to the same place, whatever links there are."""
    plain = os.path.normpath(path)
    try:
        is_same = os.path.samefile(root / path, root / plain)
    except OSError:
        is_same = os.path.realpath(root / path) == os.path.realpath(root / plain)
    return plain if is_same else path
