"""Preview an augmentation: sources and their copies side by side, as a run makes them."""

import hashlib
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe import Annotation, Image, did_you_mean
from coco_recipe_pictures.augment import copying
from coco_recipe_pictures.augment.choosing import Copy
from coco_recipe_pictures.geometry.judging import Left

if TYPE_CHECKING:
    from coco_recipe_pictures.augment.work import Work
    from coco_recipe_pictures.sheet.contact_sheet import Cell, Mark

MOST_COPIES = 3


def draw(work: "Work", target: Path, images: int | tuple[str, ...]) -> None:
    """Write the contact sheet of some images.

    Args:
        work: the step's work.
        target: the file to write; its ending says in which format.
        images: how many, chosen by the step's seed; or their file names.

    Raises:
        ValueError: the ending is no picture's; an image isn't there or gets no copy; a picture is
            bad and not to be quarantined, or the pipeline fails on it.
    """
    from coco_recipe_pictures.sheet.contact_sheet import FORMATS, contact_sheet, is_ours

    form = FORMATS.get(target.suffix.lower())
    if form is None:
        raise ValueError(
            f"{target}: a sheet can be written as {', '.join(FORMATS)}; end the name with one of "
            "these"
        )
    names = work.dataset.category_names()
    rows = [list(copies) for _, copies in groupby(work.copies(), lambda copy: copy.image.id)]
    chosen = _sample(work, rows, images) if isinstance(images, int) else _named(work, rows, images)
    data = contact_sheet([_row(work, copies, names) for copies in chosen], form=form)
    if target.exists() and not is_ours(target.read_bytes()[:4096]):
        raise ValueError(f"{target} is there already, and no preview; name another file (--to)")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _named(work: "Work", rows: list[list[Copy]], names: tuple[str, ...]) -> list[list[Copy]]:
    """Return the copies of the images with these file names, in the order of the names."""
    found = {row[0].image.file_name: row for row in rows}
    known = {image.file_name for image in work.dataset.images}
    for name in names:
        if name not in known:
            raise ValueError(f"there is no image '{name}'; {did_you_mean(name, sorted(known))}")
        if name not in found:
            raise ValueError(f"image '{name}' gets no copy in this step")
    return [found[name] for name in names]


def _sample(work: "Work", rows: list[list[Copy]], images: int) -> list[list[Copy]]:
    """Return the copies of a sample of images, in the data set's order.

    The sample depends on the seed alone.
    """
    order = sorted(
        range(len(rows)),
        key=lambda i: hashlib.sha256(
            f"{work.ctx.seed}/{work.dataset.identity(rows[i][0].image)}".encode()
        ).digest(),
    )
    return [rows[i] for i in sorted(order[:images])]


def _row(work: "Work", copies: list[Copy], names: dict[int, str]) -> "list[Cell]":
    from coco_recipe_pictures.sheet.contact_sheet import Cell, blank

    image = copies[0].image
    try:
        picture = copying.decode(work.settings, work.job(copies[0]))
    except (ValueError, OSError) as error:
        if not work.settings.quarantine:
            raise ValueError(f"{work.job(copies[0]).source}: {error}") from error
        return [Cell(blank(), f"{image.file_name}: in quarantine: {error}", ())]
    cells, gone = [], dict[int, str]()
    for copy in copies[:MOST_COPIES]:
        *_, (made, carried) = copying.tries(work.settings, work.job(copy), picture)
        fired = ", ".join(name for name, _ in made.applied) or "nothing fired"
        title = f"copy {copy.number}: {made.skipped or fired}"
        marks = []
        for i, (row, left) in enumerate(_pairs(work, image, made.left)):
            if left is not None and left.reason and left.of is None:
                share = f"copy {copy.number}: {left.reason}, {left.visibility:.0%} visible"
                gone[i] = f"{gone[i]}; {share}" if i in gone else share
            elif left is not None and not left.reason:
                named = work.named(row, mirrored=made.mirrored ^ left.mirrored)
                marks.append(_mark(named, names, left.bbox, left.segmentation, left.keypoints))
        cells.append(Cell(carried, title, tuple(marks)))
    source = []
    for i, (row, shape) in enumerate(
        zip(work.annotations[image.id], work.shapes(image.id), strict=True)
    ):
        if shape:
            source.append(
                _mark(row, names, shape.bbox, shape.segmentation, shape.keypoints, gone.get(i, ""))
            )
    return [Cell(picture, image.file_name, tuple(source)), *cells]


def _pairs(
    work: "Work", image: Image, left: tuple[Left, ...]
) -> list[tuple[Annotation, Left | None]]:
    """Return each annotation with what is left of it, None for one that has no geometry.

    Then what borders show again.
    """
    rest = iter(left)
    own = [
        (row, next(rest) if shape else None)
        for row, shape in zip(work.annotations[image.id], work.shapes(image.id), strict=True)
    ]
    placed = [row for row, one in own if one]
    return [*own, *((placed[again.of], again) for again in rest if again.of is not None)]


def _mark(
    row: Annotation,
    names: dict[int, str],
    bbox: Any,
    segmentation: Any,
    keypoints: Any,
    reason: str = "",
) -> "Mark":
    from coco_recipe_pictures.sheet.contact_sheet import Mark

    category_id = row.category_id if isinstance(row.category_id, int) else None
    label = "" if category_id is None else names.get(category_id, "")
    color = 0 if category_id is None else list(names).index(category_id)
    return Mark(label, color, bbox, segmentation, keypoints, reason, category_id)
