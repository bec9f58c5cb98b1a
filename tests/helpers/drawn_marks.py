"""Pictures with marks, and what is drawn of them."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from coco_recipe_pictures.sheet.contact_sheet import Cell, Mark, contact_sheet
from PIL import Image

BOX = (20, 60, 80, 30)


def drawn_sheet(*cells: Cell, cell_px: int = 200) -> Any:
    return np.asarray(
        Image.open(io.BytesIO(contact_sheet([cells], cell_px=cell_px))).convert("RGB")
    )


def grey(height: int = 200, width: int = 200) -> Any:
    return np.full((height, width, 3), 128, np.uint8)


def mark_of(colour: int = 1, bbox: Any = BOX, **changed: Any) -> Mark:
    return Mark(
        **{"label": "cap", "colour": colour, "bbox": bbox, "segmentation": None, "keypoints": None}
        | changed
    )


def is_of(pixels: Any, colour: Sequence[int]) -> Any:
    return (pixels == np.array(colour)).all(axis=-1)
