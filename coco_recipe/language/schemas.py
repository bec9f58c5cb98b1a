"""The schemas that are shipped with the package."""

import json
from importlib import resources

from coco_recipe.json_types import Schema


def shipped(name: str) -> Schema:
    """Return a shipped schema, as ``shape``."""
    folder = resources.files("coco_recipe.schemas")
    found: Schema = json.loads((folder / f"{name}.schema.json").read_text("utf-8"))
    return found
