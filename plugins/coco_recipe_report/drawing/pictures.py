"""Take small pictures of images and of parts of them, as data in the page."""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from coco_recipe import header_of
from coco_recipe_report.drawing.svg import Palette, cut, filled, title
from coco_recipe_report.seen.shots import Mark, Shot

if TYPE_CHECKING:
    import numpy as np

LETTERS_ACROSS, MOST_NAMED = 20, 8  # on the longer side of an image, and boxes with their class
WIDE_PX, CROP_PX = 300, 112  # the longer side of an image, and the side of a part of one
QUALITY = 72
MOST_FILES = 96  # that are opened
MOST_BYTES = 1_900_000  # of all pictures, as they stand in the page
ENOUGH = "not shown: the page has enough pictures"
MOST_PIXELS = 100_000_000  # of a picture that is decoded for the page
REDUCED = (8, 4, 2)  # scales at which a JPEG is decoded in a fraction of the time


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it stands in the page.

    Attributes:
        data: a data address; empty where there is none.
        width: in px of the image.
        height: likewise.
        marks: what is drawn on it, as SVG in px of the image.
        name: the image's file name.
        told: why it is shown.
        classes: of what is marked.
        why_not: why there is no picture.
    """

    data: str
    width: float
    height: float
    marks: Markup
    name: str
    told: str
    classes: str
    why_not: str = ""


def _refuse_large(data: bytes) -> None:
    """Refuse a picture that would take gigabytes to decode; a damaged one is told elsewhere."""
    try:
        head = header_of(data)
    except ValueError:
        return
    if head.width * head.height > MOST_PIXELS:
        raise ValueError(f"not shown: it has {head.width}x{head.height} px")


class Camera:
    """Takes pictures until there are enough: later ones are told by name only.

    Attributes:
        unlike: names of pictures that aren't shown, since they are not as the run read them.

    Args:
        palette: the colours of classes.
        files: the most files that are opened.
        hashes: SHA-256 that files must have, by absolute path; an empty one is of none.
    """

    def __init__(
        self, palette: Palette, files: int = MOST_FILES, hashes: Mapping[str, str] | None = None
    ) -> None:
        self.unlike: set[str] = set()
        self._palette = palette
        self._hashes = hashes or {}
        self._files_left = min(files, MOST_FILES)
        self._bytes_left = MOST_BYTES
        self._open: tuple[Path, int, Any] | None = None
        self._taken: dict[tuple[Path, Any], tuple[str, tuple[int, int]]] = {}

    def take(self, shot: Shot) -> Picture:
        """Return the picture of a shot; one without data, with the reason, where there is none."""
        left, top, wide, high = shot.crop or (0.0, 0.0, float(shot.width), float(shot.height))
        data, why_not = "", ""
        try:
            data, (width, height) = self._data(shot)
            if not shot.crop:
                wide, high = wide or width, high or height
        except (OSError, ValueError) as error:
            why_not = _reason(error)
        is_named = not shot.crop and len(shot.marks) <= MOST_NAMED  # of more, names hide the boxes
        marks = Markup("").join(
            self._mark(one, max(wide, high), is_named=is_named) for one in shot.marks
        )
        if left or top:
            marks = filled('<g transform="translate({:.2f} {:.2f})">{}</g>', -left, -top, marks)
        classes = ", ".join(dict.fromkeys(mark.name for mark in shot.marks if mark.name))
        return Picture(data, wide or 4, high or 3, marks, shot.name, shot.told, classes, why_not)

    def _data(self, shot: Shot) -> tuple[str, tuple[int, int]]:
        """Return the address of a picture, and the size of the image.

        Raises:
            ValueError: there is no picture, or there are enough.
        """
        if self._bytes_left <= 0:
            raise ValueError(ENOUGH)
        if shot.path is None:
            raise ValueError("the data set has no folder of pictures")
        key = shot.path, shot.crop
        if key not in self._taken:
            self._taken[key] = self._shrunk(shot.path, shot)
        data, size = self._taken[key]
        self._bytes_left -= len(data)
        return data, size

    def _shrunk(self, path: Path, shot: Shot) -> tuple[str, tuple[int, int]]:
        """Return what `_data` does, of a file that is opened."""
        import cv2

        longest = max(shot.crop[2:]) if shot.crop else max(shot.width, shot.height)
        target = CROP_PX if shot.crop else WIDE_PX
        scale = next((n for n in REDUCED if longest >= n * target), 1)
        pixels = self._pixels(path, scale)
        full = pixels.shape[1] * scale, pixels.shape[0] * scale
        if shot.crop and shot.width:
            pixels = _part(pixels, shot)
        high, wide = pixels.shape[:2]
        share = min(1.0, target / max(wide, high))
        size = max(1, round(wide * share)), max(1, round(high * share))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if share < 1 else pixels
        encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
        text = base64.b64encode(encoded.tobytes()).decode("ascii")
        return f"data:image/jpeg;base64,{text}", full

    def _pixels(self, path: Path, scale: int) -> "np.ndarray[Any, Any]":
        import cv2
        import numpy as np
        from coco_recipe_pictures import codec_lines

        if self._open and self._open[:2] == (path, scale):
            kept: np.ndarray[Any, Any] = self._open[2]
            return kept
        if self._files_left <= 0:
            raise ValueError(ENOUGH)
        self._files_left -= 1
        if not path.is_file():
            raise ValueError("there is no such file")
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        if self._hashes.get(os.path.abspath(path), sha256) != sha256:
            self.unlike.add(path.name)
            raise ValueError("not shown: it has changed since the run read it")
        _refuse_large(data)
        flags = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2}
        flags |= {4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
        try:
            with codec_lines.taken():
                pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags[scale])
        except cv2.error as error:
            raise ValueError("can't be decoded") from error
        if pixels is None:
            raise ValueError("can't be decoded")
        pixels = np.asarray(pixels)
        self._open = (path, scale, pixels)
        return pixels

    def _mark(self, mark: Mark, longest: float, *, is_named: bool) -> Markup:
        """Return an annotation as SVG: polygons and box, and its class."""
        shapes = [
            filled(
                '<polygon points="{}"/>',
                " ".join(f"{x:.5g},{y:.5g}" for x, y in zip(ring[::2], ring[1::2], strict=False)),
            )
            for ring in mark.rings
            if len(ring) >= 6
        ]
        if mark.bbox:
            x, y, wide, high = mark.bbox
            shapes.append(
                filled(
                    '<rect x="{:.5g}" y="{:.5g}" width="{:.5g}" height="{:.5g}"/>',
                    x,
                    y,
                    max(wide, 0),
                    max(high, 0),
                )
            )
            if is_named and mark.name:
                size = longest / LETTERS_ACROSS
                place = y - size / 3 if y > 1.4 * size else y + high + size
                shapes.append(
                    filled(
                        '<text x="{:.5g}" y="{:.5g}" font-size="{:.5g}">{}</text>',
                        max(x, 0),
                        place,
                        size,
                        cut(mark.name, 16),
                    )
                )
        ink = self._palette.of(mark.name)
        return filled(
            '<g stroke="{}" fill="{}">{}{}</g>', ink, ink, title(mark.name), Markup("").join(shapes)
        )

    def legend(self, shots: Sequence[Shot]) -> list[tuple[str, str]]:
        """Return the classes on images with their colours."""
        names = dict.fromkeys(mark.name for shot in shots for mark in shot.marks if mark.name)
        return [(name, self._palette.of(name)) for name in names]


def _part(pixels: "np.ndarray[Any, Any]", shot: Shot) -> "np.ndarray[Any, Any]":
    """Cut the part of a shot out, what lies beside the image left out.

    Raises:
        ValueError: all of it lies beside.
    """
    assert shot.crop
    ratio_x, ratio_y = pixels.shape[1] / shot.width, pixels.shape[0] / shot.height
    left, top, wide, high = shot.crop
    x0, x1 = (max(0, round(at * ratio_x)) for at in (left, left + wide))
    y0, y1 = (max(0, round(at * ratio_y)) for at in (top, top + high))
    part = pixels[y0:y1, x0:x1]
    if not part.size:
        raise ValueError("lies outside of the picture")
    return part


def _reason(error: Exception) -> str:
    return (error.strerror or "can't be read") if isinstance(error, OSError) else str(error)
