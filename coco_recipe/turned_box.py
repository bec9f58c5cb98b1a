"""Boxes that are turned about their middle, as CVAT writes them: ``bbox``, unturned, and ``attributes.rotation``."""

import math
from dataclasses import dataclass

from coco_recipe.dataset import Annotation, extras

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TurnedBox:
    """A box that is turned about its middle.

    Attributes:
        box: x, y, w, h of the box before it is turned, in pixels.
        degrees: by how much it is turned, with the clock, 0 to 360.
    """

    box: Box
    degrees: float

    def corners(self) -> list[tuple[float, float]]:
        """Return the corners as they are seen: top left, top right, bottom right, bottom left."""
        x, y, w, h = self.box
        middle = x + w / 2, y + h / 2
        sin, cos = math.sin(math.radians(self.degrees)), math.cos(math.radians(self.degrees))
        return [(middle[0] + a * cos - b * sin, middle[1] + a * sin + b * cos)
                for a, b in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))]


def turned_box(row: Annotation) -> TurnedBox | None:
    """Return the box of a row that CVAT has turned; None where there is none."""
    if not isinstance(row.bbox, tuple) or "attributes" not in row.__struct_encode_fields__:
        return None
    attributes = dict(extras(row)).get("attributes")
    degrees = attributes.get("rotation") if isinstance(attributes, dict) else None
    is_number = isinstance(degrees, int | float) and not isinstance(degrees, bool) and math.isfinite(degrees)
    if not is_number or not degrees or min(row.bbox[2:]) <= 0:
        return None
    return TurnedBox(tuple(map(float, row.bbox)), float(degrees))  # type: ignore[arg-type]
