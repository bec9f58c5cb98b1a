"""Write a comparison as a page: one file, which asks the network for nothing."""

import hashlib
import math
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec
from coco_recipe_jobs.bootstrap import Interval
from markupsafe import Markup

from coco_recipe import RunError, open_page, seal_page, write_bytes
from coco_recipe_compare.comparing import FIGURES, Column, Comparison

TEMPLATE = Path(__file__).with_name("page.html.j2")
WIDE, HIGH, MARGIN = 220, 18, 8  # px of a whisker
KINDS = {"bbox": "Boxes", "segm": "Masks"}


def write(found: Comparison, target: Path) -> None:
    """Write the page of a comparison; one that is the same isn't written again.

    Args:
        found: the comparison.
        target: the file to write.

    Raises:
        RunError: a file is there already that is no page of ours.
    """
    if target.exists() and open_page(target.read_bytes()) is None:
        raise RunError(f"{target}: is there already, and no page of ours; name another file")
    data = page(found)
    if not target.exists() or target.read_bytes() != data:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(target, data)


def page(found: Comparison) -> bytes:
    """Return the page of a comparison, as HTML in UTF-8, sealed."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    sections = {
        "": {figure: figure for figure in FIGURES},
        "Classes, mAP": {name: f"classes {name} mAP" for name in found.classes},
        "Classes, mAP at IoU .50": {name: f"classes {name} mAP_50" for name in found.classes},
    }
    html = template.render(c=found, sections=sections, kinds=KINDS, whisker=whisker, reach=reach)
    return seal_page(html.encode("utf-8"), hashlib.sha256(msgspec.json.encode(found)).hexdigest())


def reach(columns: Sequence[Column], figures: Collection[str]) -> float:
    """Return how far an axis of differences goes from zero: the widest interval, to a tenth.

    Args:
        columns: the detectors.
        figures: the figures that are shown on it.
    """
    ends = [
        abs(end)
        for column in columns
        for name, interval in column.differences.items()
        if name in figures
        for end in (interval.value, interval.low, interval.high)
        if end is not None
    ]
    return max(math.ceil(10 * max(ends, default=0)) / 10, 0.1)


def whisker(interval: Interval, low: float, high: float, zero: float | None = None) -> Markup:
    """Return a figure as a dot with its interval as a line, on an axis from ``low`` to ``high``.

    Args:
        interval: the figure; nothing is drawn where it has no value.
        low: the left end of the axis.
        high: the right end.
        zero: where a line across stands; None for none.
    """
    if interval.value is None:
        return Markup("")

    def x(value: float) -> float:
        share = (min(max(value, low), high) - low) / ((high - low) or 1)
        return MARGIN + share * (WIDE - 2 * MARGIN)

    middle = HIGH / 2
    parts = []
    if zero is not None:
        parts.append(Markup('<path class="zero" d="M{:.1f} 0V{}"/>').format(x(zero), HIGH))
    if interval.low is not None and interval.high is not None:
        parts.append(
            Markup('<path class="span" d="M{:.1f} {}H{:.1f}"/>').format(
                x(interval.low), middle, x(interval.high)
            )
        )
    parts.append(Markup('<circle cx="{:.1f}" cy="{}" r="4"/>').format(x(interval.value), middle))
    kind = "plain" if zero is None else "off" if interval.is_off_zero else "near"
    return Markup(
        '<svg class="whisker {}" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true">'
        "{}</svg>"
    ).format(kind, WIDE, HIGH, WIDE, HIGH, Markup("").join(parts))
