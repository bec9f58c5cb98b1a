"""Step ``tile``: large pictures cut into overlapping tiles, with the annotations of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace as changed

from coco_recipe import (
    Annotation,
    Dataset,
    Facts,
    Image,
    Origin,
    Params,
    Port,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    counted,
    turned_box,
)
from coco_recipe import Row as FoundRow
from coco_recipe_pictures import tile_plans
from coco_recipe_pictures.augment.refusals import places
from coco_recipe_pictures.checks import picture_checks
from coco_recipe_pictures.geometry import instances, other_places, parts
from coco_recipe_pictures.geometry.instances import Placed
from coco_recipe_pictures.needed import NEEDS
from coco_recipe_pictures.new_ids import NewIds
from coco_recipe_pictures.tile_params import PARAMS
from coco_recipe_pictures.tile_work import Job, Tile, Window, cut, jobs, matrix_of


def tile(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Dataset]:
    """Cut pictures into overlapping tiles, as SAHI slices them, so that small objects stay large.

    Tiles run from the left to the right and from the top down; the last of a row and of a column
    ends with the picture, so that each has the full size. A picture that is smaller than a tile is
    one tile. A box, polygon, mask or keypoint is moved, and cut where its tile ends, so that one
    in an overlap is in several tiles. What is too little of an annotation to stay is in the ledger
    with the tile and its visibility; the record counts the annotations that no tile has.

    A tile is called ``<name>_<left>_<top>_<right>_<bottom>``, in pixels of the picture.

    Args:
        ctx: what the run gives to a step.
        dataset: the pictures and their annotations; sizes in pixels.
        params: see the table.

    Returns:
        The tiles, with ids that follow the largest of the source.

    Raises:
        ValueError: a picture can't be read, or hasn't the size that the data set says; a box
            reaches out of its picture.
        StepProblems: rows have places under keys of which nobody knows how they move.
    """
    rows = _checked(dataset, dataset.images, params)
    due = list(jobs(ctx, dataset, dataset.images, rows, params))
    out = _Output(ctx, dataset, is_dropping=params["other_geometry"] == "drop")
    made = ctx.map(partial(cut, params), due)
    for done, (image, job, tiles) in enumerate(zip(dataset.images, due, made, strict=True)):
        out.add(image, rows[image.id], job, tiles)
        ctx.progress(done + 1, len(due))
    return {"dataset": out.dataset()}


def _checked(
    dataset: Dataset, images: Sequence[Image], params: Params
) -> Mapping[int, list[Annotation]]:
    """Return the annotations by image id, all of which can be moved.

    Raises:
        ValueError: rows of the images can't be moved.
        StepProblems: rows have places under keys of which nobody knows how they move.
    """
    rows = dataset.annotations_of()
    instances.check(rows, images, {})
    if params["other_geometry"] == "refuse":
        StepProblems.if_any(_other_places(dataset))
    return rows


class _Output:
    """The rows of the tiles, and the books of what isn't among them."""

    def __init__(self, ctx: StepContext, dataset: Dataset, *, is_dropping: bool) -> None:
        self.ctx = ctx
        self.source = dataset
        self.is_dropping = is_dropping
        self.folder = (ctx.images).absolute()
        self.turns = any(map(turned_box, dataset.annotations))
        self.images = list[Image]()
        self.rows = list[Annotation]()
        self.in_no_tile = list[int]()
        self.ids = NewIds()
        self.polygons_lost = 0  # rows
        self.next_image = max((image.id for image in dataset.images), default=0) + 1
        self.next_row = max((row.id for row in dataset.annotations), default=0) + 1

    def add(self, image: Image, rows: list[Annotation], job: Job, tiles: tuple[Tile, ...]) -> None:
        """Add the tiles of a picture."""
        self.ctx.make(images=len(tiles))
        seen = set[int]()
        for number, (made, target) in enumerate(zip(tiles, job.targets, strict=True), 1):
            name = target.relative_to(self.folder).as_posix()
            window = job.windows[number - 1]
            if made.sha256:
                self._add_image(image, name, number, window)
                self.ctx.wrote(self.ctx.images / name, made.sha256)
            else:
                self.ctx.drop(image, "no annotation is left in the tile", tile=name)
            for n, row in enumerate(rows):
                if self._add_row(row, n, job, made, window, name):
                    seen.add(n)
            self.next_image += bool(made.sha256)
        self.in_no_tile += [row.id for n, row in enumerate(rows) if n not in seen]

    def _add_image(self, image: Image, name: str, number: int, window: Window) -> None:
        origin = Origin(
            root=self.source.family(image),
            source=self.source.identity(image),
            step=self.ctx.step_id,
            copy=number,
        )
        self.ids.image(image.id, self.next_image)
        self.images.append(
            changed(
                self._cleared(image),
                id=self.next_image,
                file_name=name,
                width=window[2] - window[0],
                height=window[3] - window[1],
                coco_recipe=origin,
            )
        )

    def _cleared(self, row: Placed) -> Placed:
        found = list(places(row, warps=False)) if self.is_dropping else []
        return instances.without(row, found) if found else row

    def _add_row(
        self, row: Annotation, n: int, job: Job, made: Tile, window: Window, name: str
    ) -> bool:
        """Add what a tile has of an annotation, and report whether it has any."""
        left = made.left[n]
        before = job.instances[n]
        if left is None or before is None:
            self.ctx.make(annotations=1)
            self.ctx.drop(row, "it has no place, so no tile can be told to have it", tile=name)
            return False
        if left.visibility <= 0:
            return False
        self.ctx.make(annotations=1)
        if left.reason:
            figures = {"visibility": round(left.visibility, 4), "area": left.area}
            self.ctx.drop(row, left.reason, tile=name, **figures)
            return False
        copied = instances.copied(
            self._cleared(row), before, left, id=self.next_row, image_id=self.next_image
        )
        if copied.segmentation != row.segmentation:
            self.polygons_lost += instances.has_lost_polygons(row, before)
        copied = parts.moved(copied, made.parts[n], mirrored=False)
        size = window[2] - window[0], window[3] - window[1]
        matrix = matrix_of(window).ravel().tolist()
        self.rows.append(parts.with_turned_box(copied, row, matrix, size, or_upright=self.turns))
        self.ids.annotation(row.id, self.next_row)
        self.next_row += 1
        return True

    def dataset(self) -> Dataset:
        """Return the tiles, and note what no tile has."""
        self.ids.write(self.ctx.workdir)
        self.ctx.note("annotations in no tile", len(self.in_no_tile))
        told = []
        if self.in_no_tile:
            self.ctx.note("ids of annotations in no tile", self.in_no_tile)
            told.append(f"{counted(len(self.in_no_tile), 'annotation')} in no tile")
        if self.polygons_lost:
            self.ctx.note("polygons lost", self.polygons_lost)
            told.append(instances.told_of_polygons(self.polygons_lost))
        if told:
            self.ctx.note("summary", "; ".join(told))
        return Dataset(
            tuple(self.images),
            tuple(self.rows),
            self.source.categories,
            self.ctx.step_id,
            {self.ctx.step_id: self.ctx.images},
            self.source.extra,
        )


def _other_places(dataset: Dataset) -> Iterator[StepProblem]:
    for whose, rows in (("annotations", dataset.annotations), ("images", dataset.images)):
        found = {other_places.shown(path) for row in rows for path in places(row, warps=False)}
        if found:
            yield StepProblem(
                ("other_geometry",),
                f"{whose} have places under other keys: {', '.join(sorted(found))}",
                "other_geometry: drop leaves them out of the tiles",
            )


def _stops_at_rows(params: Params, dataset: Dataset) -> Iterator[FoundRow]:
    """Yield the rows that can't be moved."""
    yield from instances.unmovable(dataset.annotations_of(), dataset.images, {})


def _preview(
    ctx: StepContext,
    target: Path,
    images: int | tuple[str, ...],
    *,
    dataset: Dataset,
    **params: Any,
) -> None:
    from coco_recipe_pictures.sheet import previews
    from coco_recipe_pictures.tile_preview import rows_of

    form = previews.form_of(target)
    shown = previews.picked(dataset, dataset.images, ctx.seed, images)
    rows = _checked(dataset, shown, params)
    cells = rows_of(shown, jobs(ctx, dataset, shown, rows, params), rows, dataset, params)
    previews.write(target, cells, form)


def _foresee(params: Params, facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    """Return what is known of the tiles: none is larger than a slice, or than its picture."""
    known = facts["dataset"]
    size = (params["slice_width"], params["slice_height"])
    smallest, largest = (
        (min(side[0], size[0]), min(side[1], size[1])) if side else None
        for side in (known.smallest, known.largest)
    )
    return {"dataset": replace(known, smallest=smallest, largest=largest, images=None)}


STEP = Step(
    name="tile",
    run=tile,
    params=PARAMS,
    inputs={"dataset": Port(Dataset, reads_only=True)},
    outputs={"dataset": Dataset},
    foresee=_foresee,
    forecast=tile_plans.forecast,
    tell=tile_plans.tell,
    needs=NEEDS,
    preview=_preview,
    preload=("coco_recipe_pictures.augment.preload",),
    apart=(
        "coco_recipe_pictures.tile_preview",
        "coco_recipe_pictures.tile_plans",
        "coco_recipe_pictures.sheet.previews",
    ),
    writes=True,
    reads_pixels=True,
    checks=("pictures", "masks"),
    stops_at_rows=_stops_at_rows,
    doubts=instances.DOUBTS,
    refuses=tuple(kind.name for kind in picture_checks.REFUSED),
    mends=tuple(kind.name for kind in picture_checks.KINDS),
)
