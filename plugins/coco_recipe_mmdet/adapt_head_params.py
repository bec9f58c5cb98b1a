"""The parameters of the step ``adapt_head``."""

from coco_recipe import Schema
from coco_recipe_mmdet import params

_CONFIG: Schema = {
    **params.CONFIG,
    "description": "The checkpoint's detector config, as for train, by which its class rows are "
    "found: its model is built for both numbers of classes, without memory. Default: heads are "
    "known by the names of their tensors, and others by the config that the checkpoint carries.",
}
_RUNS = ("set", "trust_set", "trust", "python")

PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "config": _CONFIG,
        "method": {
            "enum": ["by_name", "slice"],
            "default": "by_name",
            "examples": ["slice"],
            "description": "by_name: a class keeps the rows of the old class of its name; slice: "
            "the first N rows, whatever they stood for.",
        },
        "map": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "default": {},
            "description": "New name to old name, for synonyms; several may take one.",
            "examples": [{"cap": "bottle"}],
        },
        "from_classes": {
            "anyOf": [
                {"const": "coco"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ],
            "description": "The old class names in order, where the checkpoint doesn't say them; "
            "coco stands for COCO's 80.",
            "examples": ["coco"],
        },
        "new_rows": {
            "anyOf": [
                {"enum": ["zeros", "normal", "mean"]},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["copy"],
                    "properties": {
                        "copy": {
                            "type": "string",
                            "description": "An old class.",
                            "examples": ["bottle"],
                        }
                    },
                },
            ],
            "default": "normal",
            "examples": ["mean", {"copy": "bottle"}],
            "description": "Rows of classes without an old one: zeros; normal: weights drawn with "
            "std, biases the mean of the old ones; mean of all old rows; or copied from a named "
            "old class.",
        },
        "std": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 0.01,
            "examples": [0.01],
            "description": "Standard deviation for new_rows: normal.",
        },
        "background": {
            "enum": ["auto", "first", "last", "none"],
            "default": "auto",
            "examples": ["first"],
            "description": "Which row of a softmax head is the background: mmdet 1.x has it "
            "first, 2.x and 3.x last; auto tells by the keys. In what comes out it is last.",
        },
        "rename_1x": {
            "type": "boolean",
            "default": True,
            "examples": [False],
            "description": "Give a checkpoint of mmdet 1.x the keys and the order of rows of 3.x; "
            "false leaves both as they were.",
        },
        **{name: params.RUNS[name] for name in _RUNS},
    },
}
