"""The parameters of ``augment``."""

from coco_recipe import Schema
from coco_recipe_pictures.picture_params import EXIF, QUALITY, file_format, max_pixels

MOST_COPIES = 10_000  # of one image
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["pipeline"],
    "properties": {
        "pipeline": {
            "anyOf": [
                {"type": "string", "format": "recipe-file"},
                {"type": "array", "minItems": 1},
                {"type": "object"},
            ],
            "description": "An Albumentations pipeline: a list, its own dict form, or a file that "
            "A.save wrote. Sizes may be ${image.width} and ${image.height}, with min, max, +, -, "
            "* and //.",
            "examples": [[{"HorizontalFlip": {"p": 0.5}}]],
        },
        "allow_files": {
            "type": "boolean",
            "default": False,
            "examples": [True],
            "description": "Allow transforms that read files of their own (FDA, TextImage, ...).",
        },
        "copies": {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_COPIES,
            "default": 1,
            "description": "New images for each image.",
            "examples": [2],
        },
        "where": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "description": "Only images that have one of these categories, and these values in "
            "their fields.",
            "properties": {
                "categories": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                    "description": "Names of categories; an image has a box of one of them.",
                },
                "fields": {
                    "type": "object",
                    "minProperties": 1,
                    "description": "Keys of images, each with the value that it must have.",
                },
            },
            "examples": [{"categories": ["瓶盖打旋"]}, {"fields": {"width": 658}}],
        },
        "balance": {
            "type": "object",
            "additionalProperties": False,
            "required": ["boxes"],
            "description": "Instead of copies: as many as bring each class near so many boxes, "
            "originals counted; whole images, so that neighbours rise too (the record has the "
            "table).",
            "properties": {
                "boxes": {
                    "anyOf": [
                        {"type": "integer", "minimum": 1},
                        {
                            "type": "object",
                            "minProperties": 1,
                            "additionalProperties": {"type": "integer", "minimum": 1},
                        },
                    ],
                    "description": "Boxes of each class, or of those that are named.",
                },
                "max_copies": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_COPIES,
                    "default": 10,
                    "description": "The most copies of one image.",
                },
            },
            "examples": [{"boxes": 500, "max_copies": 8}],
        },
        "min_visibility": {
            **_SHARE,
            "default": 0.0,
            "examples": [0.1],
            "description": "Share of the original annotation, over the whole pipeline, that must "
            "remain.",
        },
        "min_area_px": {
            "type": "number",
            "minimum": 0,
            "default": 0.0,
            "examples": [16],
            "description": "Smallest area of what remains, in square pixels.",
        },
        "min_side_px": {
            "type": "number",
            "minimum": 0,
            "default": 0.0,
            "examples": [4],
            "description": "Smallest shorter side of the box of what remains, in pixels.",
        },
        "accept": {
            "type": "object",
            "additionalProperties": False,
            "default": {},
            "description": "Rules that a whole copy must fulfil, else it is tried again: no "
            "annotation whose visibility is between two bounds; so many annotations left; no more "
            "than so many lost. A picture without annotations fulfils all.",
            "properties": {
                "no_visibility_between": {
                    "type": "array",
                    "items": _SHARE,
                    "minItems": 2,
                    "maxItems": 2,
                    "description": "Two shares: no annotation's visibility lies between them.",
                },
                "min_annotations": {
                    "type": "integer",
                    "minimum": 1,
                    "description": "The fewest annotations that are left.",
                },
                "max_lost": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "The most annotations that are lost.",
                },
            },
            "examples": [{"no_visibility_between": [0.1, 0.6], "min_annotations": 1}],
        },
        "max_tries": {
            "type": "integer",
            "minimum": 1,
            "maximum": 1000,
            "default": 10,
            "examples": [20],
            "description": "Tries for a copy, each with its own seed; then it is given up, and is "
            "in the ledger.",
        },
        "unchanged": {
            "enum": ["keep", "skip", "retry"],
            "default": "keep",
            "examples": ["retry"],
            "description": "What becomes of a copy in which no transform fired.",
        },
        "mirrored_keypoints": {
            "type": "array",
            "items": {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "items": {"type": ["string", "integer"], "minimum": 1},
            },
            "description": "Keypoints that trade places in a mirrored picture, by name or by "
            "number from 1, beside those whose names differ by left and right, or by L and R; [] "
            "says that none does. Where none is found, or some have no partner, a pipeline that "
            "mirrors asks.",
            "examples": [[["left_eye", "right_eye"]], [[1, 2]]],
        },
        "mirrored_categories": {
            "type": "array",
            "items": {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "uniqueItems": True,
                "items": {"type": "string"},
            },
            "description": "Categories that trade places in a mirrored picture, by name; [] says "
            "that none does. Without it, a pipeline that mirrors names with a direction is a "
            "warning.",
            "examples": [[["arrow_left", "arrow_right"]]],
        },
        "repeated": {
            "enum": ["label", "fill"],
            "examples": ["label"],
            "description": "Borders that repeat the picture (border_mode 2, 3, 4) show objects "
            "again without an annotation: label annotates them too (repeated.jsonl names "
            "them), fill makes the border of one colour (border_mode 0).",
        },
        "other_geometry": {
            "enum": ["refuse", "drop", "keep"],
            "default": "refuse",
            "examples": ["drop"],
            "description": "Keys of annotations beside bbox, segmentation and keypoints, and of "
            "images, that hold places (head_box, parts[].bbox, ...), where the pipeline moves "
            "pixels: refuse, leave them out of the copies, or keep them as they are, which is "
            "wrong.",
        },
        "format": file_format("the new images"),
        "quality": QUALITY,
        "exif": EXIF,
        "max_pixels": max_pixels("A source with more pixels is bad."),
        "bad_images": {
            "enum": ["error", "quarantine"],
            "default": "error",
            "examples": ["quarantine"],
            "description": "Sources that are damaged, too large, or not what the data set says: "
            "stop, or list them and go on without their copies.",
        },
    },
}
