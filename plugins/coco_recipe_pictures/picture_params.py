"""Parameters that steps have in common which read pictures and write new ones."""

from typing import Any

QUALITY: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": 100,
    "default": 95,
    "description": "JPEG quality.",
    "examples": [90],
}
EXIF: dict[str, Any] = {
    "enum": ["apply", "ignore"],
    "default": "apply",
    "examples": ["ignore"],
    "description": "Turn a picture as its EXIF orientation says, or take the pixels as they are "
    "stored; the data set's width and height must fit.",
}


def file_format(whose: str) -> dict[str, Any]:
    """Return the parameter that says in which format new pictures are written."""
    return {
        "enum": ["jpg", "png"],
        "default": "jpg",
        "description": f"File format of {whose}.",
        "examples": ["png"],
    }


def max_pixels(what: str) -> dict[str, Any]:
    """Return the parameter that limits a source's size; ``what`` says what becomes of a larger."""
    return {
        "type": "integer",
        "minimum": 1,
        "default": 100_000_000,
        "examples": [20_000_000],
        "description": what,
    }
