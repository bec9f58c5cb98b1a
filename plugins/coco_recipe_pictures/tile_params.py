"""The parameters of ``tile``."""

from typing import Any

from coco_recipe import Schema
from coco_recipe_pictures.picture_params import EXIF, QUALITY, file_format, max_pixels


def _length(side: str) -> dict[str, Any]:
    return {
        "type": "integer",
        "minimum": 1,
        "description": f"{side} of a tile, in pixels.",
        "examples": [1024],
    }


def _overlap(side: str) -> dict[str, Any]:
    return {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.2,
        "description": f"Share of a tile's {side} that it has in common with the next one.",
        "examples": [0.2],
    }


def _at_least(what: str, **more: Any) -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "default": 0.0, "description": what, **more}


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["slice_width", "slice_height"],
    "properties": {
        "slice_width": _length("Width"),
        "slice_height": _length("Height"),
        "overlap_width_ratio": _overlap("width"),
        "overlap_height_ratio": _overlap("height"),
        "min_visibility": _at_least(
            "Share of an annotation that a tile must show to have it.",
            maximum=1,
            default=0.1,
            examples=[0.25],
        ),
        "min_area_px": _at_least(
            "Smallest area of what a tile shows of an annotation, in square pixels.", examples=[16]
        ),
        "min_side_px": _at_least(
            "Smallest shorter side of the box of what a tile shows, in pixels.", examples=[4]
        ),
        "ignore_negative_samples": {
            "type": "boolean",
            "default": False,
            "description": "Leave out tiles that have no annotation; they are in the ledger.",
            "examples": [True],
        },
        "other_geometry": {
            "enum": ["refuse", "drop"],
            "default": "refuse",
            "description": "Keys that hold places beside bbox, segmentation, keypoints and known "
            "parts: refuse, or leave them out of the tiles.",
            "examples": ["drop"],
        },
        "format": file_format("the tiles"),
        "quality": QUALITY,
        "exif": EXIF,
        "max_pixels": max_pixels("A picture with more pixels is an error."),
    },
}
