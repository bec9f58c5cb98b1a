"""Find a font of the system for a text, and write with it.

Texts are made to fit, wrapped, and escaped where the font has no glyph.
"""

import bisect
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from PIL import ImageFont

    Font: TypeAlias = ImageFont.FreeTypeFont

FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
PREFERRED = (
    "notosanscjk-regular",
    "notosanssc",
    "sourcehansans",
    "wqy",
    "droidsansfallback",
    "msyh",
    "pingfang",
    "simhei",
    "dejavusans.",
    "notosans-regular",
    "liberationsans-regular",
    "arial.",
)
UNLIKE = ("bold", "italic", "oblique", "mono", "serif", "light", "thin", "black", "condensed")
NO_GLYPH = "\U0010fffe"  # a noncharacter: every font draws its "missing" glyph for it


def find_font(text: str) -> Path | None:
    """Return a font file of the system that has every glyph of a text, plain sans ones first.

    Return None where none has.

    ``COCO_RECIPE_FONTS`` (folders, separated as in PATH) replaces the system's own fonts.
    """
    return next((path for path in _candidates(text) if not _lacks(text, path)), None)


def lacking(text: str, font: "Font") -> frozenset[str]:
    """Return the characters of a text that are unprintable, or that a font has no glyph for."""
    absent = _drawn(font, NO_GLYPH)
    return frozenset(
        c for c in set(text) if c != " " and (not c.isprintable() or _drawn(font, c) == absent)
    )


def load(path: Path | None, size: int) -> "Font":
    """Load a font, of a collection the Chinese face.

    Without a path, the Latin one that Pillow carries.

    Raises:
        OSError: the file is no font.
    """
    from PIL import ImageFont

    if path is None:
        # a FreeType font whenever a size is given
        return ImageFont.load_default(size)  # type: ignore[return-value]
    basic = ImageFont.Layout.BASIC
    faces = [ImageFont.truetype(path, size, layout_engine=basic)]
    try:
        while path.suffix.lower() == ".ttc":
            faces.append(ImageFont.truetype(path, size, index=len(faces), layout_engine=basic))
    except OSError:
        pass  # there are no more faces
    return next(
        (face for face in faces if (face.getname()[0] or "").endswith((" SC", " CN"))), faces[0]
    )


def escape(text: str, font: "Font") -> str:
    r"""Return a text with ``\uXXXX`` for each character that the font can't draw."""
    absent = lacking(text, font)
    return "".join(c.encode("unicode-escape").decode() if c in absent else c for c in text)


def shorten(text: str, width_px: float, font: "Font") -> str:
    """Return the text if it fits, else with ``...`` for its end, or for a path's middle.

    Args:
        text: one line.
        width_px: how wide it may be, in pixels.
        font: in which it is drawn.
    """
    if font.getlength(text) <= width_px:
        return text
    tail = min(len(text) // 2, 24) if "/" in text or " " not in text else 0

    pieces = [""]
    for kept in range(1, len(text)):
        end = min(tail, kept // 2)
        pieces.append(text[: kept - end].rstrip(", ") + "..." + (text[-end:] if end else ""))
    return pieces[bisect.bisect_right(pieces, width_px, key=font.getlength) - 1]


def wrap(text: str, width_px: float, font: "Font", lines: int) -> list[str]:
    """Break a text at its spaces into at most so many lines.

    What doesn't fit is cut as by ``shorten``.

    Args:
        text: words with blanks between.
        width_px: how wide a line may be, in pixels.
        font: in which they are drawn.
        lines: how many there may be.
    """
    done: list[str] = []
    words = text.split(" ")
    while words and len(done) < lines - 1:
        pieces = [" ".join(words[:count]) for count in range(1, len(words) + 1)]
        count = max(1, bisect.bisect_right(pieces, width_px, key=font.getlength))
        done.append(shorten(" ".join(words[:count]), width_px, font))
        words = words[count:]
    return [*done, shorten(" ".join(words), width_px, font)] if words else done


def _drawn(font: "Font", character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


def _lacks(text: str, path: Path) -> bool:
    try:
        return bool(lacking("".join(filter(str.isprintable, text)), load(path, 16)))
    except OSError:
        return True  # it is no font


def _candidates(text: str) -> Iterator[Path]:
    own = os.environ.get("COCO_RECIPE_FONTS")
    listed = [] if own is not None else _fontconfig(text)
    folders = FOLDERS if own is None else own.split(os.pathsep)
    seen: set[Path] = set()
    for paths in (
        listed,
        (p for folder in folders if folder for p in Path(os.path.expanduser(folder)).rglob("*")),
    ):
        fonts = {path for path in paths if path.suffix.lower() in (".ttf", ".otf", ".ttc")} - seen
        yield from sorted(fonts, key=_rank)
        seen |= fonts


def _fontconfig(text: str) -> list[Path]:
    """Return the fonts that fontconfig lists for the text, none where it isn't installed."""
    characters = sorted({f"{ord(c):x}" for c in text if c.isprintable() and c != " "})[:200]
    if not shutil.which("fc-list"):
        return []
    try:
        done = subprocess.run(
            ["fc-list", "--format", "%{file}\n", f":charset={' '.join(characters)}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [Path(line) for line in done.stdout.splitlines()]


def _rank(path: Path) -> tuple[int, int, str]:
    name = path.name.lower()
    liked = next((i for i, start in enumerate(PREFERRED) if name.startswith(start)), len(PREFERRED))
    return liked, sum(word in name for word in UNLIKE), str(path)
