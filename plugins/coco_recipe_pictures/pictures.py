"""Picture files: decoding that refuses what is damaged, encoding; one seam to OpenCV."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe import Header, header_of, regular
from coco_recipe_pictures import codec_lines
from coco_recipe_pictures.deep_pictures import DeepError

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

_DEPTH_KNOWN = {"jpeg", "png", "gif", "bmp", "webp", "tiff"}  # formats whose header tells the bits


def decode(
    data: bytes,
    *,
    size: tuple[int, int] | None,
    exif: str = "apply",
    max_pixels: int = 0,
    told: Callable[[str], object] | None = None,
) -> "Picture":
    """Decode a picture.

    Args:
        data: the file's bytes.
        size: (width, height) that the data set says; None leaves it unchecked.
        exif: ``apply`` turns the picture as its EXIF orientation says, ``ignore`` leaves the pixels
            as they are stored.
        max_pixels: a larger picture is refused before it is decoded; 0 for no limit.
        told: is given each line in which a codec says that it found damage and went on.

    Returns:
        uint8 (H, W, 3), RGB; an alpha channel is left out.

    Raises:
        ValueError: the file is damaged, too large, has 16 bits a channel, or not the size that the
            data set says.
    """
    import cv2
    import numpy as np

    head = header_of(data)
    _check_header(head, max_pixels)
    as_rgb = head.kind in (
        "jpeg",
        "png",
    )  # of OpenCV's decoders for other formats, some give RGB for RGB and some BGR
    flags = cv2.IMREAD_COLOR_RGB if as_rgb else cv2.IMREAD_COLOR
    flags |= cv2.IMREAD_IGNORE_ORIENTATION if exif == "ignore" else 0
    picture: Picture = _decoded(data, flags, told)
    if exif == "ignore" and head.kind == "tiff":  # which OpenCV turns, whatever the flag says
        picture = _turned_back(picture, head.orientation)
    height, width = picture.shape[:2]
    _check_pixels(width, height, max_pixels)
    if head.kind not in _DEPTH_KNOWN:
        with codec_lines.taken():
            stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if stored is not None and stored.dtype != np.uint8:
            raise DeepError(8 * stored.dtype.itemsize)
    if size is not None and (width, height) != size:
        raise ValueError(
            f"has {width}x{height} px, the data set says {size[0]}x{size[1]}"
            + _why_other(head, size, exif)
        )
    if not as_rgb:
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, picture)
    return picture


def decode_as_stored(data: bytes, told: Callable[[str], object] | None = None) -> Any:
    """Decode a picture of any depth, in the channels that it has.

    As `decode` in what it raises and tells.
    """
    import cv2

    return _decoded(data, cv2.IMREAD_UNCHANGED, told)


def would_stop(head: Header, *, size: tuple[int, int], exif: str, max_pixels: int) -> bool:
    """Report whether `decode` would refuse a picture for what its header says.

    Args:
        head: the file's header.
        size: (width, height) that the data set says.
        exif: as of `decode`.
        max_pixels: as of `decode`.
    """
    try:
        _check_header(head, max_pixels)
    except ValueError:
        return True
    return size != (head.stored if exif == "ignore" else head.shown)


def _check_header(head: Header, max_pixels: int) -> None:
    _check_pixels(head.width, head.height, max_pixels)
    if head.bits > 8:
        raise DeepError(head.bits)


def _decoded(data: bytes, flags: int, told: Callable[[str], object] | None) -> Any:
    import cv2
    import numpy as np

    try:
        with codec_lines.taken() as lines:
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ValueError(f"can't be decoded: {error.err}") from error
    if picture is None:
        raise ValueError("is not a picture that OpenCV can read")
    if told:
        for line in lines:
            told(line)
    return picture


def _turned_back(picture: "Picture", orientation: int) -> "Picture":
    """Return a picture as it is stored, of one that was turned as EXIF says."""
    import numpy as np

    if orientation >= 5:
        picture = picture.transpose(1, 0, 2)
    rows = slice(None, None, -1 if orientation in (3, 4, 6, 7) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 7, 8) else 1)
    return np.ascontiguousarray(picture[rows, columns])


def _why_other(head: Header, size: tuple[int, int], exif: str) -> str:
    """Say what may be the cause where a picture's size isn't the data set's, and the way on."""
    if head.is_left_by_opencv and head.orientation >= 5 and size == head.stored[::-1]:
        return (
            f"; its EXIF orientation {head.orientation}, which OpenCV doesn't follow in "
            f"{head.kind.upper()}, turns it to that size: if the boxes lie on the turned picture, "
            "write it again as EXIF turns it; if on the stored one, repair: sizes: from_pictures"
        )
    if head.stored != head.shown and size in (head.stored, head.shown):
        if exif == "ignore":
            return (
                f"; it is turned by its EXIF orientation {head.orientation}, and the data set has "
                "the turned size: exif: apply"
            )
        return (
            f"; it is turned by its EXIF orientation {head.orientation}, and the data set has the "
            "size as stored: either only the size was read without EXIF, and the boxes lie on the "
            "turned picture (repair: sizes: from_pictures), or the boxes lie on the picture as it "
            "is stored (exif: ignore)"
        )
    return "; repair: sizes: from_pictures, if the boxes lie on this picture"


def _check_pixels(width: int, height: int, most: int) -> None:
    if most and width * height > most:
        limit = f"more than max_pixels ({most}); a larger max_pixels lets it in"
        raise ValueError(f"has {width}x{height} px, {limit}")


def encode(picture: "Picture", suffix: str, quality: int) -> bytes:
    """Return the bytes of a picture's file.

    Args:
        picture: uint8 (H, W, 3), RGB.
        suffix: ``.jpg`` or ``.png``.
        quality: of a JPEG, 1 to 100.

    Raises:
        ValueError: the format can't hold it (a JPEG has at most 65,535 px a side).
    """
    import cv2

    flags = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    try:
        done, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
    except cv2.error:
        done = False
    if not done:
        raise ValueError(f"{picture.shape[1]}x{picture.shape[0]} px can't be written as {suffix}")
    return bytes(data.tobytes())


def read(path: Path) -> bytes:
    """Read a picture's file; Python does it, because OpenCV crashes on odd paths.

    Raises:
        ValueError: there is no such file, or it is no regular one.
        OSError: it can't be read.
    """
    try:
        return regular.read(path)
    except FileNotFoundError as error:
        raise ValueError("there is no such file") from error
    except regular.NotRegularError as error:
        raise ValueError(str(error.strerror)) from error
