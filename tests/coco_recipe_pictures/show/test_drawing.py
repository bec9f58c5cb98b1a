"""An image's cell has a mark for each row, or says why its picture can't be shown."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco

from coco_recipe.testing import dataset, draw

pytest.importorskip("cv2")

from coco_recipe_pictures.show import drawing
from coco_recipe_pictures.show.telling import Wanted, choose


def _cell(tmp_path: Path, data: dict[str, Any], **row: Any) -> Any:
    data["annotations"][0] |= row
    images = draw(tmp_path / "images", data)
    rows = dataset(data, images=images)
    return drawing.cell(choose({"raw": rows}, (), Wanted(names=("1.jpg",)))[0])


def test_marks_have_what_the_row_has(tmp_path: Path) -> None:
    polygon = [[1.0, 2.0, 9.0, 2.0, 9.0, 9.0]]
    cell = _cell(tmp_path, coco(), segmentation=polygon, keypoints=[3, 4, 2])
    (mark,) = cell.marks
    assert (mark.label, mark.number, mark.bbox) == ("cat", 1, (1, 2, 10, 10))
    assert mark.segmentation == polygon
    assert mark.keypoints == (3, 4, 2)
    assert cell.picture.shape == (48, 64, 3)


def test_a_mask_whose_runs_are_wrong_isnt_drawn(tmp_path: Path) -> None:
    cell = _cell(tmp_path, coco(), segmentation={"size": [48, 64], "counts": [1, 2]})
    assert cell.marks[0].segmentation is None


def test_without_a_folder_of_pictures_the_cell_says_so() -> None:
    one = choose({"raw": dataset(coco())}, (), Wanted(1))[0]
    cell = drawing.cell(one)
    assert "has no folder" in cell.title
    assert cell.picture.shape == (48, 64, 3)
