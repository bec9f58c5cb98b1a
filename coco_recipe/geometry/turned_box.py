"""Boxes turned about their middle, as CVAT writes them.

``bbox`` has the unturned box, ``attributes.rotation`` the degrees.
"""

import math
from dataclasses import dataclass

from coco_recipe.dataset import Annotation, extras
from coco_recipe.geometry.framing import framed

Box = tuple[float, float, float, float]
_NEAR_PX = 1e-6


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
        return [
            (middle[0] + a * cos - b * sin, middle[1] + a * sin + b * cos)
            for a, b in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
        ]

    def within(self, width: float, height: float) -> "TurnedBox | None":
        """Return the smallest box of the same angle around what is inside a picture.

        One that lies upright is cut at the picture's edges; a corner of another may still be
        outside.

        Args:
            width: of the picture, in pixels.
            height: of the picture, in pixels.

        Returns:
            The box; None where nothing of it is inside.
        """
        corners = self.corners()
        if all(
            -_NEAR_PX <= x <= width + _NEAR_PX and -_NEAR_PX <= y <= height + _NEAR_PX
            for x, y in corners
        ):
            return self
        sin, cos = math.sin(math.radians(self.degrees)), math.cos(math.radians(self.degrees))
        seen = framed(corners, width, height)
        along, across = [x * cos + y * sin for x, y in seen], [y * cos - x * sin for x, y in seen]
        if not seen or not (w := max(along) - min(along)) or not (h := max(across) - min(across)):
            return None
        u, v = (max(along) + min(along)) / 2, (max(across) + min(across)) / 2
        x, y = u * cos - v * sin, u * sin + v * cos
        return TurnedBox((x - w / 2, y - h / 2, w, h), self.degrees)


def turned_box(row: Annotation, *, or_upright: bool = False) -> TurnedBox | None:
    """Return the box of a row that CVAT has turned (``attributes.rotation``).

    Args:
        row: the row.
        or_upright: a box whose rotation is 0 is one, too: among turned boxes, it is one that
            happens to lie upright.

    Returns:
        The box in pixels, with its angle in degrees; None where there is none.
    """
    if not isinstance(row.bbox, tuple) or "attributes" not in row.__struct_encode_fields__:
        return None
    attributes = dict(extras(row)).get("attributes")
    degrees = attributes.get("rotation") if isinstance(attributes, dict) else None
    is_number = (
        isinstance(degrees, int | float)
        and not isinstance(degrees, bool)
        and math.isfinite(degrees)
    )
    if not is_number or not (degrees or or_upright) or min(row.bbox[2:]) <= 0:
        return None
    return TurnedBox(tuple(map(float, row.bbox)), float(degrees))  # type: ignore[arg-type]
