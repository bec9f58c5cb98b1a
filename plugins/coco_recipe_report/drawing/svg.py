"""Small pieces of SVG: elements whose texts are escaped, colours, rounded axes."""

import math
from collections.abc import Iterable
from numbers import Real

from markupsafe import Markup, escape

# Okabe and Ito 2008 without black and yellow, then Paul Tol's muted scheme: told apart with every
# colour blindness
COLOURS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#8c8c00",
    "#7a6fd0",
    "#44aa99",
    "#aa4499",
)

_TURNING = {
    code: f"\\u{code:04x}"
    for codes in ((0x61C,), range(0x200E, 0x2010), range(0x202A, 0x202F), range(0x2066, 0x206A))
    for code in codes
}


def colour(number: int) -> str:
    """Return a colour by its number; they repeat."""
    return COLOURS[number % len(COLOURS)]


class Palette:
    """Gives each class a colour, the same all over the page; they repeat.

    Args:
        names: the classes, the first ones with colours that are told apart best.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._places = {name: n for n, name in enumerate(dict.fromkeys(names))}

    def of(self, name: str) -> str:
        """Return the colour of a class."""
        return colour(self._places.setdefault(name, len(self._places)))


def filled(pattern: str, *values: object) -> Markup:
    """Return an element with its values, texts among them escaped.

    The same as ``Markup(pattern).format(*values)``, in a fifth of the time.

    Args:
        pattern: what ``str.format`` takes.
        values: numbers, and what is escaped.
    """
    return Markup(pattern.format(*(v if isinstance(v, Real) else escape(v) for v in values)))


def svg(name: str, wide: float, high: float, parts: Iterable[Markup], told: str) -> Markup:
    """Return a picture.

    Args:
        name: its class.
        wide: in px.
        high: likewise.
        parts: what is on it.
        told: what it shows, in words.
    """
    return filled(
        '<svg class="{}" viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}" height="{:.0f}" role="img" '
        'aria-label="{}">{}</svg>',
        name,
        wide,
        high,
        wide,
        high,
        told,
        Markup("").join(parts),
    )


def plain(told: object) -> object:
    """Return a text with the letters seen that turn the direction of those after them.

    Args:
        told: what is written; only texts that aren't markup are changed.

    Returns:
        The text, each such letter as its escape, like ``\\u202e``.
    """
    if isinstance(told, Markup) or not isinstance(told, str):
        return told
    return told.translate(_TURNING)


def text(x: float, y: float, told: object, *, name: str = "", anchor: str = "start") -> Markup:
    """Return a text."""
    return filled(
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="{}">{}</text>',
        x,
        y,
        anchor,
        name,
        plain(told),
    )


def line(x0: float, y0: float, x1: float, y1: float, name: str) -> Markup:
    """Return a straight line."""
    return filled('<path class="{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>', name, x0, y0, x1, y1)


def title(told: object) -> Markup:
    """Return what is told when one points at the element in which it stands."""
    return filled("<title>{}</title>", plain(told))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers from low to high, at most so many and one."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def cut(told: str, most: int) -> str:
    """Return a text with at most so many letters; wide ones, as Chinese, count twice."""
    import unicodedata

    room, kept = most, ""
    told = str(plain(told))
    for letter in told:
        room -= 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if room < 0:
            return kept[:-1] + "…"
        kept += letter
    return kept
