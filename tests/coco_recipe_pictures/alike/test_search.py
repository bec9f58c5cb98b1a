"""The search finds what is alike in any way, and gives the way."""

import pytest

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

import planted  # noqa: E402
from coco_recipe_pictures.alike import hashes, search  # noqa: E402


def _low(pictures: list) -> "np.ndarray":
    grey = [cv2.cvtColor(one, cv2.COLOR_BGR2GRAY).astype(np.float32) for one in pictures]
    return np.stack([hashes.of_grey(one)[1] for one in grey])


def test_a_turned_picture_is_found_with_its_way() -> None:
    scenes = [planted.scene(n) for n in range(60)]
    ways = [n % 8 for n in range(60)]
    moved = [
        np.stack([hashes.in_way(one[..., c], way) for c in range(3)], -1)
        for one, way in zip(scenes, ways, strict=True)
    ]
    found = list(search.candidates(_low(scenes), _low(moved)))
    best = {one.one: one for one in sorted(found, key=lambda one: one.score)}
    assert [best[n].other for n in range(60)] == list(range(60))
    assert [best[n].ways[0] for n in range(60)] == ways


def test_others_are_given_where_asked_for_and_blocks_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ones, others = _low([planted.scene(n) for n in range(9)]), _low([planted.scene(99)])
    assert not list(search.candidates(ones, others))
    found = list(search.candidates(ones, others, always=4))
    assert len(found) == 4
    assert found == sorted(found, key=lambda one: -one.score)
    monkeypatch.setattr(search, "BLOCK", 2)
    assert [one.one for one in search.candidates(ones, others, always=4)] == [
        one.one for one in found
    ]
    assert not list(search.candidates(ones[:0], others, always=4))


def test_pictures_of_one_colour_are_like_nothing() -> None:
    flat = np.zeros((2, hashes.LOW, hashes.LOW), np.float32)
    flat[:, 0, 0] = 900
    assert not list(search.candidates(flat, flat))
