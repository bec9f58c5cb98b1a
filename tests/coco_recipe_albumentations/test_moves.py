"""Transforms of colour that shift pixels or move outlines are followed, or refused with a
remedy.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe.errors import RecipeError
from coco_recipe.running import refusal, stages

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
from coco_recipe_albumentations.carrier import Carrier  # noqa: E402
from coco_recipe_pictures.augment.refusals import direction  # noqa: E402
from coco_recipe_pictures.geometry.instance import Instance  # noqa: E402

BOX = (50.0, 40.0, 60.0, 40.0)


def _carried(transforms: list[Any], key: int) -> tuple[Any, Any]:
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[40:80, 50:110] = 200
    carried = Carrier(deepcopy(transforms))(picture, [Instance(BOX, None, None)], key)
    return carried.picture[..., 0].astype(float), carried.moved[0]


@pytest.mark.parametrize("key", range(12))
@pytest.mark.parametrize("limit", [7, 15, 31])
@pytest.mark.parametrize("angle", [0, 60, 135])
def test_a_shifted_blur_takes_the_box_with_it(limit: int, angle: int, key: int) -> None:
    blur = A.MotionBlur(blur_limit=(limit, limit), angle_range=(angle, angle), p=1)
    picture, moved = _carried([blur], key)
    rows, columns = np.indices(picture.shape) + 0.5
    middle = (columns * picture).sum() / picture.sum(), (rows * picture).sum() / picture.sum()
    x, y, w, h = moved.bbox
    assert (w, h) == (60, 40)
    assert (x + w / 2, y + h / 2) == pytest.approx(middle, abs=0.6)


def test_a_blur_in_its_place_leaves_every_number() -> None:
    for key in range(6):
        blur = A.MotionBlur(blur_limit=9, direction_range=(0, 0), allow_shifted=False, p=1)
        assert _carried([blur, A.HorizontalFlip(p=1)], key)[1].bbox == (50, 40, 60, 40)


def _planned(folder: Path, data: dict[str, Any], **arguments: Any) -> None:
    pipeline = [{"Morphological": {"p": 1, **arguments}}]
    step = {"id": "more", "use": "augment", "in": "raw", "with": {"pipeline": pipeline}}
    inputs = {"raw": {"annotations": "raw.json", "images": "."}}
    refusal.hold_against_rows(stages.prepare(write_recipe(folder, [step], data, inputs=inputs)))


@pytest.mark.parametrize(("scale", "told"), [([5, 9], "4 px"), ([2, 12], "6 px"), (4, "2 px")])
def test_outlines_that_move_by_more_than_a_pixel_are_refused(
    scale: Any, told: str, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=f"moves outlines by up to {told}"):
        _planned(tmp_path, coco(1, [(1, 1)]), scale=scale, operation="erosion")


def test_outlines_of_a_pixel_or_of_nothing_are_not(tmp_path: Path) -> None:
    _planned(tmp_path, coco(1, [(1, 1)]))
    _planned(tmp_path, coco(1, [(1, 1)]), scale=[3, 3])
    _planned(tmp_path, coco(1, []), scale=[9, 9])


@pytest.mark.parametrize(
    ("name", "is_told"),
    [("r", False), ("L", False), ("R2", False), ("arrow_r", True), ("L hand", True), ("左", True)],
)
def test_a_letter_by_itself_has_no_direction(name: str, is_told: bool) -> None:
    from coco_recipe_albumentations.pipeline.read import Pipeline

    written = Pipeline.of([{"HorizontalFlip": {"p": 1}}], allow_files=False)
    assert bool(list(direction(written, [name], "more"))) == is_told
