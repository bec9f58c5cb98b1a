"""Pipelines of old versions, and what becomes of them."""

from typing import Any

import numpy as np
from migrating import old_pipeline


def only(form: dict[str, Any]) -> dict[str, Any]:
    row = dict(form["transform"]["transforms"][0])
    return {row.pop("__class_fullname__"): row}


def noise() -> Any:
    return np.random.default_rng(1).integers(40, 220, (180, 240, 3)).astype(np.uint8)


def from_version(version: str, transform: str, **arguments: Any) -> dict[str, Any]:
    return {**old_pipeline(transform, **arguments), "__version__": version}
