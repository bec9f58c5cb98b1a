"""A sweep over edges finds crossings in near-linear work."""

from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")
from coco_recipe_pictures.geometry import rings, sweep  # noqa: E402

MANY = 100_000


def _star(inner: float, outer: float, count: int = MANY) -> Any:
    turn = np.arange(count) * 2 * np.pi / count
    reach = np.where(np.arange(count) % 2, inner, outer)
    return 500 + np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)


def _comb(turn: float, count: int = MANY) -> Any:
    """Return a comb: a bar of 1000 x 10 px and thin teeth to 900, turned."""
    places = np.arange(count - 2)
    teeth = np.stack([places * 1000 / count, np.where(places // 2 % 2, 10, 900.0)], axis=1)
    ring = np.concatenate([teeth, [[1000, 0], [0, 0]]])
    return ring @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _spiral(count: int = MANY) -> Any:
    turn = np.linspace(0, 200 * np.pi, count // 2)
    out, back = (
        np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)
        for reach in (1 + turn * 0.7, 1.9 + turn * 0.7)
    )
    return np.concatenate([out, back[::-1]]) + 500


def _random(kind: str) -> Any:
    steps = np.random.default_rng(4).normal(0, 1, (MANY, 2))
    if kind == "walk":
        return np.cumsum(steps, axis=0) + 500
    return np.random.default_rng(5).random((MANY, 2)) * 1000


SIMPLE: dict[str, Callable[[], Any]] = {
    "star": lambda: _star(0.1, 450),
    "round": lambda: _star(449, 450),
    "upright comb": lambda: _comb(0),
    "askew comb": lambda: _comb(0.3),
    "lying comb": lambda: _comb(np.pi / 2),
    "spiral": _spiral,
    "all in one spot": lambda: np.concatenate([_comb(0)[:-2] * 1e-6, [[1e-3, -500], [0, -500]]]),
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


@pytest.mark.parametrize("kind", ["walk", "anywhere"])
def test_a_ring_that_crosses_itself_everywhere_is_found_out_early(kind: str) -> None:
    assert rings.crosses_itself(_random(kind))
