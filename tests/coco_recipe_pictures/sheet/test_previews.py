"""Which images a sheet shows, and over what it is written."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

pytest.importorskip("numpy")
pytest.importorskip("PIL")

from coco_recipe_pictures.sheet import previews

from coco_recipe.testing import coco, dataset

ROWS = dataset(coco())


def test_a_sample_depends_on_the_seed_and_keeps_the_order() -> None:
    samples = {
        tuple(image.id for image in previews.picked(ROWS, ROWS.images, seed, 2))
        for seed in range(20)
    }
    assert len(samples) > 1
    assert all(sample == tuple(sorted(sample)) for sample in samples)
    assert len(previews.picked(ROWS, ROWS.images, 1, 99)) == len(ROWS.images)


def test_an_image_of_which_a_step_makes_nothing_is_named() -> None:
    name = ROWS.images[2].file_name
    with pytest.raises(ValueError, match=f"image '{name}' gets no copy in this step"):
        previews.picked(ROWS, ROWS.images[:2], 1, (name,))


@pytest.mark.parametrize("name", ["a.tif", "a", "a.png.gz"])
def test_an_ending_that_is_no_pictures_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can be written as"):
        previews.form_of(tmp_path / name)
    assert previews.form_of(tmp_path / "A.JPEG") == "JPEG"


def test_a_file_of_the_users_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(b"years")
    with pytest.raises(ValueError, match="is there already"):
        previews.write(tmp_path / "mine.png", [], "PNG")
    assert (tmp_path / "mine.png").read_bytes() == b"years"


def test_a_crowd_is_marked_as_one() -> None:
    row, names = ROWS.annotations[0], ROWS.category_names()
    place = SimpleNamespace(bbox=row.bbox, segmentation=None, keypoints=None)
    assert previews.mark(row, names, place).label == "cat"
    assert previews.mark(replace(row, iscrowd=1), names, place).label == "cat (crowd)"
