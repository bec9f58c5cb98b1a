"""Draw figures of data sets: slopes of classes, sizes of boxes, where they lie, shares of parts."""

import math
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from coco_recipe_report.drawing.svg import (
    Palette,
    colour,
    cut,
    filled,
    line,
    svg,
    text,
    ticks,
    title,
)
from coco_recipe_report.seen.figures import Figures, Share

MOST_SLOPES = 12  # classes that are named and coloured; the others are grey
LIMITS_PX = {32: "small < 32", 96: "large ≥ 96"}  # COCO's
STAGE_PX, LABEL_PX = 150, 236


def slopes(stages: Mapping[str, Mapping[str, Share]], palette: Palette) -> Markup:
    """Return the share of each class from stage to stage, with its standard error.

    Args:
        stages: shares by class, for each stage.
        palette: the colours of classes.
    """
    high, left, top = 340, 44, 34
    names = dict.fromkeys(name for shares in stages.values() for name in shares)
    peak = {
        name: max(shares[name].share for shares in stages.values() if name in shares)
        for name in names
    }
    shown = [name for name in sorted(names, key=lambda name: -peak[name]) if peak[name]]
    most = max(
        [one.share + one.error for found in stages.values() for one in found.values()] or [1]
    )
    most = most or 1
    place = {stage: left + n * STAGE_PX for n, stage in enumerate(stages)}

    def y_of(share: float) -> float:
        return top + high * (1 - share / most)

    wide = left + STAGE_PX * (len(stages) - 1)
    parts = [line(left, y_of(at), wide, y_of(at), "grid") for at in ticks(0, most)]
    parts += [
        text(
            left - 8,
            y_of(at) + 4,
            f"{at:.0%}" if most > 0.05 else f"{at:.1%}",
            name="soft",
            anchor="end",
        )
        for at in ticks(0, most)
    ]
    for n, (stage, x) in enumerate(place.items()):
        anchor = "start" if n == 0 else "middle"
        parts.append(text(x if n else x - 4, 16, cut(stage, 20), name="soft", anchor=anchor))
    ends: list[tuple[float, str, str, float]] = []
    for n, name in reversed(list(enumerate(shown))):
        ink = palette.of(name) if n < MOST_SLOPES else "var(--line)"
        at = [(x, stages[stage].get(name, Share())) for stage, x in place.items()]
        parts.append(_slope(name, at, y_of, ink, aside=2.2 * (n % 5 - 2)))
        if n < MOST_SLOPES:
            ends.append((y_of(at[-1][1].share), name, ink, at[-1][1].share))
    for y, name, ink, share in apart(ends):
        label = filled(
            '<tspan fill="{}">●</tspan> {} <tspan class="soft">{:.1%}</tspan>',
            ink,
            cut(name, 18),
            share,
        )
        parts.append(text(wide + 12, y + 4, label))
    lowest = max((y for y, *_ in apart(ends)), default=0.0)
    told = "share of each class, from stage to stage"
    return svg("slopes", wide + LABEL_PX, max(top + high, lowest) + 14, parts, told)


def _slope(
    name: str,
    at: Sequence[tuple[float, Share]],
    y_of: Callable[[float], float],
    ink: str,
    *,
    aside: float,
) -> Markup:
    points = " ".join(f"{x:.0f},{y_of(one.share):.1f}" for x, one in at)
    bars = Markup("").join(
        filled(
            '<path class="error" d="M{:.1f} {:.1f}V{:.1f}"/>',
            x + aside,
            y_of(max(one.share - one.error, 0)),
            y_of(one.share + one.error),
        )
        for x, one in at
        if one.error
    )
    dots = Markup("").join(
        filled(
            '<circle cx="{:.0f}" cy="{:.1f}" r="3.5">{}</circle>',
            x,
            y_of(one.share),
            title(f"{name}: {one.boxes:,} boxes, {one.share:.1%} ± {one.error:.1%}"),
        )
        for x, one in at
    )
    return filled(
        '<g class="slope" stroke="{0}" fill="{0}"><polyline points="{1}">{2}</polyline>{3}{4}</g>',
        ink,
        points,
        title(name),
        bars,
        dots,
    )


def apart(
    ends: Sequence[tuple[float, str, str, float]], least: float = 17
) -> list[tuple[float, str, str, float]]:
    """Move labels down until none lies on another."""
    placed: list[tuple[float, str, str, float]] = []
    for y, name, ink, share in sorted(ends):
        lowest = placed[-1][0] + least if placed else y
        placed.append((max(y, lowest), name, ink, share))
    return placed


def sizes(data: Mapping[str, Figures]) -> Markup:
    """Return how large boxes are, as shares: the root of their area in px, in steps of √2."""
    used = [n for one in data.values() for n, count in enumerate(one.sizes) if count]
    if not used:
        return Markup("")
    first, last = min(used), max(used)
    each, high, left, top = 28, 190, 44, 26
    shares = {
        name: [count / (sum(one.sizes) or 1) for count in one.sizes] for name, one in data.items()
    }
    most = max(share for found in shares.values() for share in found)
    wide = left + each * (last - first + 1)
    parts = []
    for at in ticks(0, most, 4):
        y = top + high * (1 - at / most)
        parts += [
            line(left, y, wide, y, "grid"),
            text(left - 8, y + 4, f"{at:.0%}", name="soft", anchor="end"),
        ]
    for n, (name, found) in enumerate(shares.items()):
        points: list[tuple[float, float]] = [(left, top + high)]
        for place, step in enumerate(range(first, last + 1)):
            y = top + high * (1 - found[step] / most)
            points += [(left + place * each, y), (left + (place + 1) * each, y)]
        points.append((wide, top + high))
        path = " ".join(f"{x:.0f},{y:.1f}" for x, y in points)
        parts.append(
            filled(
                '<polyline class="step" points="{}" stroke="{}">{}</polyline>',
                path,
                colour(n),
                title(name),
            )
        )
    for step in range(first, last + 2):
        if step % 2 == 0:
            x = left + (step - first) * each
            parts.append(
                text(x, top + high + 18, f"{2 ** (step / 2):.0f}", name="soft", anchor="middle")
            )
    for limit, told in LIMITS_PX.items():
        at_x = left + (2 * math.log2(limit) - first) * each
        if left <= at_x <= wide:
            parts += [
                line(at_x, top - 8, at_x, top + high, "limit"),
                text(at_x, top - 12, told, name="soft", anchor="middle"),
            ]
    return svg("sizes", wide + 24, top + high + 28, parts, "sizes of boxes, px")


def places(one: Figures, cell: int = 7) -> Markup:
    """Return where the middles of boxes lie, as shares of the pictures' sides."""
    side = cell * len(one.places)
    most = max((n for row in one.places for n in row), default=0) or 1
    parts = [filled('<rect class="frame" width="{0}" height="{0}"/>', side)]
    parts += [
        filled(
            '<rect class="heat" x="{}" y="{}" width="{}" height="{}" opacity="{:.2f}">{}</rect>',
            column * cell,
            row * cell,
            cell,
            cell,
            0.12 + 0.88 * math.sqrt(n / most),
            title(f"{n:,} boxes"),
        )
        for row, counts in enumerate(one.places)
        for column, n in enumerate(counts)
        if n
    ]
    return svg("places", side, side, parts, "where boxes lie")


def together(one: Figures) -> Markup:
    """Return on how many images each two classes are, as a matrix."""
    names = list(dict.fromkeys(name for pair in one.together for name in pair))
    if len(names) < 2:
        return Markup("")
    cell, left, top = 44, 182, 24
    most = max((n for (a, b), n in one.together.items() if a != b), default=0) or 1
    parts = []
    for row, name in enumerate(names):
        y = top + row * cell + cell / 2 + 4
        parts.append(text(left - 10, y, cut(name, 18), anchor="end"))
        parts.append(
            text(left + row * cell + cell / 2, top - 8, row + 1, name="soft", anchor="middle")
        )
        parts.append(text(12, y, row + 1, name="soft", anchor="middle"))
        for column, other in enumerate(names):
            n = one.together.get((name, other), 0)
            own = row == column
            parts.append(
                _cell(
                    left + column * cell,
                    top + row * cell,
                    cell,
                    n,
                    0 if own else n / most,
                    f"{name} + {other}: {n:,} images" if not own else f"{name}: {n:,} images",
                )
            )
    size = len(names) * cell
    return svg("matrix", left + size + 4, top + size + 4, parts, "classes together on images")


def _cell(x: float, y: float, cell: float, n: int, share: float, told: str) -> Markup:
    ink = "on" if share > 0.55 else ""
    number = (
        text(x + cell / 2 - 1, y + cell / 2 + 4, f"{n:,}", name=ink, anchor="middle") if n else ""
    )
    return filled(
        '<g><rect class="cell" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" '
        'fill-opacity="{:.2f}">{}</rect>{}</g>',
        x,
        y,
        cell - 2,
        cell - 2,
        share,
        title(told),
        number,
    )
