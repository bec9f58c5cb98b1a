"""A sweep over edges finds crossings in near-linear work."""

from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")
from coco_recipe_pictures.geometry import rings, sweep  # noqa: E402
from polygons import MANY, comb_of, random_polygon, spiral_of, star_of  # noqa: E402

SIMPLE: dict[str, Callable[[], Any]] = {
    "star": lambda: star_of(0.1, 450),
    "round": lambda: star_of(449, 450),
    "upright comb": lambda: comb_of(0),
    "askew comb": lambda: comb_of(0.3),
    "lying comb": lambda: comb_of(np.pi / 2),
    "spiral": spiral_of,
    "all in one spot": lambda: np.concatenate([comb_of(0)[:-2] * 1e-6, [[1e-3, -500], [0, -500]]]),
}


def _meets(ring: Any) -> bool:
    """Hold each edge against each other, in whole numbers."""
    count = len(ring)

    def side(a: Any, b: Any, c: Any) -> int:
        value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        return (value > 0) - (value < 0)

    def on(a: Any, b: Any, c: Any) -> bool:
        return side(a, b, c) == 0 and all(
            min(a[i], b[i]) <= c[i] <= max(a[i], b[i]) for i in (0, 1)
        )

    for i in range(count):
        a, b, after = ring[i], ring[(i + 1) % count], ring[(i + 2) % count]
        if side(a, b, after) == 0 and sum((b[k] - a[k]) * (after[k] - b[k]) for k in (0, 1)) < 0:
            return True
        for j in range(i + 2, count - (i == 0)):
            c, d = ring[j], ring[(j + 1) % count]
            if (
                (side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0)
                or on(a, b, c)
                or on(a, b, d)
                or on(c, d, a)
                or on(c, d, b)
            ):
                return True
    return False


@pytest.mark.parametrize("side", [4, 9, 40])
def test_a_sweep_finds_what_holding_all_edges_against_each_other_finds(side: int) -> None:
    draw, found = np.random.default_rng(side), [0, 0]
    for _ in range(700):
        ring = draw.integers(0, side, (draw.integers(4, 10), 2)).tolist()
        ring = [point for at, point in enumerate(ring) if point != ring[at - 1]]
        if len(ring) > 3:
            expected = _meets(ring)
            assert sweep.crosses(np.array(ring, dtype=float)) == expected, ring
            found[expected] += 1
    assert min(found) > 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIMPLE)
def test_a_ring_of_100_000_vertices_is_swept_in_n_log_n_comparisons(kind: str) -> None:
    swept = sweep._Sweep(SIMPLE[kind]())
    assert not swept.meets()
    assert swept.compared < 40 * MANY


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["walk", "anywhere"])
def test_a_ring_that_crosses_itself_everywhere_is_found_out_early(kind: str) -> None:
    assert rings.crosses_itself(random_polygon(kind))
