"""Draw what a detector was measured at: figures with intervals, which class was taken for which."""

from collections.abc import Sequence

from markupsafe import Markup

from coco_recipe_report.drawing.svg import cut, filled, line, svg, text, ticks, title

Row = tuple[str, float, float | None, float | None, str]  # name, value, ends of interval, beside it
NAMES, LEFT, WIDE, BESIDE, EACH, TOP = 124, 190, 270, 86, 24, 22


def intervals(rows: Sequence[Row], told: str) -> Markup:
    """Return figures from 0 to 1 as dots with their intervals.

    Args:
        rows: name, value, lower and upper end (None for none), what stands beside.
        told: what is shown, in words.
    """
    high = max([0.1, *(value for _, value, *_ in rows), *(row[3] for row in rows if row[3])])
    high = min(1.0, high * 1.05)
    bottom = TOP + EACH * len(rows)
    parts = []
    for at in ticks(0, high, 5):
        x = LEFT + WIDE * at / high
        parts += [
            line(x, TOP - 4, x, bottom, "grid"),
            text(x, 12, f"{at:.2g}", name="soft", anchor="middle"),
        ]
    for n, (name, value, low, up, beside) in enumerate(rows):
        y, x = TOP + EACH * n + EACH / 2, LEFT + WIDE * value / high
        parts.append(text(NAMES, y + 4, cut(name, 18), anchor="end"))
        parts.append(text(NAMES + 12, y + 4, f"{value:.3f}"))
        if low is not None and up is not None:
            parts.append(
                line(LEFT + WIDE * low / high, y, LEFT + WIDE * min(up, high) / high, y, "interval")
            )
        spread = "" if low is None or up is None else f" ({low:.3f} to {up:.3f})"
        parts.append(
            filled(
                '<circle class="at" cx="{:.1f}" cy="{:.1f}" r="4.5">{}</circle>',
                x,
                y,
                title(f"{name}: {value:.3f}{spread}"),
            )
        )
        parts.append(text(LEFT + WIDE + 14, y + 4, beside, name="soft"))
    return svg("intervals", LEFT + WIDE + 14 + BESIDE, bottom + 6, parts, told)


def confusion(names: Sequence[str], counts: Sequence[Sequence[int]], told: str) -> Markup:
    """Return a matrix: what is there by row, what was found by column, the last for nothing.

    Args:
        names: the classes.
        counts: one row and one column more than classes.
        told: what is shown, in words.
    """
    cell = 44 if len(names) <= 16 else 26
    left, top = 172, 24
    rows = [*names, "nothing there"]
    parts = []
    for row, name in enumerate(rows):
        y = top + row * cell
        parts.append(text(left - 12, y + cell / 2 + 4, cut(name, 17), anchor="end"))
        parts.append(text(10, y + cell / 2 + 4, row + 1 if row < len(names) else "", name="soft"))
        head = row + 1 if row < len(names) else "missed"
        parts.append(
            text(left + row * cell + cell / 2 - 1, top - 8, head, name="soft", anchor="middle")
        )
        total = sum(counts[row]) or 1
        for column, n in enumerate(counts[row]):
            found = names[column] if column < len(names) else "missed"
            x = left + column * cell
            if row == column == len(names):
                continue
            share = n / total
            parts.append(
                filled(
                    '<g><rect class="cell{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" '
                    'fill-opacity="{:.2f}">{}</rect>{}</g>',
                    "" if row == column else " off",
                    x,
                    y,
                    cell - 2,
                    cell - 2,
                    share,
                    title(f"{name} → {found}: {n:,} of {total:,}"),
                    text(
                        x + cell / 2 - 1,
                        y + cell / 2 + 4,
                        f"{n:,}",
                        name="on" if share > 0.55 else "",
                        anchor="middle",
                    )
                    if n
                    else "",
                )
            )
    size = cell * len(rows)
    return svg("matrix", left + size + 16, top + size + 4, parts, told)
