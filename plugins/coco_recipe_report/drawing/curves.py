"""Draw lines over a common axis: curves of a training, precision over recall, F1 by threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from coco_recipe_report.drawing.svg import cut, filled, line, svg, text, ticks, title

MOST_POINTS = 240  # of a line; of more, means of neighbours are drawn
WIDE, HIGH, LEFT, TOP, BELOW = 400, 210, 58, 12, 38


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its points with x rising, its colour, and whether it stands behind the others."""

    name: str
    points: Sequence[tuple[float, float]]
    ink: str
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: what it is, and from where to where; None follows the points."""

    name: str
    low: float | None = None
    high: float | None = None


def draw(
    lines: Sequence[Line], x: Axis, y: Axis, told: str, *, best: tuple[float, float] | None = None
) -> Markup:
    """Return lines; nothing where there are no two points.

    Args:
        lines: the lines.
        x: the axis below.
        y: the axis at the left.
        told: what is shown, in words.
        best: a point that is marked.
    """
    if sum(len(one.points) for one in lines) < 2:
        return Markup("")
    x0, x1 = _ends([at for one in lines for at, _ in one.points], x)
    y0, y1 = _ends([value for one in lines for _, value in one.points], y)

    def place(at: float, value: float) -> tuple[float, float]:
        share = min(max((value - y0) / (y1 - y0), 0), 1)
        return LEFT + WIDE * (at - x0) / (x1 - x0), TOP + HIGH * (1 - share)

    parts = []
    for tick in ticks(y0, y1, 4):
        _, height = place(x0, tick)
        parts.append(line(LEFT, height, LEFT + WIDE, height, "grid"))
        parts.append(text(LEFT - 8, height + 4, f"{tick:.4g}", name="soft", anchor="end"))
    for tick in ticks(x0, x1, 5):
        across, _ = place(tick, y0)
        parts.append(text(across, TOP + HIGH + 18, f"{tick:.4g}", name="soft", anchor="middle"))
    parts.append(text(LEFT + WIDE, TOP + HIGH + 34, x.name, name="soft", anchor="end"))
    for one in sorted(lines, key=lambda one: not one.is_faint):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (place(*p) for p in thinned(one.points)))
        dots = [place(*p) for p in one.points] if len(one.points) <= 40 else []
        parts.append(
            filled(
                '<g stroke="{0}" fill="{0}"><polyline class="{1}" points="{2}">{3}</polyline>'
                "{4}</g>",
                one.ink,
                "thin" if one.is_faint else "",
                points,
                title(one.name),
                Markup("").join(
                    filled(
                        '<circle cx="{:.1f}" cy="{:.1f}" r="2.6">{}</circle>',
                        a,
                        b,
                        title(f"{one.name}: {value:.4g} at {x.name} {at:.4g}"),
                    )
                    for (a, b), (at, value) in zip(dots, one.points, strict=False)
                    if not one.is_faint
                ),
            )
        )
    if best:
        across, height = place(*best)
        parts.append(line(across, height, across, TOP + HIGH, "best"))
        parts.append(filled('<circle class="at" cx="{:.1f}" cy="{:.1f}" r="5"/>', across, height))
    return svg("curves", LEFT + WIDE + 12, TOP + HIGH + BELOW, parts, cut(told, 80))


def _ends(values: Sequence[float], axis: Axis) -> tuple[float, float]:
    low = min(values) if axis.low is None else axis.low
    high = max(values) if axis.high is None else axis.high
    return (low, high) if high > low else (low, low + 1)


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return points, or means of as many neighbours each as leave few enough."""
    each = -(-len(points) // MOST_POINTS)
    groups = (points[n : n + each] for n in range(0, len(points), each or 1))
    return [
        (sum(a for a, _ in one) / len(one), sum(b for _, b in one) / len(one)) for one in groups
    ]


def smoothed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the mean around each point, a fiftieth of the points on either side.

    A moving average of the points before alone would lag behind a falling line.
    """
    from itertools import accumulate

    sums = [0.0, *accumulate(value for _, value in points)]
    reach, last = max(1, len(points) // 50), len(points) - 1
    made = []
    for n, (at, _) in enumerate(points):
        first, end = max(0, n - reach), min(last, n + reach) + 1
        made.append((at, (sums[end] - sums[first]) / (end - first)))
    return made
