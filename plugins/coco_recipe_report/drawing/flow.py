"""Draw how images flow through the steps of a run, from the top down, drops to the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from coco_recipe import Flow, RunFacts, manifest
from coco_recipe_report.drawing.svg import cut, filled, svg, text, title

WIDE, HIGH, LANE, GAP, MARGIN = 190, 46, 214, 44, 8
THICKEST, THINNEST = 34.0, 2.0  # px of an arrow, for the most images and for none
LETTERS, LETTERS_OF_DROPS = 22, 62  # that have room in a box, and beside it
MOST_REASONS, LINE = 4, 17
INPUT = "input"


@dataclass(slots=True)
class _Node:
    """A step or an input: where it stands, and what it dropped."""

    name: str
    use: str
    lane: int
    y: float
    told: str
    dropped: Sequence[manifest.Dropped]

    @property
    def x(self) -> float:
        return MARGIN + self.lane * LANE


def draw(facts: RunFacts) -> Markup:
    """Return the graph of a run: arrows are as wide as their images, drops leave to the right."""
    nodes = _placed(facts)
    most = max(
        [
            *(flow.counts.images or 0 for flow in facts.flows),
            *(one.count for node in nodes.values() for one in _images(node.dropped)),
        ],
        default=0,
    )
    lanes = max(node.lane for node in nodes.values()) + 1
    side = MARGIN + lanes * LANE
    arrows = _arrows(facts.flows, nodes, most or 1)
    drops = [_drops(node, side, most or 1) for node in nodes.values() if node.dropped]
    boxes = [_box(node) for node in nodes.values()]
    width = side + (7 * LETTERS_OF_DROPS if drops else 0)
    height = max(node.y + max(HIGH, _tall(node)) for node in nodes.values()) + MARGIN
    told = "the steps from the top down, and the images that flow between them"
    return svg("flow", width, height, [*drops, *arrows, *boxes], told)


def _placed(facts: RunFacts) -> dict[str, _Node]:
    """Place each input and step in a row of its own, in a lane that is free until it is read."""
    read = {flow.source: n for n, flow in enumerate(facts.flows)}
    order = [*facts.inputs, *(record.step for record in facts.steps)]
    records = {record.step: record for record in facts.steps}
    last: dict[str, int] = {}
    for flow in facts.flows:
        last[flow.source] = max(last.get(flow.source, 0), order.index(flow.target))
    held: dict[int, str] = {}
    nodes: dict[str, _Node] = {}
    y = float(MARGIN)
    for row, name in enumerate(order):
        sources = [flow.source for flow in facts.flows if flow.target == name]
        for lane, owner in list(held.items()):
            if last.get(owner, -1) <= row:
                del held[lane]
        wanted = [nodes[source].lane for source in sources if source in nodes]
        free = [lane for lane in range(len(order) + 1) if lane not in held]
        lane = next((lane for lane in wanted if lane in free), free[0])
        if name in read:
            held[lane] = name
        record = records.get(name)
        dropped = [one for one in record.dropped if one.kind != "category"] if record else []
        node = _Node(name, record.use if record else INPUT, lane, y, _told(facts, name), dropped)
        nodes[name] = node
        y += max(HIGH, _tall(node)) + GAP
    return nodes


def _told(facts: RunFacts, name: str) -> str:
    """Say how many images and boxes leave an input or a step."""
    record = next((one for one in facts.steps if one.step == name), None)
    if record is None:
        many = [flow.counts for flow in facts.flows if flow.source == name][:1]
    else:
        many = [counts for _, counts in manifest.data_sets(record.counts.out)]
    if not many:
        return ""
    images, boxes = (sum(getattr(one, key) or 0 for one in many) for key in KEYS)
    return f"{images:,} images · {boxes:,} boxes"


KEYS = ("images", "annotations")


def _tall(node: _Node) -> float:
    return LINE * min(len(node.dropped), MOST_REASONS + 1)


def _images(dropped: Sequence[manifest.Dropped]) -> list[manifest.Dropped]:
    return [one for one in dropped if one.kind == "image"]


def _thick(images: int, most: int) -> float:
    return THINNEST + (THICKEST - THINNEST) * images / most


def _arrows(flows: Sequence[Flow], nodes: Mapping[str, _Node], most: int) -> list[Markup]:
    """Return the arrows: those that leave or reach a box stand side by side."""
    thick = [_thick(flow.counts.images or 0, most) for flow in flows]
    starts, ends = _beside(flows, thick, "source", nodes), _beside(flows, thick, "target", nodes)
    drawn = []
    for n, flow in enumerate(flows):
        source, target = nodes[flow.source], nodes[flow.target]
        x0, y0, x1, y1 = starts[n], source.y + HIGH, ends[n], target.y
        bend = y1 - GAP  # it goes straight down its own lane, and turns before its target
        port = f" ({flow.port})" if flow.port else ""
        told = f"{flow.source}{port} → {flow.target}: {flow.counts}"
        told += ", only read" if flow.is_read else ""
        drawn.append(
            filled(
                '<path class="arrow{}" d="M{:.1f} {:.1f}V{:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} '
                '{:.1f} {:.1f}" stroke-width="{:.1f}">{}</path>',
                " read" if flow.is_read else "",
                x0,
                y0,
                bend,
                x0,
                bend + GAP / 2,
                x1,
                bend + GAP / 2,
                x1,
                y1,
                thick[n],
                title(told),
            )
        )
    return drawn


def _beside(
    flows: Sequence[Flow], thick: Sequence[float], end: str, nodes: Mapping[str, _Node]
) -> list[float]:
    """Return where each flow meets the box at one of its ends."""
    found = [0.0] * len(flows)
    other = "target" if end == "source" else "source"
    for name, node in nodes.items():
        own = [n for n, flow in enumerate(flows) if getattr(flow, end) == name]
        own.sort(key=lambda n: nodes[getattr(flows[n], other)].lane)
        at = node.x + WIDE / 2 - (sum(thick[n] for n in own) + 3 * (len(own) - 1)) / 2
        for n in own:
            found[n] = at + thick[n] / 2
            at += thick[n] + 3
    return found


def _drops(node: _Node, side: float, most: int) -> Markup:
    """Return a stream for each reason, as wide as its images, with the reason behind it."""
    shown = node.dropped[:MOST_REASONS]
    parts = []
    x0 = node.x + WIDE
    for n, one in enumerate(shown):
        images = one.count if one.kind == "image" else 0
        y0 = node.y + HIGH / 2 + (n - (len(shown) - 1) / 2) * 4
        y1 = node.y + 12 + LINE * n
        middle = side - 26
        told = f"− {one.count:,} {one.kind}{'s' * (one.count != 1)}: {one.reason}"
        parts.append(
            filled(
                '<path class="gone" d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}" '
                'stroke-width="{:.1f}">{}</path>',
                x0,
                y0,
                middle,
                y0,
                middle - 20,
                y1,
                side - 4,
                y1,
                min(_thick(images, most), LINE - 2),
                title(told),
            )
        )
        parts.append(text(side + 2, y1 + 4, cut(told, LETTERS_OF_DROPS), name="drop"))
    if len(node.dropped) > len(shown):
        rest = f"and {len(node.dropped) - len(shown)} more reasons"
        parts.append(text(side + 2, node.y + 16 + LINE * len(shown), rest, name="drop"))
    return Markup("").join(parts)


def _box(node: _Node) -> Markup:
    """Return a step, with a link to its card; of an input, to its proof."""
    link = "proof" if node.use == INPUT else f"step-{node.name}"
    shape = filled(
        '<rect class="box" x="{}" y="{}" width="{}" height="{}" rx="6"/>',
        node.x,
        node.y,
        WIDE,
        HIGH,
    )
    label = text(node.x + 11, node.y + 19, cut(node.name, LETTERS), name="name")
    under = node.told or node.use
    second = text(node.x + 11, node.y + 36, cut(under, LETTERS + 8), name="soft")
    told = title(f"{node.name}: {node.use}")
    return filled('<a href="#{}">{}{}{}{}</a>', link, told, shape, label, second)
