"""Which images are augmented."""

from pathlib import Path
from typing import Any

import pytest
from augmenting import Bench
from builders import coco

from coco_recipe.errors import RecipeError

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")


SHORT = [{"HorizontalFlip": {"p": 1}}]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.slow
def test_only_images_that_fit_are_augmented(tmp_path: Path) -> None:
    data = coco(4, [(1, 1), (2, 2), (3, 2)])
    for row, camera in zip(data["images"], "abab", strict=True):
        row["camera"] = camera
    bench = Bench(tmp_path, data)
    assert _sources(bench.run(SHORT, where={"categories": ["dog"]})) == ["raw/2.jpg", "raw/3.jpg"]
    assert _sources(bench.run(SHORT, where={"fields": {"camera": "b"}})) == [
        "raw/2.jpg",
        "raw/4.jpg",
    ]
    assert _sources(
        bench.run(SHORT, where={"categories": ["dog"], "fields": {"camera": ["a", "c"]}})
    ) == ["raw/3.jpg"]
    with pytest.raises(
        RecipeError, match=r"with.where.categories\[1\]: step 'more' .*: there is no category 'cow'"
    ):
        bench.run(SHORT, where={"categories": ["cat", "cow"]})
    with pytest.raises(
        RecipeError,
        match=r"with.where.fields.widht: .*no image has the field 'widht'\n.*mean 'width'",
    ):
        bench.run(SHORT, where={"fields": {"widht": 64}})
    with pytest.raises(RecipeError, match="where: none of 4 images fits"):
        bench.run(SHORT, where={"fields": {"camera": "z"}})


def _sources(data: dict[str, Any]) -> list[str]:
    return [row["coco_recipe"]["source"] for row in data["images"]]


def test_only_the_images_that_are_chosen_must_be_large_enough(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 1)])
    data["images"][1] |= {"width": 32, "height": 24}
    bench = Bench(tmp_path, data)
    crop = [{"RandomCrop": {"width": 40, "height": 40, "p": 1}}]
    assert len(bench.run(crop, where={"fields": {"width": 64}})["images"]) == 1
    with pytest.raises(RecipeError, match="needs 40x40 px, the smallest image has 32x24"):
        bench.run(crop)
