"""Draw figures of data sets as SVG: classes, sizes and places of boxes."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from coco_recipe import Dataset

# Okabe and Ito 2008 without black, then Paul Tol's muted scheme: told apart with every colour
# blindness
COLOURS = [
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#cc79a7",
    "#0072b2",
    "#d55e00",
    "#8c8c00",
    "#332288",
    "#44aa99",
    "#882255",
]
LIMITS_PX = (32, 96)  # COCO's small and large
GRID = 24


def slopes(stages: Mapping[str, Mapping[str, int]]) -> Markup:
    """Return the share of each class from stage to stage.

    Args:
        stages: number of boxes by class, for each stage.
    """
    wide, high, left, right, top = 150, 320, 30, 230, 26
    shares = {
        stage: {name: n / (sum(counts.values()) or 1) for name, n in counts.items()}
        for stage, counts in stages.items()
    }
    names = list(dict.fromkeys(name for counts in stages.values() for name in counts))
    most = max((share for found in shares.values() for share in found.values()), default=0) or 1
    place = {stage: left + n * wide for n, stage in enumerate(stages)}
    parts = [
        Markup('<text class="axis" x="{}" y="14" text-anchor="middle">{}</text>').format(x, stage)
        for stage, x in place.items()
    ]
    ends: list[tuple[float, str, str, float]] = []
    for n, name in enumerate(names):
        colour = COLOURS[n % len(COLOURS)]
        points = [
            (place[stage], top + high * (1 - found[name] / most))
            for stage, found in shares.items()
            if name in found
        ]
        path = " ".join(f"{x:.0f},{y:.1f}" for x, y in points)
        parts.append(
            Markup('<polyline points="{}" stroke="{}"><title>{}</title></polyline>').format(
                path, colour, name
            )
        )
        parts += [
            Markup('<circle cx="{:.0f}" cy="{:.1f}" r="3.5" fill="{}"/>').format(x, y, colour)
            for x, y in points
        ]
        last = list(shares.values())[-1].get(name, 0.0)
        ends.append((points[-1][1], name, colour, last))
    x = left + wide * (len(stages) - 1) + 12
    for y, name, colour, share in _apart(ends):
        parts.append(
            Markup('<text x="{}" y="{:.1f}" fill="{}">{} {:.1%}</text>').format(
                x, y + 4, colour, name, share
            )
        )
    lowest = max((y for y, *_ in _apart(ends)), default=0)
    return _svg("slopes", x + right, max(top + high, lowest) + 14, parts, "share of each class")


def sizes(boxes: Mapping[str, Dataset]) -> Markup:
    """Return how large boxes are: the root of their area in px, in steps of a factor of √2."""
    counts = {name: Counter(_step(side) for side in _sides(rows)) for name, rows in boxes.items()}
    steps = sorted({step for found in counts.values() for step in found})
    if not steps:
        return Markup("")
    steps = list(range(steps[0], steps[-1] + 1))
    each, high, top, bottom = 26, 160, 10, 34
    parts = []
    for n, (name, found) in enumerate(counts.items()):
        total = sum(found.values()) or 1
        most = max(max(one.values()) / (sum(one.values()) or 1) for one in counts.values() if one)
        wide = (each - 4) / len(counts)
        for place, step in enumerate(steps):
            tall = high * found[step] / total / most
            parts.append(
                Markup(
                    '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}">'
                    "<title>{}: {} boxes of {:.0f} to {:.0f} px</title></rect>"
                ).format(
                    30 + place * each + n * wide,
                    top + high - tall,
                    wide,
                    tall,
                    COLOURS[n % len(COLOURS)],
                    name,
                    found[step],
                    2 ** (step / 2),
                    2 ** ((step + 1) / 2),
                )
            )
    for place, step in enumerate(steps):
        if step % 2 == 0:
            parts.append(
                Markup('<text class="axis" x="{}" y="{}">{:.0f}</text>').format(
                    30 + place * each, top + high + 16, 2 ** (step / 2)
                )
            )
    for limit in LIMITS_PX:
        x = 30 + (2 * math.log2(limit) - steps[0]) * each
        if 30 <= x <= 30 + len(steps) * each:
            parts.append(
                Markup('<path class="limit" d="M{:.1f} {}V{}"><title>{} px</title></path>').format(
                    x, top, top + high, limit
                )
            )
    return _svg("sizes", 40 + len(steps) * each, top + high + bottom, parts, "sizes of boxes, px")


def places(rows: Dataset) -> Markup:
    """Return where the middles of boxes lie, as shares of the pictures' sides."""
    size = {image.id: (image.width, image.height) for image in rows.images}
    cells: Counter[tuple[int, int]] = Counter()
    for row in rows.annotations:
        wide, high = size.get(row.image_id, (0, 0))
        if isinstance(row.bbox, tuple) and isinstance(wide, int) and isinstance(high, int):
            x, y, w, h = row.bbox
            if wide > 0 and high > 0:
                column, line = (x + w / 2) / wide * GRID, (y + h / 2) / high * GRID
                cells[min(max(int(column), 0), GRID - 1), min(max(int(line), 0), GRID - 1)] += 1
    most = max(cells.values(), default=1)
    parts = [Markup('<rect class="frame" width="{0}" height="{0}"/>').format(GRID * 8)]
    parts += [
        Markup(
            '<rect class="heat" x="{}" y="{}" width="8" height="8" opacity="{:.2f}">'
            "<title>{} boxes</title></rect>"
        ).format(column * 8, line * 8, 0.15 + 0.85 * n / most, n)
        for (column, line), n in sorted(cells.items())
    ]
    return _svg("places", GRID * 8, GRID * 8, parts, "where boxes lie")


def curves(series: Mapping[str, Sequence[float]]) -> Markup:
    """Return lines over their number, from 1 on; each is scaled to the largest of all."""
    longest = max((len(values) for values in series.values()), default=0)
    if longest < 2:
        return Markup("")
    wide, high, top = 420, 160, 10
    most = max(value for values in series.values() for value in values) or 1.0
    parts = []
    for n, (name, values) in enumerate(series.items()):
        points = " ".join(
            f"{30 + i * wide / (longest - 1):.1f},{top + high * (1 - value / most):.1f}"
            for i, value in enumerate(values)
        )
        parts.append(
            Markup('<polyline points="{}" stroke="{}"><title>{}</title></polyline>').format(
                points, COLOURS[n % len(COLOURS)], name
            )
        )
        parts.append(
            Markup('<text x="{}" y="{}" fill="{}">{}</text>').format(
                40 + wide, top + 14 + 16 * n, COLOURS[n % len(COLOURS)], name
            )
        )
    for value, y in ((most, top + 8), (0.0, top + high)):
        parts.append(Markup('<text class="axis" x="0" y="{}">{:.2g}</text>').format(y, value))
    return _svg("curves", wide + 220, top + high + 10, parts, "curves")


def _apart(
    ends: Iterable[tuple[float, str, str, float]],
) -> list[tuple[float, str, str, float]]:
    """Move labels down until none lies on another."""
    placed: list[tuple[float, str, str, float]] = []
    for y, *rest in sorted(ends):
        lowest = placed[-1][0] + 15 if placed else y
        placed.append((max(y, lowest), *rest))  # type: ignore[arg-type]
    return placed


def _sides(rows: Dataset) -> Iterable[float]:
    for row in rows.annotations:
        if isinstance(row.bbox, tuple) and row.bbox[2] > 0 and row.bbox[3] > 0:
            yield math.sqrt(row.bbox[2] * row.bbox[3])


def _step(side: float) -> int:
    return max(math.floor(2 * math.log2(side)), 0) if side >= 1 else 0


def _svg(name: str, wide: float, high: float, parts: Sequence[Markup], told: str) -> Markup:
    return Markup(
        '<svg class="{}" viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}" role="img" aria-label="{}">'
        "{}</svg>"
    ).format(name, wide, high, wide, told, Markup("").join(parts))
