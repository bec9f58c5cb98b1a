"""Figures of a training and of a detector, by matplotlib, which is loaded where one is drawn.

matplotlib comes with most trainers. Figures show no time of day and no speed,
so that the same training gives the same bytes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from coco_recipe_jobs.found_and_missed import Confusion, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row: TypeAlias = Mapping[str, float]
# Okabe and Ito 2008, told apart with every colour blindness
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#999933")
DOTS_PER_INCH = 110
MOST_NAMES = 12  # classes in a legend; the others are drawn in grey
MOST_WRITTEN = 25  # classes of a matrix whose numbers are written into it
NOT_KNOWN = -1.0  # COCO's metrics, where there is nothing to find
GRID, GREY, INK = "#DDDDDD", "#BBBBBB", "#222222"


class Names:
    """How class names are written: with a font that has their characters, or by their number.

    Attributes:
        font: a font file that has every character that is written; None for matplotlib's own.
        unknown: characters that it lacks.
    """

    def __init__(self, font: Path | None = None, unknown: frozenset[str] = frozenset()) -> None:
        self.font = font
        self.unknown = unknown

    def shown(self, name: str, number: int) -> str:
        """Return a class name, or its number in the data set's order where it can't be written.

        A long name is cut in its middle: names of one data set often begin alike.
        """
        text = f"#{number}" if self.unknown & set(name) else name
        return (text if len(text) <= 24 else f"{text[:11]}...{text[-11:]}").replace("$", r"\$")


def training(path: Path, lines: Sequence[Mapping[str, Any]], epochs: Sequence[Row]) -> None:
    """Draw losses, learning rates, the gradient's norm and the metrics of validations.

    Args:
        path: the file.
        lines: of ``scalars.jsonl``.
        epochs: the same by epoch, as of `training_table.by_epoch`.
    """
    steps = [line for line in lines if "val" not in line]
    figure, panels = _sheet(2, 2)
    losses = [name for name in _names(steps) if "loss" in name]
    _curves(panels[0], steps, losses, "loss", smooth=True)
    rates = [name for name in _names(steps) if name == "lr" or name.startswith("lr_")]
    _curves(panels[1], steps, rates, "learning rate")
    _curves(panels[2], steps, ["grad_norm"], "norm of the gradient", smooth=True)
    metrics = [name for name in _names(epochs) if "mAP" in name]
    _curves(panels[3], epochs, metrics, "on val", by="epoch")
    panels[3].set_ylim(bottom=0)
    _save(figure, path)


def confusion(path: Path, found: Confusion, names: Names) -> None:
    """Draw which class was taken for which: numbers, and shares of what is there as colour."""
    count = len(found.names)
    side = min(24.0, 3.5 + 0.42 * (count + 1))
    figure, (panel,) = _sheet(1, 1, size=(side + 0.8, side))
    there = found.counts.sum(axis=1, keepdims=True)
    shares = found.counts / there.clip(1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    shown = [names.shown(name, n) for n, name in enumerate(found.names, 1)]
    _ticks(panel, [*shown, "missed"], [*shown, "nothing"], names)
    if count <= MOST_WRITTEN:
        for (row, column), number in _cells(found.counts):
            dark = shares[row, column] > 0.5
            ink = "white" if dark else INK
            panel.text(column, row, str(number), ha="center", va="center", color=ink, fontsize=8)
    panel.set_xlabel("found")
    panel.set_ylabel("there")
    panel.set_title(f"boxes with a score of at least {found.score:.2f}, IoU .50", fontsize=10)
    panel.grid(visible=False)
    _save(figure, path)


def precision_recall(path: Path, curves: Sequence[Curve], names: Names) -> None:
    """Draw precision over recall of each class, and of all boxes together."""
    figure, (panel,) = _sheet(1, 1, size=(7.5, 5))
    _each(panel, curves, names, lambda curve: (curve.recall, curve.precision))
    panel.set_xlabel("recall")
    panel.set_ylabel("precision")
    panel.set_title("IoU .50", fontsize=10)
    _save(figure, path)


def f1(path: Path, curves: Sequence[Curve], names: Names) -> None:
    """Draw F1 over the threshold of scores, with the threshold at which that of all is highest."""
    figure, (panel,) = _sheet(1, 1, size=(7.5, 5))
    _each(panel, curves, names, lambda curve: (curve.scores, curve.f1))
    best = curves[0].best()
    if best:
        panel.axvline(best.score, color=INK, linestyle=":", linewidth=1)
        told = f"best: F1 {best.f1:.3f} at a score of {best.score:.3f}"
        panel.set_title(f"{told}, IoU .50", fontsize=10)
    if len(curves[0].scores):
        panel.set_xlim(0, min(1.0, 1.1 * float(curves[0].scores[0])))
    panel.set_xlabel("boxes with at least this score")
    panel.set_ylabel("F1")
    _save(figure, path)


def _each(
    panel: "Axes", curves: Sequence[Curve], names: Names, points: Callable[[Curve], tuple[Any, Any]]
) -> None:
    """Draw a line for each class with boxes to find, in the order of the classes, and for all."""
    numbered = [(n, curve) for n, curve in enumerate(curves) if curve.to_find]
    for n, curve in numbered[1:]:
        named = len(numbered) - 1 <= MOST_NAMES
        colour = COLOURS[(n - 1) % len(COLOURS)] if named else GREY
        dashes = ("-", "--", ":")[(n - 1) // len(COLOURS) % 3]
        label = names.shown(curve.name, n) if named else None
        panel.plot(*points(curve), color=colour, linestyle=dashes, linewidth=1.2, label=label)
    if not len(curves[0].scores):
        panel.text(0.5, 0.5, "no box was found", ha="center", transform=panel.transAxes)
    if numbered:
        panel.plot(*points(numbered[0][1]), color=INK, linewidth=2.4, label="all boxes")
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1.02)
    panel.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, **_font(names, "prop")
    )


def _curves(
    panel: "Axes",
    rows: Sequence[Row],
    names: Sequence[str],
    title: str,
    *,
    by: str = "iter",
    smooth: bool = False,
) -> None:
    """Draw figures over iterations or epochs; smoothed ones with the single values behind them."""
    from matplotlib.ticker import MaxNLocator

    for n, name in enumerate(names):
        known = [(row[by], row[name]) for row in rows if row.get(name, NOT_KNOWN) > NOT_KNOWN]
        if not known:
            continue
        x, y = [at for at, _ in known], [value for _, value in known]
        colour = COLOURS[n % len(COLOURS)]
        mark = "o" if len(known) <= 60 and not smooth else None
        if smooth and len(known) > 20:
            panel.plot(x, y, color=colour, alpha=0.2, linewidth=0.8)
            y = _smoothed(y)
        panel.plot(x, y, color=colour, linewidth=1.6, marker=mark, markersize=3, label=name)
    panel.set_title(title, fontsize=10)
    panel.set_xlabel("iteration" if by == "iter" else by)
    if panel.has_data():
        panel.legend(fontsize=8, frameon=False)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    else:
        panel.text(0.5, 0.5, "not measured", ha="center", va="center", transform=panel.transAxes)


def _smoothed(values: Sequence[float]) -> list[float]:
    """Return the exponential moving average over about a fiftieth of the values."""
    share = 1 / max(2.0, len(values) / 50)
    made = [values[0]]
    for value in values[1:]:
        made.append(made[-1] + share * (value - made[-1]))
    return made


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _sheet(
    rows: int, columns: int, size: tuple[float, float] = (11, 7.5)
) -> "tuple[Figure, list[Axes]]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    panels = [figure.add_subplot(rows, columns, n + 1) for n in range(rows * columns)]
    for panel in panels:
        panel.grid(color=GRID, linewidth=0.6)
        panel.set_axisbelow(True)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    return figure, panels


def _ticks(panel: "Axes", columns: Sequence[str], rows: Sequence[str], names: Names) -> None:
    size = 9 if len(rows) <= MOST_WRITTEN else 6
    font = _font(names, "fontproperties")
    panel.set_xticks(range(len(columns)), columns, rotation=90, **font, fontsize=size)
    panel.set_yticks(range(len(rows)), rows, **font, fontsize=size)


def _font(names: Names, key: str) -> dict[str, Any]:
    """Return the font as the argument ``key`` of matplotlib; none where its own will do."""
    from matplotlib.font_manager import FontProperties

    return {key: FontProperties(fname=str(names.font), size=9)} if names.font else {}


def _cells(counts: Any) -> Iterator[tuple[tuple[int, int], int]]:
    return (
        ((row, column), int(number))
        for row, numbers in enumerate(counts)
        for column, number in enumerate(numbers)
        if number
    )


def _save(figure: "Figure", path: Path) -> None:
    # without the version of matplotlib
    figure.savefig(path, metadata={"Software": None})
