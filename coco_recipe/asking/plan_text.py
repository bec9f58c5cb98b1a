"""Write a plan as a table that fits 80 columns."""

from collections.abc import Iterator, Mapping, Sequence

from coco_recipe import system_errors
from coco_recipe.asking.plan_rows import Output, PlanRow
from coco_recipe.errors import counted
from coco_recipe.observing import summary, table
from coco_recipe.terminal import safe
from coco_recipe.values.expected import Span

WIDTH = 80
NAME, NUMBER, CHANGE = 23, 9, 8  # cells of the columns
COLUMNS = ("images", "boxes", "negatives")
MARGIN = 6  # of what stands below a step's figures
MOST_CLASSES = 8  # of those gained or lost that a line names
NOTHING = Span.exact(0)


def text(rows: Sequence[PlanRow], *, classes: bool = False, total: bool = True) -> str:
    """Return the table of a plan.

    Args:
        rows: its inputs and steps.
        classes: show the boxes of each class, too.
        total: say at the end how many steps will run.
    """
    head = "".join(_right(column, NUMBER + 1) + " " * CHANGE for column in COLUMNS)
    lines = [(" " * NAME + head).rstrip()]
    for row in rows:
        lines += _figures(row)
        lines += _words(row)
        if classes:
            lines += _classes(row)
    lines += _total(rows) if total else []
    return "\n".join(lines)


def number(span: Span, cells: int) -> str:
    """Write a number or its bounds in so many cells: ``12``, ``5..12``, ``≤12``, ``≥5``, ``?``."""
    if span.most is None:
        return f"≥{_short(span.least, cells - 1)}" if span.least else "?"
    if span.is_exact:
        return _short(span.least, cells)
    both = f"{span.least}..{span.most}"
    if span.least and len(both) <= cells:
        return both
    return f"≤{_short(span.most, cells - 1)}"


def _short(number: int, cells: int) -> str:
    """Write a number, in thousands or millions where it has no room."""
    if len(plain := str(number)) <= cells:
        return plain
    for unit, letter in ((10**3, "k"), (10**6, "M"), (10**9, "G")):
        if len(shown := f"{number / unit:.4g}{letter}") <= cells and abs(number) < unit * 1000:
            return shown
    return f"{number:.0e}"


def _figures(row: PlanRow) -> Iterator[str]:
    """Yield a line for each output that has images; the name alone where none has."""
    shown = [output for output in row.outputs if output.is_rows]
    if len(shown) == 1:
        yield _line(row.name, shown[0], row)
        return
    yield table.cut(safe(row.name), WIDTH)
    for output in shown:
        yield _line(f"  {output.port}", output, row)


def _line(name: str, output: Output, row: PlanRow) -> str:
    cells = table.padded(table.cut(safe(name), NAME), NAME)
    expected = output.expected
    numbers = (expected.images, expected.boxes, expected.negatives)
    before = (row.entered.images, row.entered.boxes, row.entered.negatives)
    for now, was in zip(numbers, before, strict=True):
        cells += " " + _right(number(now, NUMBER), NUMBER)
        cells += _right(_change(was, now) if row.runs is not None else "", CHANGE)
    return cells.rstrip()


def _change(was: Span, now: Span) -> str:
    """Write by how much a number changes, if that is known; nothing where it doesn't."""
    if not (was.is_exact and now.is_exact) or was == now:
        return ""
    change = now.least - was.least
    return ("+" if change > 0 else "") + _short(change, CHANGE - 2)


def _words(row: PlanRow) -> Iterator[str]:
    """Yield what is to be said of a row, below its figures."""
    if row.runs is None:
        yield from _below(f"input: {row.what}" if row.what else "input")
    else:
        yield from _below(f"{'run' if row.runs else 'reuse'}: {row.why}")
        yield from _below(f"{row.use}: {row.what}" if row.what else row.use)
    if row.silent:
        yield from _below(f"its forecast failed, so nothing is known: {row.silent}")
    for word, found in (("gained", row.classes_gained()), ("lost", row.classes_lost())):
        if found:
            yield from _below(f"classes {word}: {_listed(found)}")
    for port, names in row.without().items():
        yield from _below(f"no box in {port}: {_listed(dict.fromkeys(names))}")
    if told := "; ".join(_work(row)):
        yield from _below(told)
    if row.table:
        shown = table.text(row.table, width=WIDTH - MARGIN)
        yield from (" " * MARGIN + safe(line) for line in shown.splitlines())


def _work(row: PlanRow) -> Iterator[str]:
    """Yield what a step works on, makes and writes, and how long it took."""
    if row.uses:
        yield f"uses {_things(row.uses)}"
    if made := _made(row):
        yield f"makes {_things(made)}" if row.runs is not None else f"has {_things(made)}"
    if row.files and row.files != NOTHING:
        size = f", about {system_errors.size(row.bytes)} on disk" if row.bytes else ""
        if not row.bytes and row.last_bytes:
            size = f" ({system_errors.size(row.last_bytes)} last time)"
        yield f"writes {_things({'files': row.files})}{size}"
    if row.seconds is not None:
        yield f"took {summary.duration(row.seconds)} last time"


def _made(row: PlanRow) -> dict[str, Span]:
    """Return how many things a step makes; an output with fewer of a kind has some of another's."""
    found: dict[str, Span] = {}
    for output in row.outputs:
        for name, n in output.expected.others.items():
            found[name] = max(found.get(name, n), n, key=lambda span: span.least)
    return found


def _things(found: Mapping[str, Span]) -> str:
    return ", ".join(
        counted(span.least, _one(name)) if span.is_exact else f"{number(span, 20)} {name}"
        for name, span in found.items()
    )


def _one(name: str) -> str:
    """Return the noun of one thing: ``file`` of ``files``, ``box`` of ``boxes``."""
    for ending, one in (("ies", "y"), ("xes", "x"), ("s", "")):
        if name.endswith(ending):
            return name.removesuffix(ending) + one
    return name


def _listed(classes: Mapping[str, Span | None]) -> str:
    shown = [
        name if n is None else f"{name} ({number(n, NUMBER)})"
        for name, n in list(classes.items())[:MOST_CLASSES]
    ]
    more = len(classes) - len(shown)
    return ", ".join(shown) + (f", and {more} more (--classes)" if more > 0 else "")


def _classes(row: PlanRow) -> Iterator[str]:
    """Yield the boxes of each class, with what changes."""
    before = row.entered.classes or {}
    for output in row.outputs:
        if not output.is_rows:
            continue
        if output.expected.classes is None:
            yield from _below("classes: ?")
            continue
        for name in dict.fromkeys([*output.expected.classes, *before]):
            now = output.expected.classes.get(name)
            change = _change(before.get(name, NOTHING), now or NOTHING)
            shown = table.padded(table.cut(safe(name), NAME + 4), NAME + 4)
            figure = _right("gone" if now is None else number(now, NUMBER), NUMBER)
            told = change if row.runs is not None else ""
            yield (f"{' ' * (MARGIN + 2)}{shown} {figure}{_right(told, CHANGE)}").rstrip()


def _below(told: str) -> list[str]:
    return table.wrapped(safe(told), WIDTH, first=" " * MARGIN, later=" " * (MARGIN + 2))


def _total(rows: Sequence[PlanRow]) -> Iterator[str]:
    """Yield how much there is to do in all."""
    due = [row for row in rows if row.runs]
    if not due:
        yield "nothing to do: all steps are unchanged"
        return
    known = [row.seconds for row in due if row.seconds is not None]
    took = ""
    if known:
        some = "they" if len(known) == len(due) else f"{len(known)} of them"
        took = f"; {some} took {summary.duration(sum(known))} last time"
    steps = counted(sum(row.runs is not None for row in rows), "step")
    yield f"{len(due)} of {steps} to run{took}"


def _right(cell: str, cells: int) -> str:
    return " " * (cells - table.width_of(cell)) + cell
