"""Find out whether a ring crosses or touches itself, by a sweep over its vertices.

Method: M. I. Shamos and D. Hoey, Geometric intersection problems, 1976. Vertices are visited from
left to right, those above each other from low to high. The edges that reach over the place are kept
in their order upwards: as long as none cross, a new edge can meet only the two beside it first.
"""

import numpy as np
from numpy.typing import NDArray


def crosses(ring: NDArray[np.float64]) -> bool:
    """Report whether edges that aren't neighbours meet, or neighbours lie on each other.

    Args:
        ring: (N, 2), no two vertices in a row at one place.

    Where rounding leaves the order of edges in doubt, the answer is yes.
    """
    if len(np.unique(ring, axis=0)) < len(ring):
        return True
    return _Sweep(ring).meets()


class _Sweep:
    """The edges over the place that the sweep has reached.

    Edge i goes from vertex i to the next.
    """

    def __init__(self, ring: NDArray[np.float64]) -> None:
        self.points: list[tuple[float, float]] = [(x, y) for x, y in ring.tolist()]
        self.count = len(ring)
        after = self.points[1:] + self.points[:1]
        self.ends = [(a, b) if a < b else (b, a) for a, b in zip(self.points, after, strict=True)]
        self.over: list[int] = []
        self.compared = 0

    def meets(self) -> bool:
        """Visit the vertices until edges meet."""
        return any(self._visit(at) for at in sorted(range(self.count), key=self.points.__getitem__))

    def _visit(self, at: int) -> bool:
        point, beside = self.points[at], (at, (at - 1) % self.count)
        coming = [edge for edge in beside if self.ends[edge][0] == point]
        going = len(beside) - len(coming)
        low = self._place(point)
        high = low
        while high < len(self.over) and self._side(self.over[high], point) == 0:
            high += 1
        if sorted(self.over[low:high]) != sorted(set(beside) - set(coming)) or high - low != going:
            return True  # the vertex lies on another edge
        if len(coming) == 2:
            turn = self._side(coming[0], self.ends[coming[1]][1])
            if turn == 0:
                return True
            coming = coming if turn > 0 else coming[::-1]
        self.over[low:high] = coming
        seams = (low, low + len(coming)) if coming else (low,)
        return any(self._touch(seam) for seam in seams)

    def _place(self, point: tuple[float, float]) -> int:
        """Return how many edges lie below a point."""
        low, high = 0, len(self.over)
        (x, y), over, ends = point, self.over, self.ends
        self.compared += high.bit_length()
        while low < high:  # _side is written out: most of the time is spent here
            middle = (low + high) // 2
            (ax, ay), (bx, by) = ends[over[middle]]
            if (bx - ax) * (y - ay) > (by - ay) * (x - ax):
                low = middle + 1
            else:
                high = middle
        return low

    def _touch(self, seam: int) -> bool:
        """Report whether the two edges at a seam of the order meet, other than as neighbours."""
        if not 0 < seam < len(self.over):
            return False
        one, other = self.over[seam - 1], self.over[seam]
        if (one - other) % self.count in (1, self.count - 1):
            return False
        return self._astride(one, other) and self._astride(other, one)

    def _astride(self, one: int, other: int) -> bool:
        a, b = self.ends[other]
        return self._side(one, a) * self._side(one, b) < 1

    def _side(self, edge: int, point: tuple[float, float]) -> int:
        """Return above 0 where a point is above an edge, 0 on it."""
        self.compared += 1
        (ax, ay), (bx, by) = self.ends[edge]
        one, other = (bx - ax) * (point[1] - ay), (by - ay) * (point[0] - ax)
        return (one > other) - (one < other)
