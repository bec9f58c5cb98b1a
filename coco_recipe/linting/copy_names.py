"""What a file name says of a copy: the original's name, and that the file is a copy of it."""

import re
from dataclasses import dataclass

_WORDS = (
    "aug|augmented|augmentation|copy|flip|flipped|hflip|vflip|fliph|flipv|lr|ud|mirror|mirrored|"
    "rot|rotate|rotated|rotation|crop|cropped|blur|blurred|noise|noisy|bright|brightness|brighter|"
    "dark|darker|contrast|scale|scaled|shift|shifted|translate|translated|shear|sheared|hue|sat|"
    "gray|grey|grayscale|jitter|cutout|mosaic|mixup|sharpen|sharpened|equalized|clahe"
)
_ROBOFLOW = re.compile(r"[.]rf[.](\w{16,})$")
_LAST = re.compile(rf"[ _.-]+({_WORDS})[ _-]?-?\d*(deg)?$")
_FIRST = re.compile(r"^(aug|augmented)[ _-]+")
_NUMBER_OF_COPY = re.compile(r"\s*\(\d+\)$")


@dataclass(frozen=True, slots=True)
class Name:
    """What a file name says.

    Attributes:
        root: the name of the original, without its ending, in small letters.
        mark: what tells this file from others of one root; empty where nothing does.
        is_copy: the mark says that the file is a copy. That of Roboflow says so only beside another
            one of the same root.
    """

    root: str
    mark: str = ""
    is_copy: bool = False


def read(file_name: str) -> Name:
    """Read what a file name says; copies of one original have one root."""
    folder, slash, name = file_name.lower().rpartition("/")
    stem = name.rpartition(".")[0] or name
    if found := _ROBOFLOW.search(stem):
        return Name(f"{folder}{slash}{stem[: found.start()]}", found[0])
    mark = ""
    while found := _LAST.search(stem) or _NUMBER_OF_COPY.search(stem) or _FIRST.search(stem):
        rest = stem[: found.start()] + stem[found.end() :]
        if not rest:
            break
        stem, mark = rest, found[0].strip() + mark
    return Name(f"{folder}{slash}{stem}", mark, bool(mark))
