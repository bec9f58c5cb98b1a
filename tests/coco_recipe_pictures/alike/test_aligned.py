"""Copies lie upon their originals; pictures with one other thing in them don't."""

import random

import pytest

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

import planted  # noqa: E402
from coco_recipe_pictures.alike import aligned, hashes  # noqa: E402
from coco_recipe_pictures.alike.leak_params import DISTANCE  # noqa: E402

ALL = tuple(range(8))


def _grey(picture: "np.ndarray") -> bytes:
    decoded = cv2.imdecode(np.frombuffer(planted.encoded(picture), np.uint8), 0)
    return hashes.of_grey(decoded.astype(np.float32))[0].tobytes()


@pytest.mark.parametrize("kind", planted.COPIES)
def test_copies_are_near(kind: str) -> None:
    rng = random.Random(kind)
    for seed in range(4):
        scene = planted.scene(seed)
        copy = planted.COPIES[kind](scene, rng)
        ((distance, _),) = aligned.distances([(_grey(scene), _grey(copy), ALL)])
        assert distance < DISTANCE, seed


def test_other_pictures_and_other_things_in_the_same_picture_are_far() -> None:
    scene = planted.scene(1)
    changed = scene.copy()
    cv2.circle(changed, (50, 60), 14, (255, 255, 255), -1)
    pairs = [(_grey(scene), _grey(other), ALL) for other in (planted.scene(2), changed)]
    (other, _), (patched, _) = aligned.distances(pairs)
    assert other > 0.5
    assert patched >= 0.5
    ((nothing, _),) = aligned.distances([(bytes(hashes.SIDE**2), _grey(scene), (0,))])
    assert nothing > 0.5


def test_the_way_is_the_one_that_brings_them_nearest() -> None:
    scene = planted.scene(3)
    turned = _grey(np.rot90(scene))
    ((distance, way),) = aligned.distances([(_grey(scene), turned, (0, 5))])
    assert hashes.WAYS[way] == "turned by 90° to the left"
    assert distance < 0.01
