"""Write the figures of data sets as text that fits 80 columns, or as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence

from coco_recipe.asking.stats import Figures, Group, Spread
from coco_recipe.errors import about, counted
from coco_recipe.observing import table

WIDTH = 80
MOST_SIZES, MOST_PAIRS = 8, 6
MOST_CELLS = 32  # of a class's name beside another's


def text(figures: Figures, *, by: str = "") -> str:
    """Return the figures as text.

    Args:
        figures: what was counted.
        by: class, size or part: that table alone, with all its rows; empty for an overview.
    """
    if by == "class":
        return _classes(figures.classes)
    if by == "size":
        return _sizes(figures, len(figures.sizes))
    if by == "part":
        return _parts(figures)
    blocks = [
        _parts(figures) if len(figures.parts) > 1 else _line(figures.whole),
        _classes(figures.classes),
        _sizes(figures, MOST_SIZES),
        "\n".join(_fitted(_lines(figures))),
    ]
    return "\n\n".join(filter(None, blocks))


def to_csv(figures: Figures, by: str = "class") -> str:
    """Return a table as CSV, with a line for each class, size or part."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    if by == "size":
        writer.writerow(["width", "height", "images", "boxes"])
        writer.writerows([s.width, s.height, s.images, s.boxes] for s in figures.sizes)
        return stream.getvalue()
    groups = figures.parts if by == "part" else figures.classes
    plain = [name for name in Group.__struct_fields__ if name not in ("width", "height", "aspect")]
    spreads = ("width", "height", "aspect")
    shown = [f"{name}_{key}" for name in spreads for key in Spread.__struct_fields__]
    writer.writerow([by, *plain[1:], *shown])
    for group in groups:
        values = [getattr(group, name) for name in plain]
        values += [
            getattr(getattr(group, name), key)
            for name in spreads
            for key in Spread.__struct_fields__
        ]
        writer.writerow(["" if value is None else value for value in values])
    return stream.getvalue()


def _parts(figures: Figures) -> str:
    rows = [_part(part) for part in figures.parts]
    rows += [_part(figures.whole)] if len(rows) > 1 else []
    head = ["", "images", "boxes", "share", "negatives", "crowds", "polygons", "masks", "keypoints"]
    return table.text({"head": head, "rows": rows}, width=WIDTH)


def _line(part: Group) -> str:
    """Return the rows of the only data set: how many, and of which form."""
    counts = (
        counted(part.images, "image"),
        counted(part.boxes, "box"),
        counted(part.negatives, "negative"),
        counted(part.crowds, "crowd"),
    )
    forms = (
        f"{part.polygons} with polygons, {part.masks} with a mask, {part.keypoints} with keypoints"
    )
    return f"{', '.join(counts)}\n{forms}"


def _part(part: Group) -> list[str]:
    counts = (part.negatives, part.crowds, part.polygons, part.masks, part.keypoints)
    return [
        part.name,
        str(part.images),
        str(part.boxes),
        _percent(part.boxes and part.share),
        *map(str, counts),
    ]


def _classes(groups: Sequence[Group]) -> str:
    if not groups:
        return ""
    head = ["class", "id", "boxes", "share", "images", "small", "medium", "large", "median px"]
    rows = [
        [
            group.name,
            "" if group.id is None else str(group.id),
            str(group.boxes),
            _percent(group.share),
            str(group.images),
            str(group.small),
            str(group.medium),
            str(group.large),
            f"{group.width.median:.0f} x {group.height.median:.0f}" if group.boxes else "-",
        ]
        for group in groups
    ]
    return table.text({"head": head, "rows": rows}, width=WIDTH)


def _sizes(figures: Figures, most: int) -> str:
    if not figures.sizes:
        return ""
    shown, rest = figures.sizes[:most], figures.sizes[most:]
    rows = [
        [f"{s.width} x {s.height}" if s.width else "unknown", str(s.images), str(s.boxes)]
        for s in shown
    ]
    if rest:
        images, boxes = sum(s.images for s in rest), sum(s.boxes for s in rest)
        rows.append([f"{len(rest)} more sizes", str(images), str(boxes)])
    return table.text({"head": ["size px", "images", "boxes"], "rows": rows}, width=WIDTH)


def _fitted(lines: Iterator[str]) -> Iterator[str]:
    """Break what is wider than the text; each line begins as it did."""
    for line in lines:
        told = line.lstrip()
        margin = " " * (len(line) - len(told))
        yield from table.wrapped(told, WIDTH, first=margin, later=margin + "  ")


def _lines(figures: Figures) -> Iterator[str]:
    """Yield what needs no table, a line each."""
    whole, each = figures.whole, figures.boxes_per_image
    yield (
        f"boxes on an image: {each.least:.0f} to {each.most:.0f}, median {each.median:.0f}, "
        f"half of the images {each.lower:.0f} to {each.upper:.0f}"
    )
    if whole.boxes:
        sizes = ", ".join(
            f"{n} {name} ({_percent(n / whole.boxes)})"
            for name, n in (
                ("small", whole.small),
                ("medium", whole.medium),
                ("large", whole.large),
            )
        )
        yield f"boxes by area: {sizes}; limits 32 x 32 and 96 x 96 px"
        yield (
            f"box sides: median {whole.width.median:g} x {whole.height.median:g} px; "
            f"smallest {whole.width.least:g} x {whole.height.least:g}, "
            f"largest {whole.width.most:g} x {whole.height.most:g}"
        )
        yield (
            f"width / height: median {whole.aspect.median:g}, "
            f"half of the boxes {whole.aspect.lower:g} to {whole.aspect.upper:g}"
        )
    if figures.together:
        yield "classes together on images:"
        for pair in figures.together[:MOST_PAIRS]:
            names = " + ".join(table.cut(name, MOST_CELLS) for name in pair.classes)
            yield f"  {pair.images:6}  {names}"
        if len(figures.together) > MOST_PAIRS:
            yield f"          and {len(figures.together) - MOST_PAIRS} more pairs (--format json)"
    for name, images in figures.licenses.items():
        yield f"licence: {name}: {images}"
    if figures.findings is None:
        yield "findings: not looked for; coco-recipe check tells them"
    elif not figures.findings:
        yield "findings: none"
    else:
        yield "findings:"
        for what, n in figures.findings.items():
            yield f"  {about(n, what)}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
