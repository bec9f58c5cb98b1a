"""Preview an augmentation: sources and their copies side by side, as a run makes them."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from coco_recipe import Annotation, Image
from coco_recipe_pictures.augment import copying
from coco_recipe_pictures.augment.choosing import Copy
from coco_recipe_pictures.geometry.judging import Left

if TYPE_CHECKING:
    from coco_recipe_pictures.augment.work import Work
    from coco_recipe_pictures.sheet.contact_sheet import Cell

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
    from coco_recipe_pictures.sheet import previews

    form = previews.form_of(target)
    names = work.dataset.category_names()
    copies = groupby(work.copies(), lambda copy: copy.image.id)
    rows = {image_id: list(of_image) for image_id, of_image in copies}
    known = [row[0].image for row in rows.values()]
    shown = previews.picked(work.dataset, known, work.ctx.seed, images)
    previews.write(target, [_row(work, rows[image.id], names) for image in shown], form)


def _row(work: "Work", copies: list[Copy], names: dict[int, str]) -> "list[Cell]":
    from coco_recipe_pictures.sheet.contact_sheet import Cell, blank
    from coco_recipe_pictures.sheet.previews import mark

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
                marks.append(mark(named, names, left))
        cells.append(Cell(carried, title, tuple(marks)))
    source = []
    for i, (row, shape) in enumerate(
        zip(work.annotations[image.id], work.shapes(image.id), strict=True)
    ):
        if shape:
            source.append(mark(row, names, shape, gone.get(i, "")))
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
