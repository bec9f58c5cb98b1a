"""Step ``tile``: large pictures cut into overlapping tiles, with the annotations of each."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

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
    is_refusal,
    turned_box,
    writing,
)
from coco_recipe import Row as FoundRow
from coco_recipe_pictures import pictures
from coco_recipe_pictures.augment.refusals import places
from coco_recipe_pictures.checks import picture_checks
from coco_recipe_pictures.geometry import instances, other_places, parts
from coco_recipe_pictures.geometry.instances import Placed
from coco_recipe_pictures.geometry.judging import Left, judged
from coco_recipe_pictures.needed import NEEDS
from coco_recipe_pictures.tile_params import PARAMS

if TYPE_CHECKING:
    from coco_recipe_pictures.geometry.instance import Instance
    from coco_recipe_pictures.geometry.move import Matrix

IMAGES = "images"
NO_LIMITS = {"min_visibility": 0.0, "min_area_px": 0.0, "min_side_px": 0.0}
Window = tuple[int, int, int, int]  # left, top, right, bottom in pixels


@dataclass(frozen=True, slots=True)
class Job:
    """A picture to cut.

    Attributes:
        source: its file.
        sha256: the SHA-256 that the file must have.
        size: (width, height) that the data set says, in pixels.
        windows: the tiles' places in the picture.
        targets: the file of each tile.
        instances: the geometry of its annotations; None for one that has none.
        parts: the geometry of each annotation's parts, by key.
    """

    source: Path
    sha256: str
    size: tuple[int, int]
    windows: tuple[Window, ...]
    targets: tuple[Path, ...]
    instances: "tuple[Instance | None, ...]"
    parts: "tuple[Mapping[str, Instance], ...]"

    def __str__(self) -> str:
        return str(self.source)


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile as it was made.

    Attributes:
        sha256: of its file; empty where it is left out, as it has no annotation.
        left: what is left in it of each annotation; None for one without a geometry.
        parts: what is left of each annotation's parts, by key.
    """

    sha256: str
    left: tuple[Left | None, ...]
    parts: tuple[Mapping[str, Left], ...]


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
    rows = dataset.annotations_of()
    instances.check(rows, dataset.images, {})
    if params["other_geometry"] == "refuse":
        StepProblems.if_any(_other_places(dataset))
    jobs = list(_jobs(ctx, dataset, rows, params))
    out = _Output(ctx, dataset, is_dropping=params["other_geometry"] == "drop")
    made = ctx.map(partial(cut, params), jobs)
    for done, (image, job, tiles) in enumerate(zip(dataset.images, jobs, made, strict=True)):
        out.add(image, rows[image.id], job, tiles)
        ctx.progress(done + 1, len(jobs))
    return {"dataset": out.dataset()}


def windows(size: tuple[int, int], params: Params) -> Iterator[Window]:
    """Yield the tiles' places in a picture.

    Args:
        size: (width, height) of the picture, in pixels.
        params: the step's.
    """
    width, height = (params[f"slice_{side}"] for side in ("width", "height"))
    for top in _starts(size[1], height, params["overlap_height_ratio"]):
        for left in _starts(size[0], width, params["overlap_width_ratio"]):
            yield left, top, min(left + width, size[0]), min(top + height, size[1])


def _starts(side: int, length: int, overlap: float) -> list[int]:
    if side <= length:
        return [0]
    return [*range(0, side - length, length - int(overlap * length)), side - length]


def cut(params: Params, job: Job) -> tuple[Tile, ...]:
    """Cut one picture, in a worker, and write its tiles.

    Raises:
        ValueError: the picture is bad, or has changed since it was hashed; names the file.
    """
    try:
        data = pictures.read(job.source)
        if hashlib.sha256(data).hexdigest() != job.sha256:
            raise ValueError("has changed while the run was at work; run again")
        picture = pictures.decode(
            data, size=job.size, exif=params["exif"], max_pixels=params["max_pixels"]
        )
    except (ValueError, OSError) as error:
        if is_refusal(error):  # the machine is at fault, not the picture
            raise
        raise ValueError(f"{job.source}: {error}") from error
    return tuple(
        _tile(params, job, picture, window, target)
        for window, target in zip(job.windows, job.targets, strict=True)
    )


def _tile(
    params: Params, job: Job, picture: "pictures.Picture", window: Window, target: Path
) -> Tile:
    left = tuple(_moved(job, one, window, params) if one else None for one in job.instances)
    of_parts = tuple(
        {key: _moved(job, one, window, NO_LIMITS) for key, one in row.items()} for row in job.parts
    )
    if params["ignore_negative_samples"] and not any(one and not one.reason for one in left):
        return Tile("", left, of_parts)
    pixels = picture[window[1] : window[3], window[0] : window[2]]
    content = pictures.encode(pixels, target.suffix, params["quality"])
    with writing(target, len(content)):
        target.write_bytes(content)
    return Tile(hashlib.sha256(content).hexdigest(), left, of_parts)


def _moved(job: Job, one: "Instance", window: Window, limits: Mapping[str, float]) -> Left:
    from coco_recipe_pictures.geometry.carried import moved

    size = window[3] - window[1], window[2] - window[0]
    return judged(moved(one, _matrix(window), job.size[::-1], size), limits)


def _matrix(window: Window) -> "Matrix":
    import numpy as np

    return np.array([[1.0, 0, -window[0]], [0, 1, -window[1]], [0, 0, 1]])


def _jobs(
    ctx: StepContext,
    dataset: Dataset,
    rows: Mapping[int, list[Annotation]],
    params: Params,
) -> Iterator[Job]:
    """Yield the job of each picture, in order; no two tiles have one name."""
    taken = set[str]()
    turns = any(map(turned_box, dataset.annotations))
    for image in dataset.images:
        size = (int(image.width or 0), int(image.height or 0))
        found = tuple(windows(size, params))
        own = rows[image.id]
        stem = PurePosixPath(image.file_name).with_suffix("").as_posix()
        if stem.casefold() in taken:  # beside a.jpg there is a.png
            stem = f"{stem}.{image.id}"
        taken.add(stem.casefold())
        files = [f"{stem}_{'_'.join(map(str, window))}.{params['format']}" for window in found]
        targets = tuple((ctx.images / file).absolute() for file in files)
        targets[0].parent.mkdir(parents=True, exist_ok=True)
        source = dataset.path_of(image)
        yield Job(
            source.absolute(),
            ctx.sha256(source),
            size,
            found,
            targets,
            tuple(instances.instance(row, {}, or_upright=turns) for row in own),
            tuple(parts.of(row) for row in own),
        )


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
        copied = parts.moved(copied, made.parts[n], mirrored=False)
        size = window[2] - window[0], window[3] - window[1]
        matrix = _matrix(window).ravel().tolist()
        self.rows.append(parts.with_turned_box(copied, row, matrix, size, or_upright=self.turns))
        self.next_row += 1
        return True

    def dataset(self) -> Dataset:
        """Return the tiles, and note what no tile has."""
        self.ctx.note("annotations in no tile", len(self.in_no_tile))
        if self.in_no_tile:
            self.ctx.note("ids of annotations in no tile", self.in_no_tile)
            self.ctx.note("summary", f"{counted(len(self.in_no_tile), 'annotation')} in no tile")
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
    needs=NEEDS,
    preload=("coco_recipe_pictures.augment.preload",),
    writes=True,
    reads_pixels=True,
    checks=("pictures", "masks"),
    stops_at_rows=_stops_at_rows,
    doubts=instances.DOUBTS,
    refuses=tuple(kind.name for kind in picture_checks.REFUSED),
    mends=tuple(kind.name for kind in picture_checks.KINDS),
)
