"""The page of a step: what it does, its ports, and each parameter with all that may stand there."""

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe.observing.table import wrapped
from coco_recipe.steps import OpenPorts, Port

if TYPE_CHECKING:
    from coco_recipe.plugins import Offer

WIDTH = 100
STEP = "  "  # by which each level stands further in
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "minProperties": "at least {} of them",
    "maxProperties": "at most {} of them",
    "pattern": "matching {}",
}
_FORMATS = {
    "recipe-file": "a file, relative to the recipe",
    "recipe-folder": "a folder, relative to the recipe",
    "publish-folder": "a folder, relative to the run directory",
    "regex": "a regular expression",
}
_TYPES = {"object": "mapping", "array": "list", "string": "text", "boolean": "true or false"}


def page(offer: "Offer") -> str:
    """Return the page of a step."""
    step = offer.step
    lines = [
        f"{step.name}  [{offer.plugin} {offer.version}]",
        "",
        _without_arguments(inspect.getdoc(step.run) or ""),
        "",
        "inputs:",
    ]
    is_open = isinstance(step.inputs, OpenPorts)
    inputs = {"<your names>" if is_open else name: step.input(name) for name in step.input_names()}
    lines += [f"{STEP}{port}: {_port(rule)}" for port, rule in inputs.items()] or [f"{STEP}none"]
    lines.append("outputs:")
    if callable(step.outputs):
        lines.append(f"{STEP}<by the parameters>")
    else:
        outputs = step.outputs_for({}).items()
        lines += [f"{STEP}{port}: {_port(rule)}" for port, rule in outputs] or [f"{STEP}none"]
    lines.append("with:")
    lines += _keys(step.params, STEP) or [f"{STEP}nothing"]
    return "\n".join(lines)


def _without_arguments(doc: str) -> str:
    """Return a docstring without ``Args``: the page of a step lists ports and parameters itself."""
    return "\n\n".join(part for part in doc.split("\n\n") if not part.startswith("Args:"))


def _port(rule: Port) -> str:
    facts = [
        *(["several"] if rule.many else []),
        *(["may be left out"] if rule.optional else []),
        *(["only read"] if rule.reads_only else []),
    ]
    return rule.kind.__name__ + (f" ({', '.join(facts)})" if facts else "")


def _keys(rule: Mapping[str, Any], margin: str) -> list[str]:
    """Return the lines of the keys of a mapping: each with its type, bounds, default, examples."""
    required = rule.get("required", ())
    lines: list[str] = []
    for key, child in rule.get("properties", {}).items():
        facts = [*_facts(child), *(["required"] if key in required else [])]
        if "default" in child:
            facts.append(f"default: {_json(child['default'])}")
        head = f"{key}: {child.get('description', '')}".rstrip()
        lines += _wrapped(head, margin)
        lines += _wrapped(f"({'; '.join(facts)})", margin + STEP)
        for example in child.get("examples", ()):
            lines += _wrapped(f"example: {_json(example)}", margin + STEP)
        for inner in _mappings(child):
            lines += _keys(inner, margin + STEP * 2)
    return lines


def _mappings(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings with keys of their own that may stand there, in a list, too."""
    for one in _alternatives(rule):
        if one.get("properties"):
            yield one
        if isinstance(items := one.get("items"), dict):
            yield from _mappings(items)


def _alternatives(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for key in ("anyOf", "oneOf") for one in rule.get(key, ())] or [rule]


def _facts(rule: Mapping[str, Any]) -> list[str]:
    """Return what may stand there: a type with its bounds, allowed values, or alternatives."""
    return [" or ".join(dict.fromkeys(map(_type, _alternatives(rule))))]


def _type(rule: Mapping[str, Any]) -> str:
    if "const" in rule:
        return _json(rule["const"])
    if "enum" in rule:
        return f"one of {', '.join(map(_json, rule['enum']))}"
    names = rule.get("type", "anything")
    listed = names if isinstance(names, list) else [names]
    told = " or ".join(_TYPES.get(str(name), str(name)) for name in listed)
    if isinstance(items := rule.get("items"), dict) and items:
        told += f" of ({_facts(items)[0]})"
    if isinstance(values := rule.get("additionalProperties"), dict) and values:
        told += f" to ({_facts(values)[0]})"
    if rule.get("format") in _FORMATS:
        told = _FORMATS[rule["format"]]
    bounds = [text.format(_json(rule[key])) for key, text in _BOUNDS.items() if key in rule]
    if rule.get("uniqueItems"):
        bounds.append("no two alike")
    return ", ".join([told, *bounds])


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _wrapped(text: str, margin: str) -> list[str]:
    return wrapped(text, WIDTH, first=margin, later=margin + STEP)
