"""The parameters of ``check_leakage``."""

from coco_recipe import Schema

REASONS = ("equal", "family", "near")
DISTANCE = 0.05  # benchmarks/leaks.py: copies of photographs are below, other photographs above

PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "distance": {
            "type": "number",
            "minimum": 0,
            "maximum": 0.4,
            "default": DISTANCE,
            "examples": [0.03],
            "description": "Up to which two pictures show the same: 1 minus the correlation of "
            "small grey pictures, laid upon one another. 0 finds exact flips and turns only.",
        },
        "families": {
            "type": "boolean",
            "default": True,
            "examples": [False],
            "description": "Find images that go back to one original (its copies, its tiles), "
            "whatever they show.",
        },
        "fails": {
            "type": "array",
            "items": {"enum": list(REASONS)},
            "uniqueItems": True,
            "default": list(REASONS),
            "examples": [["equal", "family"]],
            "description": "What fails the run: equal files, images of one family, pictures that "
            "are near. The others are a warning.",
        },
        "allow": {
            "type": "array",
            "items": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 2,
                "maxItems": 2,
            },
            "default": [],
            "examples": [[["a.jpg", "b.jpg"]]],
            "description": "Pairs of file names that were looked at and are no leaks.",
        },
        "allow_file": {
            "type": "string",
            "format": "recipe-file",
            "examples": ["no_leaks.jsonl"],
            "description": "File of such pairs, in the form of pairs.jsonl: copy lines from there.",
        },
    },
}
