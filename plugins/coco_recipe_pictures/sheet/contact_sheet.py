"""Draw a contact sheet: source pictures beside their copies, each with its annotations."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coco_recipe_pictures.sheet import fonts, marks
from coco_recipe_pictures.sheet.fonts import find_font
from coco_recipe_pictures.sheet.marks import DROPPED, PALETTE, Colour, Mark, Picture, Writing

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Cell", "Mark", "blank", "contact_sheet", "find_font"]

PAPER: Colour = (250, 250, 250)
MARGIN, GUTTER, LINE, TEXT, SMALL = 14, 12, 20, 15, 13
MOST_IN_A_LINE, LARGEST_ZOOM, LOWEST = 8, 8, 90
COUNTED = ("in sources", "in copies")
NO_FONT = (
    "no font with Chinese glyphs found (apt-get install fonts-noto-cjk); names are shown as their "
    "escapes"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture, uint8 (H, W, 3) RGB, with its title and marks."""

    picture: Picture
    title: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A line below the pictures; ``colour`` is that of the square before it."""

    text: str
    colour: Colour | None = None


FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def blank(width: int = 320, height: int = 240) -> Picture:
    """Return a grey picture, to stand for one that can't be shown."""
    import numpy as np

    return np.full((height, width, 3), 200, np.uint8)


def contact_sheet(
    rows: Sequence[Sequence[Cell]],
    *,
    form: str = "PNG",
    cell_px: int = 420,
    counted: tuple[str, str] = COUNTED,
) -> bytes:
    """Return a picture with rows of pictures.

    Args:
        rows: the cells; a row of more than 8 goes on in the next line.
        form: one of ``FORMATS``.
        cell_px: the longer side of a picture on the sheet, at most; a small picture is enlarged up
            to 8 times.
        counted: where the legend says that a category's marks are: in the first cells of rows, and
            in the others. An empty one isn't told.
    """
    from PIL import Image

    writing = _writing([cell for row in rows for cell in row])
    lines = [
        _draw_line(row[i : i + MOST_IN_A_LINE], cell_px, writing)
        for row in rows
        for i in range(0, len(row), MOST_IN_A_LINE)
    ]
    width = 2 * MARGIN + max(
        [cell_px, *(len(line) * (cell_px + GUTTER) - GUTTER for line in lines)]
    )
    foot = _draw_notes([*_legend(rows, writing, counted), *_font_note(writing)], width, writing)
    heights = [max(cell.height for cell in line) + GUTTER for line in lines]
    sheet = Image.new("RGB", (width, 2 * MARGIN + sum(heights) + foot.height), PAPER)
    for row, line in enumerate(lines):
        for column, cell in enumerate(line):
            sheet.paste(cell, (MARGIN + column * (cell_px + GUTTER), MARGIN + sum(heights[:row])))
    sheet.paste(foot, (0, MARGIN + sum(heights)))
    stream = io.BytesIO()
    sheet.save(stream, form, **_signed(form))
    return stream.getvalue()


SIGNATURE = b"coco-recipe preview"


def is_ours(data: bytes) -> bool:
    """Report whether the beginning of a file is that of a sheet, which may be drawn again."""
    return SIGNATURE in data


def _signed(form: str) -> dict[str, Any]:
    """Return what marks a sheet as ours, as far as its format has a place for it."""
    from PIL.PngImagePlugin import PngInfo

    if form == "PNG":
        info = PngInfo()
        info.add_text("Software", SIGNATURE.decode())
        return {"pnginfo": info}
    return {"comment": SIGNATURE} if form == "JPEG" else {}


def _writing(cells: Sequence[Cell]) -> Writing:
    """Return the font of a sheet: with all glyphs, else those of the names, else Latin ones."""
    names = "".join(mark.label for cell in cells for mark in cell.marks)
    others = "".join(cell.title + "".join(mark.reason for mark in cell.marks) for cell in cells)
    latin = "".join(map(chr, range(33, 127)))
    path = find_font(latin + names + others) or find_font(latin + names) or find_font(latin)
    text = fonts.load(path, TEXT)
    return Writing(text, fonts.load(path, SMALL), fonts.lacking(names, text))


def _font_note(writing: Writing) -> list[Note]:
    if any("\u2e80" <= c <= "\U0003ffff" for c in writing.lacking):
        return [Note(NO_FONT)]
    letters = ", ".join(f"U+{ord(c):04X}" for c in sorted(writing.lacking)[:5])
    return (
        [
            Note(
                f"no font with all characters of the names found (such as {letters}); names are "
                "shown as their escapes"
            )
        ]
        if letters
        else []
    )


def _legend(
    rows: Sequence[Sequence[Cell]], writing: Writing, counted: tuple[str, str] = COUNTED
) -> list[Note]:
    """Return a note for each category: how often it is in sources, in copies, and dropped."""
    counts: dict[tuple[int, str, int | None], list[int]] = {}
    for row in rows:
        for column, cell in enumerate(row):
            for mark in cell.marks:
                count = counts.setdefault((mark.colour, mark.label, mark.number), [0, 0, 0])
                count[min(column, 1)] += 1
                count[2] += bool(mark.reason)
    notes = []
    for (colour, label, category), (sources, copies, dropped) in sorted(
        counts.items(), key=lambda item: item[0][:2]
    ):
        number = "" if category is None else f"[{category}] "
        by_place = zip((sources, copies), counted, strict=True)
        told = ", ".join(f"{count} {where}" for count, where in by_place if where)
        told = told or str(sources + copies)
        told += f", {dropped} dropped" if dropped else ""
        notes.append(
            Note(
                f"{number}{fonts.escape(label, writing.text) or 'no name'}: {told}",
                PALETTE[colour % len(PALETTE)],
            )
        )
    if any(dropped for _, _, dropped in counts.values()):
        notes.append(Note("dashed: dropped, for the reason beside it", DROPPED))
    return notes


def _draw_notes(notes: Sequence[Note], width: int, writing: Writing) -> "Image.Image":
    """Set notes from left to right, those without a colour in lines of their own."""
    from PIL import Image, ImageDraw

    placed: list[tuple[int, int, str, Colour | None]] = []
    x, y = MARGIN, 0
    for note in notes:
        for i, text in enumerate(fonts.wrap(note.text, width - 2 * MARGIN - LINE, writing.text, 3)):
            needs = LINE + round(writing.text.getlength(text))
            if x > MARGIN and (i or note.colour is None or x + needs > width - MARGIN):
                x, y = MARGIN, y + LINE + 4
            placed.append((x, y, text, None if i else note.colour))
            x += needs + LINE
    image = Image.new("RGB", (width, y + LINE + 4 if placed else 0), PAPER)
    draw = ImageDraw.Draw(image)
    for x, y, text, colour in placed:
        if colour is not None:
            draw.rectangle((x, y + 3, x + 13, y + 16), colour, marks.HALO)
        draw.text(
            (x if colour is None else x + LINE, y + LINE // 2),
            text,
            marks.INK,
            writing.text,
            anchor="lm",
        )
    return image


def _draw_line(cells: Sequence[Cell], cell_px: int, writing: Writing) -> "list[Image.Image]":
    titles = [
        fonts.wrap(fonts.escape(cell.title, writing.text), cell_px, writing.text, 2)
        for cell in cells
    ]
    strip = LINE * max(map(len, titles)) + 4
    return [
        _draw_cell(cell, title, strip, cell_px, writing)
        for cell, title in zip(cells, titles, strict=True)
    ]


def _draw_cell(
    cell: Cell, title: Sequence[str], strip: int, cell_px: int, writing: Writing
) -> "Image.Image":
    """Return a cell, ``cell_px`` wide, with its title and its picture.

    The picture with its marks begins ``strip`` pixels below the top.
    """
    from PIL import Image, ImageDraw

    height, width = cell.picture.shape[:2]
    picture = _scaled(cell.picture, cell_px)
    scale = picture.shape[1] / width, picture.shape[0] / height
    dropped_last = sorted(cell.marks, key=lambda mark: bool(mark.reason))
    for mark in dropped_last:
        marks.draw(mark, picture, scale)
    image = Image.new("RGB", (cell_px, strip + max(picture.shape[0], LOWEST)), PAPER)
    image.paste(Image.fromarray(picture), (0, strip))
    pen = ImageDraw.Draw(image)
    for i, line in enumerate(title):
        pen.text((0, LINE * i + LINE // 2), line, marks.INK, writing.text, anchor="lm")
    marks.write_plates(pen, dropped_last[::-1], scale, (0, strip, cell_px, image.height), writing)
    return image


def _scaled(picture: Picture, cell_px: int) -> Picture:
    """Return a copy of a picture that fits a square and is at least 1 px wide and high."""
    import cv2

    height, width = picture.shape[:2]
    scale = min(cell_px / width, cell_px / height, LARGEST_ZOOM)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    made: Any = cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    )
    resized: Picture = made.copy()  # resize to the same size may give the array itself
    return resized
