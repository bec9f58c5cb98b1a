"""JSON Schemas of what a run records, made of the Structs and of what their docstrings say."""

import inspect
from typing import Any

import msgspec

from coco_recipe import manifest
from coco_recipe.manifest import FailedStep, Manifest, RunRecord, StepRecord

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_ABOUT = {
    "manifest": (
        "coco-recipe manifest",
        "What steps/<id>/manifest.json of a run directory has.",
        (Manifest,),
    ),
    "provenance": (
        "coco-recipe provenance",
        "One line of a run directory's provenance.jsonl: the run, then each step in order.",
        (RunRecord, StepRecord, FailedStep),
    ),
}
NAMES = tuple(_ABOUT)


def schema(name: str) -> dict[str, Any]:
    """Return the schema of what is written today: ``manifest``, or a line of ``provenance``."""
    title, description, kinds = _ABOUT[name]
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for part, found in parts.items():
        _describe(found, getattr(manifest, part))
    root = references[0] if len(references) == 1 else {"anyOf": list(references)}
    return {"$schema": _DRAFT, "title": title, "description": description, **root, "$defs": parts}


def _describe(found: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    found["description"] = inspect.getdoc(struct).partition("\n\n")[0]  # type: ignore[union-attr]
    for key, text in described(struct).items():
        found["properties"][key]["description"] = text
    if not struct.__struct_config__.omit_defaults:
        found["required"] = list(found["properties"])


def described(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return what the docstring's ``Attributes`` say of each key, by the key's name in JSON."""
    lines = (inspect.getdoc(struct) or "").partition("Attributes:\n")[2].splitlines()
    keys = dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
    texts: dict[str, str] = {}
    key = ""
    for line in lines:
        name, _, text = line.strip().partition(": ")
        if not line.startswith("     ") and name in keys:
            key = keys[name]
            texts[key] = text
        elif key:
            texts[key] += f" {line.strip()}"
    return texts
