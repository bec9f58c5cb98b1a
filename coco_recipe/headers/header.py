"""What a picture's file says of itself, as a record."""

import mmap
from dataclasses import dataclass

Bytes = bytes | mmap.mmap
_TURNED_BY_OPENCV = {"jpeg", "png", "tiff"}  # 4.12 leaves WebP and AVIF as they are stored


class CutOffError(ValueError):
    """A picture's file ends before the picture does, or is damaged on the way."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture's file says of itself.

    Attributes:
        kind: the format: ``jpeg``, ``png``, else Pillow's name for it in small letters.
        width: in pixels, as they are stored.
        height: in pixels, as they are stored.
        bits: a channel.
        orientation: EXIF's, 1 to 8; 0 where the file has none.
        has_alpha: there is an alpha channel, or a transparent colour.
        is_cmyk: the colours are cyan, magenta, yellow and black.
        frames: pictures in the file; 2 stands for more than one where counting would take long.
        trailing: bytes after the picture's end.
    """

    kind: str
    width: int
    height: int
    bits: int = 8
    orientation: int = 0
    has_alpha: bool = False
    is_cmyk: bool = False
    frames: int = 1
    trailing: int = 0

    @property
    def stored(self) -> tuple[int, int]:
        """Return (width, height) as the pixels are stored."""
        return self.width, self.height

    @property
    def is_turned_unseen(self) -> bool:
        """Whether EXIF turns or mirrors the picture, and the size that OpenCV gives is the same."""
        return self.orientation >= 2 and self.stored == self.shown

    @property
    def is_left_by_opencv(self) -> bool:
        """Whether the file has an EXIF orientation that OpenCV doesn't follow, and others do."""
        return self.orientation >= 2 and self.kind not in _TURNED_BY_OPENCV

    @property
    def shown(self) -> tuple[int, int]:
        """Return (width, height) as OpenCV decodes it, turned as EXIF says; so do trainers."""
        turned = self.orientation >= 5 and self.kind in _TURNED_BY_OPENCV
        return (self.height, self.width) if turned else (self.width, self.height)


def sized(found: Header) -> Header:
    """Return a header that has a size.

    Raises:
        CutOffError: width or height is 0.
    """
    if not (found.width and found.height):
        raise CutOffError(f"the {found.kind.upper()} file says {found.width}x{found.height} px")
    return found
