"""A data set's rows: who they are, where their pixels lie, and what is counted."""

from pathlib import Path

import pytest

from coco_recipe import DatasetError, extras
from coco_recipe.testing import coco, dataset

MARK = {"root": "raw/9.jpg", "source": "raw/8.jpg", "step": "more", "copy": 2}


def _marked(mark: dict[str, object]) -> tuple[object, object]:
    data = coco(1, [])
    data["images"][0]["coco_recipe"] = mark
    found = dataset(data, home="here", images=Path("pictures"))
    return found, found.images[0]


@pytest.mark.parametrize(
    ("mark", "identity", "family"),
    [
        ({}, "here/1.jpg", "here/1.jpg"),
        ({"root": "raw/9.jpg"}, "raw/9.jpg", "raw/9.jpg"),
        (MARK, "here/1.jpg", "raw/9.jpg"),
        (MARK | {"folder": "more", "file": "x.png"}, "more/x.png", "raw/9.jpg"),
    ],
)
def test_an_image_has_an_identity_and_a_family(
    mark: dict[str, object], identity: str, family: str
) -> None:
    data, image = _marked(mark)
    assert data.identity(image) == identity
    assert data.family(image) == family


def test_pixels_lie_in_the_folder_that_the_mark_names() -> None:
    data, image = _marked({})
    assert data.path_of(image) == Path("pictures/1.jpg")
    data, image = _marked(MARK | {"folder": "more", "file": "x.png"})
    with pytest.raises(DatasetError, match=r"image 1 \(1.jpg\): 'more' has no folder of images"):
        data.path_of(image)


def test_rows_are_counted_and_grouped() -> None:
    data = dataset(coco(3, [(1, 1), (1, 1), (3, 1)]))
    assert {i: len(rows) for i, rows in data.annotations_of().items()} == {1: 2, 2: 0, 3: 1}
    assert data.counts() == {"images": 3, "annotations": 3, "categories": {"cat": 3, "dog": 0}}


def test_keys_and_keypoints_are_listed_in_the_files_order() -> None:
    data = coco(1, [(1, 1)])
    data["images"][0]["camera"] = "left"
    data["annotations"][0]["score"] = 0.5
    data["categories"][0]["keypoints"] = ["nose", "tail"]
    data["categories"][1]["keypoints"] = ["tail", "ear"]
    found = dataset(data)
    assert "camera" in found.image_fields()
    assert "score" in found.annotation_fields()
    assert found.keypoint_names() == ("nose", "tail", "ear")
    assert dict(extras(found.images[0])) == {"camera": "left"}
