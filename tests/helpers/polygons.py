"""Polygons of many vertices, drawn by rule."""

from typing import Any

import numpy as np

MANY = 100_000


def star_of(inner: float, outer: float, count: int = MANY) -> Any:
    turn = np.arange(count) * 2 * np.pi / count
    reach = np.where(np.arange(count) % 2, inner, outer)
    return 500 + np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)


def comb_of(turn: float, count: int = MANY) -> Any:
    """Return a comb: a bar of 1000 x 10 px and thin teeth to 900, turned."""
    places = np.arange(count - 2)
    teeth = np.stack([places * 1000 / count, np.where(places // 2 % 2, 10, 900.0)], axis=1)
    ring = np.concatenate([teeth, [[1000, 0], [0, 0]]])
    return ring @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def spiral_of(count: int = MANY) -> Any:
    turn = np.linspace(0, 200 * np.pi, count // 2)
    out, back = (
        np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)
        for reach in (1 + turn * 0.7, 1.9 + turn * 0.7)
    )
    return np.concatenate([out, back[::-1]]) + 500


def random_polygon(kind: str) -> Any:
    steps = np.random.default_rng(4).normal(0, 1, (MANY, 2))
    if kind == "walk":
        return np.cumsum(steps, axis=0) + 500
    return np.random.default_rng(5).random((MANY, 2)) * 1000
