"""Draw the steps of a plan: as the text of a Mermaid flowchart, or as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from coco_recipe.asking.plan_rows import PlanRow
from coco_recipe.asking.plan_text import number
from coco_recipe.errors import counted
from coco_recipe.observing import table
from coco_recipe.terminal import safe

CELLS = 24  # of a name in a box
CELL, LINE, PAD = 7.2, 16, 10  # px: a cell of the typeface, a line of text, around a box's text
WIDE, HIGH = CELLS * CELL + 2 * PAD, 2 * LINE + 2 * PAD
GAP_X, GAP_Y, MARGIN = 28, 64, 12
LANE = 34.0  # px of an arrow that passes a row of boxes
SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Arrow:
    """What flows from an input or a step to a step, with how many images."""

    source: str
    target: str
    told: str
    is_read: bool


def mermaid(rows: Sequence[PlanRow]) -> str:
    """Return the steps as a Mermaid flowchart; arrows say how many images flow.

    What is only read, as what ``augment`` copies, has a dotted arrow.
    """
    ids = {row.name: f"n{n}" for n, row in enumerate(rows)}
    lines = ["flowchart TD"]
    for row in rows:
        shape = ("([", "])") if row.runs is None else ("[", "]")
        state = " (unchanged)" if row.runs is False else ""
        label = f"{_quoted(row.name)}<br/>{_quoted(row.use)}{state}"
        lines.append(f'  {ids[row.name]}{shape[0]}"{label}"{shape[1]}')
    for arrow in arrows(rows):
        line = "-.->" if arrow.is_read else "-->"
        told = f'|"{_quoted(arrow.told)}"|' if arrow.told else ""
        lines.append(f"  {ids[arrow.source]} {line}{told} {ids[arrow.target]}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Write a text such that Mermaid takes nothing in it as its own."""
    return "".join(
        c if c.isalnum() or c in " -_." or ord(c) > 0x2FFF else f"#{ord(c)};"
        for c in safe(text).replace("\n", " ")
    )


def arrows(rows: Sequence[PlanRow]) -> list[Arrow]:
    """Return what flows between the inputs and steps of a plan, in order."""
    outputs = {
        (row.name, output.port): (output, len(row.outputs) > 1)
        for row in rows
        for output in row.outputs
    }
    found = []
    for row in rows:
        for port, refs in row.sources.items():
            for ref in refs:
                output, is_one_of_many = outputs[ref]
                images = output.expected.images
                told = [ref[1]] if is_one_of_many else []
                if output.is_rows:
                    told += [
                        counted(images.least, "image")
                        if images.is_exact
                        else f"{number(images, 12)} images"
                    ]
                else:
                    told += [output.kind]
                found.append(Arrow(ref[0], row.name, ": ".join(told), port in row.only_read))
    return found


def svg(rows: Sequence[PlanRow]) -> str:
    """Return the steps as an SVG drawing, from the inputs downwards.

    It has a style of its own for light and dark, asks the network for nothing, and runs no script.
    """
    drawn = arrows(rows)
    layers = _layers(rows, drawn)
    lanes = _with_lanes(layers, drawn)
    places = _placed(lanes)
    width = max(x + _wide(name) / 2 for name, (x, _) in places.items()) + MARGIN
    height = max(y for _, y in places.values()) + HIGH + MARGIN
    lines = list(_lines(drawn, layers, places))
    body = [*(line for line, _ in lines), *(told for _, told in lines)]
    body += [_box(row, places) for row in rows]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" '
            'aria-label="the steps of the recipe, and the images that flow between them">',
            _STYLE,
            _HEAD,
            *body,
            "</svg>",
        ]
    )


_STYLE = """<style>
  text { font: 12px ui-monospace, "Noto Sans Mono CJK SC", monospace; fill: #1b1b1b }
  .use, .flow { fill: #5b5b5b } .flow { font-size: 11px }
  .bare { fill: #fff } rect.box { fill: #fff; stroke: #767676 }
  rect.due { stroke: #0b5fa5; stroke-width: 2 }
  path { fill: none; stroke: #767676; stroke-width: 1.4 } path.read { stroke-dasharray: 4 3 }
  .tip { fill: #767676; stroke: none }
  @media (prefers-color-scheme: dark) {
    svg { background: #161616 } text { fill: #ececec } .use, .flow { fill: #b0b0b0 }
    .bare, rect.box { fill: #161616 } rect.due { stroke: #6cb6f5 }
  }
</style>"""
_HEAD = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>'
)


def _layers(rows: Sequence[PlanRow], drawn: Sequence[Arrow]) -> dict[str, int]:
    """Return how many rows below the top each input and step stands: below all that it reads."""
    layers: dict[str, int] = {}
    for row in rows:
        above = (layers[arrow.source] for arrow in drawn if arrow.target == row.name)
        layers[row.name] = max(above, default=-1) + 1
    return layers


def _lane(arrow: Arrow, layer: int) -> str:
    """Name the place where an arrow passes a row; no step's name has an arrow in it."""
    return f"{arrow.source}->{arrow.target}@{layer}"


def _with_lanes(layers: Mapping[str, int], drawn: Sequence[Arrow]) -> list[list[str]]:
    """Return the rows, with a lane for each arrow that passes one, in an order with few crossings.

    The order is that of barycenters, downwards and upwards in turn (Sugiyama et al. 1981, Methods
    for visual understanding of hierarchical system structures).
    """
    grid: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    for name, layer in layers.items():
        grid[layer].append(name)
    beside: dict[str, set[str]] = {}
    for arrow in drawn:
        passed = range(layers[arrow.source] + 1, layers[arrow.target])
        chain = [arrow.source, *(_lane(arrow, layer) for layer in passed), arrow.target]
        for layer, lane in zip(passed, chain[1:-1], strict=True):
            if lane not in grid[layer]:
                grid[layer].append(lane)
        for one, other in pairwise(chain):
            beside.setdefault(one, set()).add(other)
            beside.setdefault(other, set()).add(one)
    for sweep in range(SWEEPS):
        order = range(1, len(grid)) if sweep % 2 == 0 else range(len(grid) - 2, -1, -1)
        for layer in order:
            fixed = grid[layer - 1 if sweep % 2 == 0 else layer + 1]
            at = {name: n for n, name in enumerate(fixed)}
            centre = {
                name: sum(near) / len(near) if near else grid[layer].index(name)
                for name in grid[layer]
                for near in [[at[one] for one in beside.get(name, ()) if one in at]]
            }
            grid[layer].sort(key=centre.__getitem__)
    return grid


def _placed(grid: Sequence[Sequence[str]]) -> dict[str, tuple[float, float]]:
    """Return the middle of the top of each box and lane, rows centred above one another."""
    widths = [sum(map(_wide, names)) + GAP_X * (len(names) - 1) for names in grid]
    places: dict[str, tuple[float, float]] = {}
    for layer, (names, width) in enumerate(zip(grid, widths, strict=True)):
        x = MARGIN + (max(widths) - width) / 2
        for name in names:
            places[name] = (x + _wide(name) / 2, MARGIN + layer * (HIGH + GAP_Y))
            x += _wide(name) + GAP_X
    return places


def _wide(name: str) -> float:
    return LANE if "->" in name else WIDE


def _lines(
    drawn: Sequence[Arrow], layers: Mapping[str, int], places: Mapping[str, tuple[float, float]]
) -> Iterator[tuple[str, str]]:
    """Draw the arrows, and their texts; those of one box stand side by side there."""
    chains = {
        arrow: [
            arrow.source,
            *(_lane(arrow, n) for n in range(layers[arrow.source] + 1, layers[arrow.target])),
            arrow.target,
        ]
        for arrow in drawn
    }
    for arrow, chain in chains.items():
        leaving = sorted(
            (one for one in chains if one.source == arrow.source),
            key=lambda one: places[chains[one][1]][0],
        )
        coming = sorted(
            (one for one in chains if one.target == arrow.target),
            key=lambda one: places[chains[one][-2]][0],
        )
        start = _side_by_side(places[arrow.source][0], leaving.index(arrow), len(leaving))
        end = _side_by_side(places[arrow.target][0], coming.index(arrow), len(coming))
        stagger = (coming.index(arrow) % 3) * 15 if len(coming) > 1 else 15
        yield _line(arrow, chain, places, start, end, stagger)


def _side_by_side(x: float, n: int, of: int) -> float:
    """Return where the n-th of some arrows touches a box whose middle is at x."""
    return x - WIDE / 2 + WIDE * (n + 1) / (of + 1)


def _line(
    arrow: Arrow,
    chain: Sequence[str],
    places: Mapping[str, tuple[float, float]],
    start: float,
    end: float,
    stagger: float,
) -> tuple[str, str]:
    """Draw an arrow: curves between rows, straight past boxes; and its text, near its end."""
    x, y = start, places[arrow.source][1] + HIGH
    d = [f"M{x:.0f} {y:.0f}"]
    for lane in chain[1:-1]:
        to, top = places[lane]
        d.append(_curve(x, y, to, top) + f" V{top + HIGH:.0f}")
        x, y = to, top + HIGH
    top = places[arrow.target][1]
    d.append(_curve(x, y, end, top - 1))
    kind = ' class="read"' if arrow.is_read else ""
    text = table.cut(safe(arrow.told), CELLS + 8)
    wide = table.width_of(text) * CELL
    at, middle = (x + end) / 2, y + GAP_Y / 2 - 17 + stagger
    return (
        f'<path{kind} d="{" ".join(d)}" marker-end="url(#tip)"/>',
        f'<rect class="bare" x="{at - wide / 2:.0f}" y="{middle - 8:.0f}" width="{wide:.0f}" '
        f'height="15"/><text class="flow" x="{at:.0f}" y="{middle + 4:.0f}" text-anchor="middle">'
        f"{escape(text)}</text>",
    )


def _curve(x: float, y: float, to: float, top: float) -> str:
    half = (y + top) / 2
    return f"C{x:.0f} {half:.0f} {to:.0f} {half:.0f} {to:.0f} {top:.0f}"


def _box(row: PlanRow, places: Mapping[str, tuple[float, float]]) -> str:
    x, y = places[row.name]
    due = " due" if row.runs else ""
    state = {None: "", True: ": runs", False: ": unchanged"}[row.runs]
    round_ = ' rx="26"' if row.runs is None else ' rx="3"'
    texts = "".join(_texts(row, x, y, state))
    return (
        f'<g><title>{escape(safe(row.what))}</title><rect class="box{due}" '
        f'x="{x - WIDE / 2:.0f}" y="{y:.0f}" width="{WIDE:.0f}" height="{HIGH}"{round_}/>'
        f"{texts}</g>"
    )


def _texts(row: PlanRow, x: float, y: float, state: str) -> Iterator[str]:
    for n, (text, kind) in enumerate(((row.name, ""), (row.use + state, ' class="use"'))):
        shown = escape(table.cut(safe(text), CELLS))
        at = y + PAD + LINE * (n + 0.75)
        yield f'<text{kind} x="{x:.0f}" y="{at:.0f}" text-anchor="middle">{shown}</text>'
