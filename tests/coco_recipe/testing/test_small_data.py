"""The small data sets and pictures that tests are built on."""

from pathlib import Path

import pytest

from coco_recipe import DatasetError, header_of
from coco_recipe.testing import coco, dataset, draw


def test_a_data_set_has_what_is_asked_for() -> None:
    data = dataset(coco(2, [(2, 1)], ["dent"], ending="png", licenses=[]), home="mine")
    assert [image.file_name for image in data.images] == ["1.png", "2.png"]
    assert [(row.image_id, row.category_id) for row in data.annotations] == [(2, 1)]
    assert [category.name for category in data.categories] == ["dent"]
    assert {*data.extra} == {"info", "licenses"}
    assert data.identity(data.images[1]) == "mine/2.png"


def test_what_is_no_coco_is_refused() -> None:
    with pytest.raises(DatasetError, match="raw"):
        dataset({"images": {}})


def test_a_drawn_picture_is_white_in_its_box_and_black_elsewhere(tmp_path: Path) -> None:
    image_module = pytest.importorskip("PIL.Image")
    data = coco(2, ending="png")
    data["images"][1] |= {"width": 5, "height": 7, "file_name": "far/2.png"}
    drawn = dataset(data, images=draw(tmp_path / "images", data))
    for row in drawn.images:
        header = header_of(drawn.path_of(row).read_bytes())
        assert (header.width, header.height) == (row.width, row.height)
    with image_module.open(tmp_path / "images/1.png") as picture:
        white = [
            (x, y)
            for y in range(picture.height)
            for x in range(picture.width)
            if picture.getpixel((x, y))
        ]
    assert white == [(x, y) for y in range(2, 12) for x in range(1, 11)]
