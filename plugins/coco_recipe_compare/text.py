"""Write a comparison as text that fits 80 columns."""

from collections.abc import Iterator, Sequence

from coco_recipe_jobs.bootstrap import Interval

from coco_recipe import counted, width_of
from coco_recipe_compare.comparing import FIGURES, Column, Comparison

LONGEST = 28  # cells of a detector's name
MOST = 12  # classes that are shown
KINDS = {"bbox": "boxes", "segm": "masks"}


def text(found: Comparison) -> str:
    """Return a comparison as text."""
    return "\n".join(_lines(found))


def _lines(found: Comparison) -> Iterator[str]:
    told = f"{counted(found.images, 'image')}, {counted(found.boxes, 'box')} to find"
    yield f"{told}; {found.level:.0%} intervals of {found.draws} draws of images"
    for kind, columns in found.kinds.items():
        yield f"differences are to {columns[0].name}; * is off zero"
        for figure in FIGURES:
            if columns[0].figures[figure].value is not None:
                yield f"{figure} of {KINDS.get(kind, kind)}"
                yield from _figure(columns, figure)
        yield from _classes(found.classes, columns)
    for note in found.notes:
        yield f"note: {note}"


def _figure(columns: Sequence[Column], figure: str) -> Iterator[str]:
    """Yield a line for each detector: the figure, its interval, and the paired difference."""
    names = [_cut(column.name) for column in columns]
    width = max(map(width_of, names))
    for name, column in zip(names, columns, strict=True):
        line = f"  {name}{' ' * (width - width_of(name))}  {_value(column.figures[figure])}"
        if difference := column.differences.get(figure):
            line += f"  {_difference(difference)}"
        yield line.rstrip()


def _classes(classes: Sequence[str], columns: Sequence[Column]) -> Iterator[str]:
    """Yield the classes whose mAP differs by more than the choice of images, the others counted."""
    addresses = {name: f"classes {name} mAP" for name in classes}
    telling = [
        name
        for name, address in addresses.items()
        if any(
            address in column.differences and column.differences[address].is_off_zero
            for column in columns
        )
    ]
    for name in telling[:MOST]:
        yield f"mAP of {name}"
        yield from _figure(columns, addresses[name])
    if rest := len(classes) - len(telling[:MOST]):
        word = "other " if telling else ""
        yield f"{counted(rest, word + 'class')}: --html and --format json show all"


def _value(interval: Interval) -> str:
    if interval.value is None:
        return "-"
    ends = f" [{interval.low:.3f}, {interval.high:.3f}]" if _has_ends(interval) else ""
    return f"{interval.value:.3f}{ends}"


def _difference(interval: Interval) -> str:
    if interval.value is None:
        return "-"
    ends = f" [{interval.low:+.3f}, {interval.high:+.3f}]" if _has_ends(interval) else ""
    return f"{interval.value:+.3f}{ends}{' *' if interval.is_off_zero else ''}"


def _has_ends(interval: Interval) -> bool:
    return interval.low is not None


def _cut(name: str) -> str:
    while width_of(name) > LONGEST:
        name = f"{name[:-2]}…"
    return name
