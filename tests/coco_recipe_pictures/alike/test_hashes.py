"""The eight hashes of one transform: those of ImageHash, for the flips and turns as well."""

from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

import planted  # noqa: E402
from coco_recipe_pictures.alike import hashes  # noqa: E402

SIZES = [(64, 64), (160, 120), (90, 200)]


def _grey(seed: int, size: tuple[int, int]) -> "np.ndarray":
    return cv2.cvtColor(planted.scene(seed, *size), cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", range(8))
def test_a_hash_in_one_way_is_the_hash_of_the_picture_in_that_way(
    size: tuple[int, int], way: int
) -> None:
    for seed in range(5):
        grey = _grey(seed, size).astype(np.float32)
        _, low, _ = hashes.of_grey(grey)
        _, moved, _ = hashes.of_grey(hashes.in_way(grey, way))
        of_one = hashes.hashes(hashes.in_all_ways(low))[way]
        assert int(of_one ^ hashes.hashes(moved)).bit_count() <= 2  # rounding beside the median


@pytest.mark.parametrize("way", range(8))
def test_hashes_are_those_of_imagehash(way: int) -> None:
    imagehash = pytest.importorskip("imagehash")
    from PIL import Image

    off = []
    for seed in range(12):
        grey = _grey(seed, SIZES[seed % 3])
        _, low, _ = hashes.of_grey(grey.astype(np.float32))
        ours = int(hashes.hashes(hashes.in_all_ways(low))[way])
        theirs = imagehash.phash(Image.fromarray(hashes.in_way(grey, way)))
        off.append((ours ^ int(str(theirs), 16)).bit_count())
        other = imagehash.phash(Image.fromarray(_grey(seed + 100, SIZES[seed % 3])))
        assert (ours ^ int(str(other), 16)).bit_count() > 12
    assert sum(off) / len(off) < 3  # they make pictures small in another way
    assert max(off) <= 8


def test_ways_are_called_what_they_do() -> None:
    grey = np.arange(6.0).reshape(2, 3)
    done = dict(zip(hashes.WAYS, (hashes.in_way(grey, n) for n in range(8)), strict=True))
    assert (done["turned by 90° to the left"] == np.rot90(grey)).all()
    assert (done["turned by 90° to the right"] == np.rot90(grey, -1)).all()
    assert (done["turned by 180°"] == np.rot90(grey, 2)).all()
    assert (done["flipped left to right"] == np.fliplr(grey)).all()
    assert (done["flipped top to bottom"] == np.flipud(grey)).all()
    assert (done["flipped along the diagonal"] == grey.T).all()


def test_a_look_at_a_file_or_why_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(planted.encoded(planted.scene(1, 1600, 1200)))
    look = hashes.look(str(path))
    assert isinstance(look, hashes.Look)
    assert len(look.grey) == hashes.SIDE**2
    path.write_bytes(b"<html>")
    assert "HTML" in str(hashes.look(str(path)))
    assert "no such file" in str(hashes.look(str(tmp_path / "none.jpg")))


def test_a_picture_of_one_colour_has_no_features(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.full((80, 80, 3), 90, np.uint8))
    look = hashes.look(str(path))
    assert isinstance(look, hashes.Look)
    assert not any(look.grey)
