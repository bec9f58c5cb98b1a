"""Rings of many vertices: what is asked of them takes near-linear work and memory, and stays
right.
"""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw

np = pytest.importorskip("numpy")
from coco_recipe_pictures.geometry import instances, rings  # noqa: E402
from polygons import comb_of, random_polygon, spiral_of, star_of  # noqa: E402

from coco_recipe import Annotation, Image  # noqa: E402

SIMPLE: dict[str, Callable[[], Any]] = {
    "star": lambda: star_of(0.1, 450),
    "round": lambda: star_of(449, 450),
    "upright comb": lambda: comb_of(0),
    "askew comb": lambda: comb_of(0.3),
    "lying comb": lambda: comb_of(np.pi / 2),
    "spiral": spiral_of,
    "all in one spot": lambda: np.concatenate([comb_of(0)[:-2] * 1e-6, [[1e-3, -500], [0, -500]]]),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["star", "askew comb", "spiral", "anywhere"])
def test_areas_and_masks_of_100_000_vertices_take_memory_by_their_number(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rings, "CROSSINGS", 2_000_000)  # the work of the whole, not of one piece
    ring = SIMPLE[kind]() if kind in SIMPLE else random_polygon(kind)
    tracemalloc.start()
    measured = rings.covered([ring])
    mask = rings.fill([[ring]], 1000, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6
    assert mask.any()
    if kind == "spiral":
        assert measured == pytest.approx(abs(rings.signed_area(ring)), rel=1e-3)
    elif kind == "anywhere":
        assert measured == pytest.approx(1000 * 1000 / 2, rel=0.02)


def test_an_area_that_is_drawn_is_the_one_that_is_computed() -> None:
    """Just above and below the number of edges from which on areas are drawn: a pentagram's points,
    less its middle.
    """
    turn = np.pi * 0.8 * np.arange(5)
    star = 50 + 40 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    exact = rings.covered([star])
    parts = 1 + rings.SOME // 5
    fine = np.concatenate(
        [
            a + (b - a) * (np.arange(parts) / parts)[:, None]
            for a, b in zip(star, np.roll(star, -1, axis=0), strict=True)
        ]
    )
    assert len(fine) > rings.SOME
    assert rings.covered([fine]) == pytest.approx(exact, rel=1e-5)


def test_a_mask_of_a_ring_far_outside_takes_memory_by_the_picture() -> None:
    far = np.array([[-9e5, -9e5], [9e5, -9e5], [9e5, 9e5], [-9e5, 9e5]])
    tracemalloc.start()
    assert rings.fill([[far]], 50, 60).all()
    assert tracemalloc.get_traced_memory()[1] < 2e6
    tracemalloc.stop()


@pytest.mark.parametrize("value", [1e9, -1e9, 1e308, 10**30])
def test_a_vertex_where_no_picture_reaches_is_refused_by_name(value: float) -> None:
    image = Image(id=7, file_name="a.jpg", width=60, height=50)
    row = Annotation(
        id=12,
        image_id=7,
        bbox=(1, 1, 9, 9),
        segmentation=Raw(json.dumps([[1, 1, value, 1, 9, 9]]).encode()),
    )
    with pytest.raises(
        ValueError,
        match=rf"annotation 12 on image 7 \('a.jpg'\) .*vertex at {value:.15g} px".replace(
            "+", r"\+"
        ),
    ):
        instances.check({7: [row]}, [image], {})
