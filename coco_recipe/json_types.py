"""Names for values that are JSON, or what YAML makes of JSON's kinds."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Params: TypeAlias = Mapping[str, Any]
"""A step's parameters by name, as its schema has checked them."""

Schema: TypeAlias = Mapping[str, Any]
"""A JSON Schema, draft-07."""
