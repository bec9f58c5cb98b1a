"""Preview tiles: each picture beside some of its tiles, as a run cuts them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from coco_recipe import Annotation, Dataset, Image, Params, counted
from coco_recipe_pictures.sheet.contact_sheet import Cell
from coco_recipe_pictures.sheet.previews import mark
from coco_recipe_pictures.tile_work import Job, decode, is_negative, left_in

MOST_TILES = 7  # with their picture, they fill a line of the sheet


def rows_of(
    images: Sequence[Image],
    jobs: Iterable[Job],
    rows: Mapping[int, Sequence[Annotation]],
    dataset: Dataset,
    params: Params,
) -> list[list[Cell]]:
    """Return the cells of pictures, each with those of its tiles that have the most annotations.

    Args:
        images: the pictures.
        jobs: what is to be cut of each, in order.
        rows: the annotations by image id.
        dataset: what comes to the step.
        params: the step's.

    Raises:
        ValueError: a picture is bad; names the file.
    """
    names = dataset.category_names()
    return [
        list(_cells(image, job, rows[image.id], names, params))
        for image, job in zip(images, jobs, strict=True)
    ]


def _cells(
    image: Image, job: Job, rows: Sequence[Annotation], names: dict[int, str], params: Params
) -> Iterator[Cell]:
    """Yield the cell of a picture, then those of its tiles, from the left and from the top."""
    picture = decode(params, job)
    tiles = [left_in(params, job, window) for window in job.windows]
    there = [sum(bool(one and not one.reason) for one in left) for left in tiles]
    most = sorted(range(len(tiles)), key=lambda n: (-there[n], n))[:MOST_TILES]
    told = counted(len(tiles), "tile")
    shown = f", {len(most)} of them here" if len(most) < len(tiles) else ""
    marks = []
    for n, (row, one) in enumerate(zip(rows, job.instances, strict=True)):
        if one:
            found = [in_tile for left in tiles if (in_tile := left[n])]
            best = max(found, key=lambda in_tile: in_tile.visibility)
            gone = f"in no tile: {best.reason}, {best.visibility:.0%} visible"
            is_kept = not all(in_tile.reason for in_tile in found)
            marks.append(mark(row, names, one, "" if is_kept else gone))
    yield Cell(picture, f"{image.file_name}: {told}{shown}", tuple(marks))
    for n in sorted(most):
        left, top, right, bottom = job.windows[n]
        is_left_out = params["ignore_negative_samples"] and is_negative(tiles[n])
        yield Cell(
            picture[top:bottom, left:right],
            f"tile {n + 1}: {left}, {top} to {right}, {bottom}{' (left out)' * is_left_out}",
            tuple(
                mark(row, names, one)
                for row, one in zip(rows, tiles[n], strict=True)
                if one and not one.reason
            ),
        )
