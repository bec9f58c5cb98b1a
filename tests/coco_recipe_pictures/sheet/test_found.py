"""What was found on pictures, beside the truth or alone."""

import io

import numpy as np
from coco_recipe_pictures.sheet import contact_sheet, found, marks
from coco_recipe_pictures.sheet.found import Shown
from PIL import Image

CATEGORIES = {4: "cap", 9: "瓶盖"}
GREY = np.full((100, 200, 3), 120, np.uint8)


def _row(category: int, x: int, score: float | None = None) -> dict[str, object]:
    known = {} if score is None else {"score": score}
    return {"category_id": category, "bbox": [x, 20, 40, 30], **known}


def _pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _columns_with(sheet: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.flatnonzero((sheet[:250] == colour).all(axis=2).any(axis=0))


def test_the_truth_stands_left_of_what_was_found_in_the_same_colour() -> None:
    shown = Shown(GREY, "f1 0.50", [_row(9, 100, 0.75)], [_row(4, 10)])
    sheet = _pixels(found.sheet([shown], CATEGORIES))
    half = sheet.shape[1] // 2
    assert _columns_with(sheet, marks.PALETTE[0]).max() < half
    assert _columns_with(sheet, marks.PALETTE[1]).min() > half


def test_without_a_truth_pictures_stand_side_by_side() -> None:
    pictures = [Shown(GREY, f"{n}.jpg", [_row(4, 10, 0.5)]) for n in range(found.IN_A_ROW + 1)]
    one, all_ = (_pixels(found.sheet(rows, CATEGORIES)) for rows in (pictures[:1], pictures))
    assert all_.shape[1] > 5 * one.shape[1]
    assert 1.5 * one.shape[0] < all_.shape[0] < 2.5 * one.shape[0]


def test_a_plate_has_the_name_and_the_score() -> None:
    mark = found._mark(_row(4, 10, 0.756), CATEGORIES, {4: 0, 9: 1})
    assert contact_sheet._writing([]).plate(mark) == "cap 0.76"
