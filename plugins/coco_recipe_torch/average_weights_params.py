"""The parameters of the step ``average_weights``."""

from coco_recipe import Schema

PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "method": {
            "enum": ["uniform", "weighted", "sequential", "ema"],
            "default": "uniform",
            "description": "uniform: the mean; weighted: with 'weights'; sequential: A * (1 - "
            "alpha) + alpha * B from one to the next; ema: decay * A + (1 - decay) * B from one "
            "to the next.",
            "examples": ["sequential"],
        },
        "weights": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "number", "minimum": 0},
            "description": "weighted: a number for each checkpoint, in order; they need not add "
            "up to 1.",
            "examples": [[1, 1, 2]],
        },
        "alpha": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "description": "sequential: the share of the next.",
            "examples": [0.7],
        },
        "decay": {
            "type": "number",
            "minimum": 0,
            "exclusiveMaximum": 1,
            "description": "ema: what is kept of those before.",
            "examples": [0.9],
        },
        "last": {
            "type": "integer",
            "minimum": 1,
            "description": "Only the last so many.",
            "examples": [3],
        },
        "epochs": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"type": "integer", "minimum": 0},
            "description": "Only those of these epochs, in this order.",
            "examples": [[10, 11, 12]],
        },
        "batch_norm": {
            "enum": ["average", "last"],
            "default": "average",
            "description": "Running means and variances of batch norms: averaged like all else, "
            "or those of the last. (recompute_batch_norm measures them anew.)",
            "examples": ["last"],
        },
        "format": {
            "enum": ["pth", "safetensors"],
            "default": "pth",
            "description": "pth, which mmdet loads, or safetensors.",
            "examples": ["pth"],
        },
    },
}
