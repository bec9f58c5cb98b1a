"""Previews of steps: which images a contact sheet shows, what is marked, where it is written."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import UNSET

from coco_recipe import Annotation, Dataset, Image, did_you_mean
from coco_recipe_pictures.sheet import contact_sheet
from coco_recipe_pictures.sheet.contact_sheet import FORMATS, Cell, Mark, is_ours


def form_of(target: Path) -> str:
    """Return the format of a sheet by the ending of its file.

    Raises:
        ValueError: the ending is no picture's.
    """
    form = FORMATS.get(target.suffix.lower())
    if form is None:
        raise ValueError(
            f"{target}: a sheet can be written as {', '.join(FORMATS)}; end the name with one of "
            "these"
        )
    return form


def picked(
    dataset: Dataset, images: Sequence[Image], seed: int, wanted: int | tuple[str, ...]
) -> list[Image]:
    """Return the images that a sheet shows.

    Args:
        dataset: what comes to the step.
        images: those of it that the step works on.
        seed: the step's, on which alone a sample depends.
        wanted: how many, which then stand in the data set's order; or the file names, in order.

    Raises:
        ValueError: there is no image of a name, or the step makes nothing of it.
    """
    if isinstance(wanted, int):
        order = sorted(
            range(len(images)),
            key=lambda i: hashlib.sha256(f"{seed}/{dataset.identity(images[i])}".encode()).digest(),
        )
        return [images[i] for i in sorted(order[:wanted])]
    found = {image.file_name: image for image in images}
    known = {image.file_name for image in dataset.images}
    for name in wanted:
        if name not in known:
            raise ValueError(f"there is no image '{name}'; {did_you_mean(name, sorted(known))}")
        if name not in found:
            raise ValueError(f"image '{name}' gets no copy in this step")
    return [found[name] for name in wanted]


def mark(row: Annotation, names: dict[int, str], place: Any, reason: str = "") -> Mark:
    """Return the mark of an annotation.

    Args:
        row: the annotation.
        names: of the categories, by id.
        place: has its ``bbox``, ``segmentation`` and ``keypoints``, in pixels of the picture.
        reason: why the step leaves it out; empty where it stays.
    """
    category_id = row.category_id if isinstance(row.category_id, int) else None
    label = "" if category_id is None else names.get(category_id, "")
    label += " (crowd)" * (row.iscrowd not in (UNSET, 0))
    colour = list(names).index(category_id) if category_id in names else 0
    return Mark(label, colour, place.bbox, place.segmentation, place.keypoints, reason, category_id)


def write(target: Path, rows: Sequence[Sequence[Cell]], form: str) -> None:
    """Write a contact sheet.

    Args:
        target: the file.
        rows: its cells.
        form: its format, by `form_of`.

    Raises:
        ValueError: another file, which is no sheet, is there already.
    """
    data = contact_sheet.contact_sheet(rows, form=form)
    if target.exists() and not is_ours(target.read_bytes()[:4096]):
        raise ValueError(f"{target} is there already, and no preview; name another file (--to)")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
