"""JSON Schema in the recipe's words: problems with places and hints, defaults, named files."""

import functools
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coco_recipe import patterns
from coco_recipe.errors import Problem, did_you_mean
from coco_recipe.json_types import Schema
from coco_recipe.language import paths, schemas
from coco_recipe.language.bases import EXTENDS, REMOVE
from coco_recipe.language.source import Source
from coco_recipe.yaml_text import KeyPath

MAX_NAME = 200  # bytes: with what is put around it, a file system's name has 255
MAX_SHOWN = 300  # characters of a wrong value in a message
_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def problems(schema: Schema, value: Any, source: Source, at: KeyPath) -> Iterator[Problem]:
    """Yield what is wrong with ``value``, which stands in the source at ``at``.

    Args:
        schema: a JSON Schema, draft-07.
        value: JSON-like.
        source: the recipe's text, for places.
        at: the value's key path in it.
    """
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    validator = _validator()(
        schema, registry=Registry(), format_checker=_names()
    )  # an empty registry: never fetch a $ref
    try:
        for error in validator.iter_errors(value):
            yield from _explain(error, source, (*at, *error.absolute_path))
    except RecursionError:
        what = "can't be checked: its schema refers to itself without an end"
        yield Problem(source.where(at), what, "the plugin's author must mend the step's $ref")
    except Unresolvable as error:
        what = f"can't be checked: its schema has a $ref to what isn't in it ({error.ref})"
        yield Problem(source.where(at), what, "the plugin's author must mend the step's $ref")


@functools.cache
def _validator() -> Any:
    """Return the validator of draft 7, whose expressions take no longer than they may."""
    from jsonschema import Draft7Validator, ValidationError, validators

    def check_pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[Any]:
        if not isinstance(instance, str):
            return
        if fault := patterns.fault(pattern):
            yield ValidationError(f"can't be checked: the schema's pattern {pattern!r} {fault}")
            return
        try:
            if patterns.search(pattern, [instance]) == [None]:
                yield ValidationError(f"{instance!r} does not match {pattern!r}")
        except ValueError as error:
            yield ValidationError(f"can't be checked: {error}")

    extend: Any = validators.extend
    return extend(Draft7Validator, {"pattern": check_pattern})


@functools.cache
def _names() -> Any:
    """Return what checks the formats of our own: the names in a recipe."""
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    checker.checks("recipe-id")(lambda text: not isinstance(text, str) or not name_fault(text))
    checker.checks("recipe-name")(
        lambda text: not isinstance(text, str) or not name_fault(text, is_recipe=True)
    )
    return checker


def name_fault(text: str, *, is_recipe: bool = False) -> str:
    """Return what is wrong with the name of an input, a step or a recipe; an empty text if nothing.

    The name becomes a folder's.

    A letter's marks (Unicode category M) are part of it, as in Devanagari and Thai.
    """
    allowed = "-_." if is_recipe else "-_"
    if bad := [
        c
        for c in text
        if c not in allowed and unicodedata.category(c)[0] not in "LM" and not c.isdecimal()
    ]:
        return f"{bad[0]!r} is not allowed"
    first = text[:1]
    if not first or (
        first != "_" and not first.isalpha() and not (is_recipe and first.isdecimal())
    ):
        return f"begins with {first!r}" if first else "is empty"
    if unicodedata.normalize("NFC", text) != text:
        return "its letters and their accents are apart; write it in Unicode's composed form (NFC)"
    return (
        f"has more than {MAX_NAME} bytes" if len(text.encode("utf-8", "replace")) > MAX_NAME else ""
    )


def _explain(error: Any, source: Source, at: KeyPath) -> Iterator[Problem]:
    where, kind, limit = source.where(at), error.validator, error.validator_value
    wrong = _shown(repr(error.instance))
    if kind == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                yield Problem(
                    source.where((*at, key), key=True),
                    f"unknown key '{key}'",
                    did_you_mean(key, known),
                )
    elif kind == "required":
        for key in limit:
            if key not in error.instance and f"'{key}'" in error.message:
                description = error.schema.get("properties", {}).get(key, {}).get("description", "")
                yield Problem(where, f"the key '{key}' is missing", description)
    elif kind == "type":
        types = limit if isinstance(limit, list) else [limit]
        yield Problem(
            where,
            f"expected {' or '.join(_WORDS[t] for t in types)}, found {wrong}",
            error.schema.get("description", ""),
        )
    elif kind == "enum":
        hint = did_you_mean(str(error.instance), [str(v) for v in limit])
        if str(error.instance) in map(str, limit):  # another type
            hint = f"write {error.instance} " + (
                "without quotes" if isinstance(error.instance, str) else "in quotes"
            )
        yield Problem(where, f"{wrong} is none of {', '.join(map(str, limit))}", hint)
    elif kind == "format" and limit in ("recipe-id", "recipe-name"):
        place = (*at, error.instance) if (*at, error.instance) in source.keys else at
        is_recipe = limit == "recipe-name"
        yield Problem(
            source.where(place, key=True),
            f"{wrong} can't be a name here: {name_fault(error.instance, is_recipe=is_recipe)}",
            f"allowed are letters of any script, digits, _ and -{' and .' * is_recipe}; "
            "the first is a letter"
            f"{', a digit' * is_recipe} or _",
        )
    elif kind in ("anyOf", "oneOf"):
        yield Problem(
            where,
            f"{wrong} is in none of the forms that are allowed here",
            error.schema.get("description", ""),
        )
    else:
        yield Problem(where, _shown(error.message), error.schema.get("description", ""))


def _shown(text: str) -> str:
    """Return what a message says of a wrong value: at most MAX_SHOWN characters of it."""
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def with_defaults(schema: Schema, value: Any) -> Any:
    """Return ``value`` with the defaults of its schema's properties filled in."""
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    filled = {
        key: rule["default"] for key, rule in schema["properties"].items() if "default" in rule
    } | value
    return {
        key: with_defaults(schema["properties"].get(key, {}), child)
        for key, child in filled.items()
    }


def resolve_files(schema: Schema, value: Any, folder: Path, found: list[Path]) -> Any:
    """Return ``value`` with each ``format: recipe-file`` string made a path below ``folder``.

    So is a ``format: recipe-folder`` string, but it isn't listed. ``package::path`` names a
    package's own file, and stays.

    Args:
        schema: of the value.
        value: parameters, or a value among them.
        folder: the recipe's.
        found: the files are added to it.
    """

    def below(text: str, at: KeyPath, is_file: bool) -> str:
        if is_file:
            found.append(folder / text)
        return str(folder / text)

    return paths.changed(schema, value, below)


def composed(params: Mapping[str, Schema]) -> Schema:
    """Return the recipe's schema with each step's parameters (``if use: X then with: X``).

    What a recipe must have, one that extends a base may have from there.
    """
    schema = schemas.shipped("shape")
    item = schema["properties"]["steps"]["items"]
    item["properties"]["use"]["enum"] = list(params)
    item["properties"][REMOVE] = {"description": "Take out this step of a base.", "const": True}
    item["allOf"] = [
        {
            "if": {"properties": {"use": {"const": name}}, "required": ["use"]},
            "then": {"properties": {"with": dict(rule)}},
        }
        for name, rule in params.items()
    ]
    whole = {
        "required": schema["required"],
        "properties": {"steps": {"items": {"required": item.pop("required")}}},
    }
    part = {key: rule for key, rule in schema.items() if key != "required"}
    return {**part, "if": {"required": [EXTENDS]}, "then": {}, "else": whole}
