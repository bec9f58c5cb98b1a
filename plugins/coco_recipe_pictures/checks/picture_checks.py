"""What is wrong with pictures, by the first and last bytes of their files.

With ``decode``, by all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from coco_recipe import CutOffError, Dataset, Finding, Header, Image, Kind, Row, read_header, sha256
from coco_recipe_pictures.deep_pictures import DeepError

SIZE = Kind(
    "sizes_not_of_pictures",
    "warning",
    "images have a size other than their picture's",
    "repair: sizes: from_pictures",
)
TURNED_UNSEEN = Kind(
    "pictures_turned_by_exif",
    "warning",
    "pictures are turned or mirrored by EXIF in a way that no size tells",
    "see whether boxes lie on the objects (coco-recipe show); where they were drawn on the "
    "stored picture, write the pictures again without EXIF",
)
UNREADABLE = Kind(
    "unreadable_pictures",
    "warning",
    "pictures can't be read",
    "get them again, or drop their rows; augment: bad_images: quarantine goes on without them",
)
CUT_OFF = Kind(
    "cut_off_pictures",
    "warning",
    "pictures end too early or are damaged",
    "get them again, or drop their rows; augment: bad_images: quarantine goes on without them",
)
DEEP = Kind(
    "pictures_of_16_bits",
    "warning",
    "pictures have more than 8 bits a channel",
    "convert them to 8 bits: trainers cut them, each in its own way; augment: bad_images: "
    "quarantine goes on without them",
)
ALPHA = Kind(
    "pictures_with_alpha",
    "warning",
    "pictures have an alpha channel, which is left out",
    "lay them on a background first, if what is transparent matters",
)
CMYK = Kind(
    "pictures_of_cmyk",
    "warning",
    "pictures are CMYK, which decoders turn into RGB in different ways",
    "convert them to RGB",
)
FRAMES = Kind(
    "pictures_of_several_frames",
    "warning",
    "files hold more than one picture, of which the first is used",
    "write the frame that is meant into a file of its own",
)
TRAILING = Kind(
    "bytes_after_pictures",
    "warning",
    "files go on after the picture's end",
    "save the pictures again",
)
FORMAT = Kind(
    "pictures_of_another_format",
    "warning",
    "file names have the ending of another format",
    "rename the files: some tools go by the ending",
)
EQUAL = Kind(
    "equal_pictures",
    "warning",
    "pictures are equal to another, byte for byte",
    "on two sides of a split they leak; the first of each stays: repair: equal_pictures: drop",
)
REFUSED = (SIZE, UNREADABLE, CUT_OFF, DEEP)  # at such pictures augment stops
KINDS = (
    SIZE,
    TURNED_UNSEEN,
    UNREADABLE,
    CUT_OFF,
    DEEP,
    ALPHA,
    CMYK,
    FRAMES,
    TRAILING,
    FORMAT,
    EQUAL,
)

SAME_SCALE = 0.02  # sides are rounded to whole pixels
# why a size may not be the picture's
TURNED, LEFT, OTHER = "turned by EXIF", "EXIF that OpenCV leaves", "other"

_ENDINGS = {
    "jpeg": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "png": {".png"},
    "gif": {".gif"},
    "bmp": {".bmp", ".dib"},
    "webp": {".webp"},
    "tiff": {".tif", ".tiff"},
    "avif": {".avif"},
    "mpo": {".jpg", ".jpeg", ".mpo"},
}


@dataclass(slots=True)
class _Found:
    """Rows by kind and cause and by path; the files by size in bytes, for those that are equal.

    ``scales`` has how many times as wide and as high as it is said each picture of another size is.
    """

    rows: dict[tuple[str, str], dict[str, Row]] = field(default_factory=dict)
    by_bytes: dict[int, list[tuple[Image, Path]]] = field(default_factory=dict)
    scales: list[tuple[float, float]] = field(default_factory=list)

    def add(
        self, kind: Kind, image: Image, path: Path, value: object = None, *, cause: str = ""
    ) -> None:
        row = Row(f"image {image.id} ({image.file_name!r})", value, image.file_name)
        self.rows.setdefault((kind.name, cause), {})[str(path)] = row


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
            header = read_header(path, to_its_end=decode)
            _look(
                found,
                image,
                path,
                header,
                [row.bbox for row in boxes[image.id] if isinstance(row.bbox, tuple)],
            )
            if header.is_turned_unseen and boxes[image.id]:
                found.add(TURNED_UNSEEN, image, path, _told_orientation(header))
            if decode:
                _decode(path, header, partial(_hear, found, image, path))
        except DeepError as error:
            found.add(DEEP, image, path, f"{error.bits} bits")
        except CutOffError as error:
            found.add(CUT_OFF, image, path, str(error))
        except (ValueError, OSError) as error:
            found.add(UNREADABLE, image, path, getattr(error, "strerror", None) or str(error))
        found.by_bytes.setdefault(path.stat().st_size, []).append((image, path))
    _equal(found)
    for kind in KINDS:
        causes = [cause for name, cause in found.rows if name == kind.name]
        for cause in causes:
            yield Finding.of_pictures(
                kind,
                place,
                found.rows[kind.name, cause],
                remedy=(_rescaled(found.scales) if cause == OTHER else "")
                or _remedy(cause, causes),
            )


def _decode(path: Path, header: Header, told: Callable[[str], None]) -> None:
    from coco_recipe_pictures import pictures

    data = pictures.read(path)
    if header.bits > 8:  # which is told; here it is asked whether it can be decoded at all
        pictures.decode_as_stored(data, told)
    else:
        pictures.decode(data, size=None, told=told)


def _hear(found: _Found, image: Image, path: Path, line: str) -> None:
    """Take a codec's line for damage if it is about the picture's data.

    A line about its colour profile or its text is none.
    """
    if line.startswith("Corrupt JPEG data"):
        found.add(CUT_OFF, image, path, line)


def _look(
    found: _Found, image: Image, path: Path, header: Header, boxes: list[tuple[float, ...]]
) -> None:
    if (
        isinstance(image.width, int)
        and isinstance(image.height, int)
        and image.width > 0
        and image.height > 0
        and (image.width, image.height) != header.shown
    ):
        size = image.width, image.height
        cause = _cause(size, header)
        if cause != TURNED:
            width, height = header.shown
            found.scales.append((width / image.width, height / image.height))
        found.add(SIZE, image, path, _told(size, header, boxes), cause=cause)
    for kind, is_so, value in (
        (DEEP, header.bits > 8, f"{header.bits} bits"),
        (ALPHA, header.has_alpha, None),
        (CMYK, header.is_cmyk, None),
        (FRAMES, header.frames > 1, None),
        (TRAILING, header.trailing > 0, f"{header.trailing} bytes"),
        (
            FORMAT,
            path.suffix.lower() not in _ENDINGS.get(header.kind, {path.suffix.lower()}),
            f"is {header.kind.upper()}",
        ),
    ):
        if is_so:
            found.add(kind, image, path, value)


def _cause(size: tuple[int, int], header: Header) -> str:
    if size == header.stored:
        return TURNED
    is_turned = header.orientation >= 5 and size == header.shown[::-1]
    return LEFT if is_turned and header.is_left_by_opencv else OTHER


def _told_orientation(header: Header) -> str:
    left = f", which OpenCV doesn't follow in {header.kind.upper()}"
    return f"orientation {header.orientation}{left if header.is_left_by_opencv else ''}"


def _told(size: tuple[int, int], header: Header, boxes: list[tuple[float, ...]]) -> str:
    """Return what differs and why.

    EXIF is named only where the file has an orientation that turns, with what the boxes fit.
    """
    said, shown = (f"{w} x {h}" for w, h in (size, header.shown))
    if size == header.stored:
        fits = [
            name
            for name, (width, height) in (("stored", header.stored), ("turned", header.shown))
            if all(
                x >= -1 and y >= -1 and x + w <= width + 1 and y + h <= height + 1
                for x, y, w, h in boxes
            )
        ]
        evidence = f"; its boxes fit the {' and the '.join(fits)} picture" if fits and boxes else ""
        return (
            f"{said} as stored; EXIF turns it (orientation {header.orientation}) to "
            f"{shown}{evidence}"
        )
    if _cause(size, header) == LEFT:
        return f"{said} as EXIF turns it ({_told_orientation(header)}: {shown})"
    if size == header.shown[::-1]:
        return f"width and height are swapped: {said}, the picture has {shown}"
    return f"{said}, the picture has {shown}"


def _rescaled(scales: list[tuple[float, float]]) -> str:
    """Say that pictures were enlarged or shrunk, where all differ by one scale; empty where not.

    Args:
        scales: how many times as wide and as high as it is said a picture is, of those of another
            size.
    """
    sides = [side for scale in scales for side in scale]
    if not sides or max(sides) > (1 + SAME_SCALE) * min(sides):
        return ""
    change = "enlarged" if sides[0] > 1 else "shrunk"
    return (
        f"{SIZE.remedy}, if the boxes were drawn on the pictures as they are; but all differ by "
        f"one scale, so that they look {change} after labelling ({sides[0]:.4g} times as large): "
        "then put those back that were labelled, or multiply boxes, segmentations, keypoints and "
        "sizes by it, and areas by its square"
    )


def _remedy(cause: str, causes: list[str]) -> str:
    """Return the remedy, which names both ways where EXIF is the cause.

    Which of them is right depends on what the boxes were drawn on.
    """
    if cause == TURNED:
        return (
            "if the boxes were drawn on the turned picture, repair: sizes: from_pictures; if on "
            "the stored one, augment: exif: ignore (trainers turn it: write the pictures again "
            "without EXIF)"
        )
    if cause == LEFT:
        return (
            "if the boxes were drawn on the turned picture, write the pictures again as EXIF turns "
            "them, without EXIF; if on the stored one, repair: sizes: from_pictures"
        )
    if {TURNED, LEFT}.intersection(causes):  # the mend would take these, too
        return (
            f"{SIZE.remedy}, once it is known what the boxes of those that EXIF turns were drawn "
            "on: it takes them, too"
        )
    return ""


def _equal(found: _Found) -> None:
    for files in found.by_bytes.values():
        if len(files) > 1:
            first: dict[str, Image] = {}
            for image, path in files:
                if (other := first.setdefault(sha256(path), image)) is not image:
                    found.add(EQUAL, image, path, f"equals {other.file_name!r}")
