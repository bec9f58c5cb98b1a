"""What is wrong with pictures, by the first and last bytes of their files; with ``decode``, by all of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from coco_recipe import CutOffError, Dataset, Finding, Header, Image, Kind, Row, read_header, sha256

SIZE = Kind("sizes_not_of_pictures", "warning", "images have a size other than their picture's",
            "repair: sizes: from_pictures")
UNREADABLE = Kind("unreadable_pictures", "warning", "pictures can't be read",
                  "get them again, or drop their rows; augment: bad_images: quarantine goes on without them")
CUT_OFF = Kind("cut_off_pictures", "warning", "pictures end too early or are damaged",
               "get them again, or drop their rows; augment: bad_images: quarantine goes on without them")
DEEP = Kind("pictures_of_16_bits", "warning", "pictures have more than 8 bits a channel",
            "convert them to 8 bits: trainers cut them, each in its own way")
ALPHA = Kind("pictures_with_alpha", "warning", "pictures have an alpha channel, which is left out",
             "lay them on a background first, if what is transparent matters")
CMYK = Kind("pictures_of_cmyk", "warning", "pictures are CMYK, which decoders turn into RGB in different ways",
            "convert them to RGB")
FRAMES = Kind("pictures_of_several_frames", "warning", "files hold more than one picture, of which the first is used",
              "write the frame that is meant into a file of its own")
TRAILING = Kind("bytes_after_pictures", "warning", "files go on after the picture's end", "save the pictures again")
FORMAT = Kind("pictures_of_another_format", "warning", "file names have the ending of another format",
              "rename the files: some tools go by the ending")
EQUAL = Kind("equal_pictures", "warning", "pictures are equal to another, byte for byte",
             "keep one of them: on two sides of a split they leak")
KINDS = (SIZE, UNREADABLE, CUT_OFF, DEEP, ALPHA, CMYK, FRAMES, TRAILING, FORMAT, EQUAL)

_ENDINGS = {"jpeg": {".jpg", ".jpeg", ".jpe", ".jfif"}, "png": {".png"}, "gif": {".gif"}, "bmp": {".bmp", ".dib"},
            "webp": {".webp"}, "tiff": {".tif", ".tiff"}, "avif": {".avif"}, "mpo": {".jpg", ".jpeg", ".mpo"}}


@dataclass(slots=True)
class _Found:
    """Rows by kind, and the files by size, in bytes, for those that are equal."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    by_bytes: dict[int, list[tuple[Image, Path]]] = field(default_factory=dict)

    def add(self, kind: Kind, image: Image, value: object = None) -> None:
        self.rows.setdefault(kind.name, []).append(Row(f"image {image.id} ({image.file_name!r})", value, image.file_name))


def check(dataset: Dataset, place: str, *, decode: bool = False) -> Iterator[Finding]:
    """Find what is wrong with the pictures of a data set.

    Args:
        dataset: the data set; its pictures are there.
        place: the input's name or the file, for the findings.
        decode: decode each picture, as ``augment`` does; else only its header and its end are read.
    """
    found, boxes = _Found(), dataset.annotations_of()
    for image in dataset.images:
        path = dataset.path_of(image)
        try:
            header = read_header(path)
            if decode:
                from coco_recipe_albumentations.pictures import decode as decoded

                decoded(path.read_bytes(), size=None, told=partial(_hear, found, image))
        except CutOffError as error:
            found.add(CUT_OFF, image, str(error))
        except (ValueError, OSError) as error:
            found.add(UNREADABLE, image, getattr(error, "strerror", None) or str(error))
        else:
            _look(found, image, path, header, [row.bbox for row in boxes[image.id] if isinstance(row.bbox, tuple)])
        found.by_bytes.setdefault(path.stat().st_size, []).append((image, path))
    _equal(found)
    for kind in KINDS:
        if rows := found.rows.get(kind.name):
            yield Finding.of(kind, place, rows, remedy=_remedy(kind, rows))


def _hear(found: _Found, image: Image, line: str) -> None:
    """Take a codec's line for damage if it is about the picture's data, and not about its colour profile or text."""
    if line.startswith("Corrupt JPEG data"):
        found.add(CUT_OFF, image, line)


def _look(found: _Found, image: Image, path: Path, header: Header, boxes: list[tuple[float, ...]]) -> None:
    if isinstance(image.width, int) and isinstance(image.height, int) and image.width > 0 and image.height > 0 and (
            image.width, image.height) != header.shown:
        found.add(SIZE, image, _told((image.width, image.height), header, boxes))
    for kind, is_so, value in (
            (DEEP, header.bits > 8, f"{header.bits} bits"), (ALPHA, header.has_alpha, None), (CMYK, header.is_cmyk, None),
            (FRAMES, header.frames > 1, None), (TRAILING, header.trailing > 0, f"{header.trailing} bytes"),
            (FORMAT, path.suffix.lower() not in _ENDINGS.get(header.kind, {path.suffix.lower()}), f"is {header.kind.upper()}")):
        if is_so:
            found.add(kind, image, value)


_EXIF = "EXIF turns it"


def _told(size: tuple[int, int], header: Header, boxes: list[tuple[float, ...]]) -> str:
    """Say what differs and why: EXIF only where the file has an orientation that turns, and what boxes fit."""
    said, shown = (f"{w} x {h}" for w, h in (size, header.shown))
    if size == header.stored:
        fits = [name for name, (width, height) in (("stored", header.stored), ("turned", header.shown))
                if all(x >= -1 and y >= -1 and x + w <= width + 1 and y + h <= height + 1 for x, y, w, h in boxes)]
        evidence = f"; its boxes fit the {' and the '.join(fits)} picture" if fits and boxes else ""
        return f"{said} as stored; {_EXIF} (orientation {header.orientation}) to {shown}{evidence}"
    if size == header.shown[::-1]:
        return f"width and height are swapped: {said}, the picture has {shown}"
    return f"{said}, the picture has {shown}"


def _remedy(kind: Kind, rows: list[Row]) -> str:
    """Name both causes where EXIF is one: which is right depends on what the boxes were drawn on."""
    if kind is SIZE and any(_EXIF in str(row.value) for row in rows):
        return ("if the boxes were drawn on the turned picture, repair: sizes: from_pictures; if on the stored one, "
                "augment: exif: ignore (trainers turn it: write the pictures again without EXIF)")
    return ""


def _equal(found: _Found) -> None:
    for files in found.by_bytes.values():
        if len(files) > 1:
            first: dict[str, Image] = {}
            for image, path in files:
                if (other := first.setdefault(sha256(path), image)) is not image:
                    found.add(EQUAL, image, f"equals {other.file_name!r}")
