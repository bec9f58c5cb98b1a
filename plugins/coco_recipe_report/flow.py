"""Draw how images flow through the steps of a run, as SVG."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from coco_recipe import RunFacts

WIDE, HIGH, GAP_X, GAP_Y, MARGIN = 124, 46, 44, 26, 12
LETTERS = 15  # that have room in a box
INPUT = "input"
THICKEST, THINNEST = 26.0, 1.5  # px of an arrow, for the most images and for none


@dataclass(frozen=True, slots=True)
class _Box:
    """A step or an input, where it is drawn."""

    name: str
    use: str
    x: int
    y: int


def svg(facts: RunFacts) -> Markup:
    """Return the graph of a run: arrows are as wide as their images, drops leave downwards."""
    boxes = _placed(facts)
    most = max((flow.counts.images or 0 for flow in facts.flows), default=0) or 1
    arrows = Markup("").join(
        _arrow(
            boxes[flow.source],
            boxes[flow.target],
            THINNEST + (THICKEST - THINNEST) * (flow.counts.images or 0) / most,
            f"{flow.source} to {flow.target}: {flow.counts}",
            is_read=flow.is_read,
        )
        for flow in facts.flows
    )
    dropped = {
        record.step: [line for line in record.dropped if line.kind != "category"]
        for record in facts.steps
    }
    drawn = Markup("").join(_box(box, dropped.get(box.name, [])) for box in boxes.values())
    width = max(box.x for box in boxes.values()) + WIDE + MARGIN
    height = max(box.y for box in boxes.values()) + HIGH + GAP_Y + MARGIN
    return Markup(
        '<svg class="flow" viewBox="0 0 {} {}" width="{}" role="img" '
        'aria-label="the steps and the images that flow between them">{}{}</svg>'
    ).format(width, height, width, arrows, drawn)


def _placed(facts: RunFacts) -> dict[str, _Box]:
    """Place inputs at the left, and each step a column behind the last that it reads of."""
    above: Mapping[str, list[str]] = defaultdict(list)
    for flow in facts.flows:
        above[flow.target].append(flow.source)
    depth = dict.fromkeys(facts.inputs, 0)
    for record in facts.steps:
        depth[record.step] = 1 + max((depth[name] for name in above[record.step]), default=0)
    uses = {record.step: record.use for record in facts.steps}
    filled: dict[int, int] = defaultdict(int)
    boxes = {}
    for name, column in depth.items():
        row = filled[column]
        filled[column] += 1
        x = MARGIN + column * (WIDE + GAP_X)
        boxes[name] = _Box(name, uses.get(name, INPUT), x, MARGIN + row * (HIGH + 2 * GAP_Y))
    return boxes


def _arrow(source: _Box, target: _Box, thick: float, told: str, *, is_read: bool) -> Markup:
    x0, y0 = source.x + WIDE, source.y + HIGH / 2
    x1, y1 = target.x, target.y + HIGH / 2
    middle = (x0 + x1) / 2
    return Markup(
        '<path class="arrow{}" d="M{} {}C{} {} {} {} {} {}" stroke-width="{:.1f}">'
        "<title>{}</title></path>"
    ).format(" read" if is_read else "", x0, y0, middle, y0, middle, y1, x1, y1, thick, told)


def _box(box: _Box, dropped: Sequence[object]) -> Markup:
    """Return a step, with a link to its card, and what it dropped below it."""
    link = Markup('<a href="#{}">').format("proof" if box.use == INPUT else f"step-{box.name}")
    shape = Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="5"/>').format(
        box.x, box.y, WIDE, HIGH
    )
    texts = Markup('<text x="{}" y="{}">{}</text><text class="use" x="{}" y="{}">{}</text>').format(
        box.x + 10, box.y + 20, _cut(box.name), box.x + 10, box.y + 37, _cut(box.use)
    )
    lines = Markup("").join(
        Markup('<tspan x="{}" dy="13">{}</tspan>').format(box.x + 10, told)
        for told in _told(dropped)
    )
    gone = Markup('<text class="gone" x="{}" y="{}">{}</text>').format(
        box.x + 10, box.y + HIGH + 2, lines
    )
    return link + shape + texts + Markup("</a>") + (gone if dropped else Markup(""))


def _told(dropped: Sequence[object]) -> list[str]:
    total: dict[str, int] = defaultdict(int)
    for line in dropped:
        total[line.kind] += line.count  # type: ignore[attr-defined]
    return [f"− {n} {kind}{'s' * (n != 1)}" for kind, n in total.items()]


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
