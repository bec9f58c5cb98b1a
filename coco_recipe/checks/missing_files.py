"""Pictures that annotations name and the folder lacks, each with the file that was meant."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from coco_recipe.checks.name_mends import Folder, proposed
from coco_recipe.checks.rows import of_image
from coco_recipe.dataset import Dataset, Image
from coco_recipe.findings import Finding, Kind
from coco_recipe.regular import other_kind

MISSING = Kind(
    "missing_pictures",
    "error",
    "pictures are not in the folder of images",
    "put them there, or drop their rows: repair: missing_pictures: drop",
    needed=True,
)


def finding(dataset: Dataset, place: str) -> Finding | None:
    """Return what pictures of a data set are missing; None where all are there.

    Names are looked up in the folder of the input or step that the images belong to.
    """
    return of_images(dataset.images, dataset.folders[dataset.home], place)


def of_images(images: Collection[Image], folder: Path, place: str) -> Finding | None:
    """Return which of these images have no file of their name in a folder; None where all have.

    Args:
        images: the images.
        folder: where their files should be.
        place: the input's name, or that of the file that is checked.
    """
    missing = [image for image in images if not is_there(_file(folder, image))]
    if not missing:
        return None
    there = Folder(folder)
    best = proposed(
        [image.file_name for image in images], [image.file_name for image in missing], there
    )
    remedy = str(best) if best.found else MISSING.remedy
    if 0 < (left := len(missing) - best.found) < len(missing):
        remedy += (
            f" finds {best.found} of {len(missing)}; those still missing ({left}): {MISSING.remedy}"
        )
    rows = (of_image(image, _told(folder, image, there)) for image in missing)
    return Finding.of(MISSING, f"{place} ({folder}, {len(images)} images)", rows, remedy=remedy)


def told(parts: Mapping[str, Dataset]) -> str:
    """Say which pictures of data sets are missing, as the message of a step that opens them.

    Args:
        parts: the data sets by name.

    Returns:
        The message; an empty text where none are missing.

    Raises:
        DatasetError: a data set has no folder of pictures.
    """
    rows = [
        of_image(image, f"there is no file {path}")
        for part in parts.values()
        for image in part.images
        if not is_there(path := part.path_of(image))
    ]
    return str(Finding.of(MISSING, ", ".join(parts), rows)) if rows else ""


def is_there(path: Path) -> bool:
    """Report whether there is such a file; there is none of a name that no file can have."""
    try:
        return path.is_file()
    except OSError:  # a name that is too long; a folder that may not be read
        return False


def _file(folder: Path, image: Image) -> Path:
    return folder / image.file_name


def _told(folder: Path, image: Image, there: Folder) -> str | None:
    """Say what stands in a picture's place: a link to nothing, or the file that was meant.

    Return None where nothing does.
    """
    path = _file(folder, image)
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        pass
    except OSError as error:
        return str(error.strerror)
    if path.is_symlink():
        if kind := other_kind(path):
            return f"is a link to {kind}, not to a file"
        return f"is a link to {str(path.readlink())!r}, which is not there"
    if kind := other_kind(path):
        return f"is {kind}, not a file"
    meant = there.meant(image.file_name)
    return f"there is {meant!r}" if meant else None
