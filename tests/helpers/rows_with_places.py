"""Rows with places under other keys."""

import json
from typing import Any

from builders import coco
from coco_recipe_pictures.augment import refusals
from coco_recipe_pictures.geometry import other_places

from coco_recipe import Annotation, Image
from coco_recipe.coco_json import parse


def row_of(keys: dict[str, Any], table: str = "annotations") -> Any:
    data = coco(1, [(1, 1)])
    data[table][0] |= keys
    return getattr(parse(json.dumps(data).encode()), table)[0]


def places_of(keys: dict[str, Any], table: str = "annotations") -> list[str]:
    row = row_of(keys, table)
    found = [other_places.shown(path) for path in refusals.places(row, warps=False)]
    kind = Image if table == "images" else Annotation
    assert not found or other_places.may_be_in(kind, type(row).__struct_encode_fields__)
    return found
