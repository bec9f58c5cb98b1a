"""Values from the environment: what is written keeps their names, and keys a keyed hash of them."""

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from coco_recipe import terminal
from coco_recipe.yaml_text import KeyPath

HASH_DIGITS = 32
_REFERENCE = re.compile(r"\$\{env:([A-Za-z_][\w.]*)\}")


@dataclass(frozen=True, slots=True)
class Hidden:
    """What of some data comes from the environment.

    Attributes:
        texts: the text that stands for a value, with ``${env:NAME}`` in it, by key path.
        values: what the environment has, each with its ``${env:NAME}``.
    """

    texts: Mapping[KeyPath, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    def below(self, at: KeyPath) -> "Hidden":
        """Return what comes from the environment below a key path, with paths from there."""
        texts = {
            path[len(at) :]: text for path, text in self.texts.items() if path[: len(at)] == at
        }
        return replace(self, texts=texts)

    def written(self, data: Any) -> Any:
        """Return data with the names in place of what comes from the environment."""
        return _put(data, self.texts, ())

    def keyed(self, data: Any) -> Any:
        """Return the same, with a keyed hash of each value behind its names.

        It tells that a value has changed, and no more. The names are the hash's key.
        """
        hashed = {
            path: f"{text} (keyed hash {_hash(text, _at(data, path))})"
            for path, text in self.texts.items()
        }
        return _put(data, hashed, ())

    def in_text(self, text: str) -> str:
        """Return a text with the names in place of values that stand in it."""
        return terminal.named(text, self.values)

    def in_data(self, data: Any) -> Any:
        """Return JSON-like data with the names in place of values that stand in its texts."""
        return _each_text(data, self.in_text) if self.values else data

    def file_name(self, name: str) -> str:
        """Return a file's name; if the environment says it, that alone."""
        return "${env}" if any(name in value for value in self.values) else name


def expanded(text: str) -> str:
    """Return a text as `Hidden.written` gives it with the environment's values.

    Raises:
        KeyError: a variable isn't set; with its name.
    """
    terminal.hide({os.environ[name]: f"${{env:{name}}}" for name in _REFERENCE.findall(text)})
    return _REFERENCE.sub(lambda found: os.environ[found[1]], text)


def with_names(data: Any) -> Any:
    """Return JSON-like data with names in place of what this process took from the environment.

    What a step hands to another process by a file is written so; `with_values` reads it there.

    Args:
        data: texts, lists and mappings of such, or anything else, which stays as it is.

    Returns:
        The same with ``${env:NAME}`` in its texts.
    """
    return _each_text(data, terminal.named)


def with_values(data: Any) -> Any:
    """Return JSON-like data of `with_names` with the values of this process's environment.

    From here on, `with_names` and messages of this process have the names again.

    Args:
        data: as `with_names` returns it.

    Returns:
        The same with the values.

    Raises:
        ValueError: a variable isn't set; names it.
    """
    try:
        return _each_text(data, expanded)
    except KeyError as error:
        raise ValueError(f"{error.args[0]} isn't set: export {error.args[0]}=...") from None


def _each_text(data: Any, change: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return change(data)
    if isinstance(data, Mapping):
        return {_each_text(key, change): _each_text(row, change) for key, row in data.items()}
    if isinstance(data, (list, tuple)):
        return type(data)(_each_text(row, change) for row in data)
    return data


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _hash(text: str, value: Any) -> str:
    keyed = hmac.new(text.encode(), repr(value).encode("utf-8", "replace"), hashlib.sha256)
    return keyed.hexdigest()[:HASH_DIGITS]


def _put(data: Any, texts: Mapping[KeyPath, str], at: KeyPath) -> Any:
    """Return data with texts put in at their key paths."""
    if at in texts:
        return texts[at]
    if not texts:
        return data
    if isinstance(data, dict):
        return {key: _put(child, texts, (*at, key)) for key, child in data.items()}
    if isinstance(data, list):
        return [_put(child, texts, (*at, n)) for n, child in enumerate(data)]
    return data
