"""The work of ``tile``: where tiles lie, and what each has of its picture and its annotations."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from coco_recipe import (
    Annotation,
    Dataset,
    Image,
    Params,
    StepContext,
    is_refusal,
    turned_box,
    writing,
)
from coco_recipe_pictures import pictures
from coco_recipe_pictures.geometry import instances, parts
from coco_recipe_pictures.geometry.judging import Left, judged

if TYPE_CHECKING:
    from coco_recipe_pictures.geometry.instance import Instance
    from coco_recipe_pictures.geometry.move import Matrix

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
    picture = decode(params, job)
    return tuple(
        _tile(params, job, picture, window, target)
        for window, target in zip(job.windows, job.targets, strict=True)
    )


def decode(params: Params, job: Job) -> "pictures.Picture":
    """Read a picture, and check that it is the one that was hashed.

    Args:
        params: the step's.
        job: says which picture.

    Returns:
        uint8 (height, width, 3), RGB.

    Raises:
        ValueError: the picture is bad, or has changed since it was hashed; names the file.
    """
    try:
        data = pictures.read(job.source)
        if hashlib.sha256(data).hexdigest() != job.sha256:
            raise ValueError("has changed while the run was at work; run again")
        return pictures.decode(
            data, size=job.size, exif=params["exif"], max_pixels=params["max_pixels"]
        )
    except (ValueError, OSError) as error:
        if is_refusal(error):  # the machine is at fault, not the picture
            raise
        raise ValueError(f"{job.source}: {error}") from error


def left_in(params: Params, job: Job, window: Window) -> tuple[Left | None, ...]:
    """Return what a tile has of each annotation; None for one without a geometry.

    Args:
        params: the step's.
        job: the picture that is cut, with the geometry of its annotations.
        window: the tile's place in it, in pixels.
    """
    return tuple(_moved(job, one, window, params) if one else None for one in job.instances)


def is_negative(left: Sequence[Left | None]) -> bool:
    """Report whether a tile has no annotation."""
    return not any(one and not one.reason for one in left)


def _tile(
    params: Params, job: Job, picture: "pictures.Picture", window: Window, target: Path
) -> Tile:
    left = left_in(params, job, window)
    of_parts = tuple(
        {key: _moved(job, one, window, NO_LIMITS) for key, one in row.items()} for row in job.parts
    )
    if params["ignore_negative_samples"] and is_negative(left):
        return Tile("", left, of_parts)
    pixels = picture[window[1] : window[3], window[0] : window[2]]
    content = pictures.encode(pixels, target.suffix, params["quality"])
    with writing(target, len(content)):
        target.write_bytes(content)
    return Tile(hashlib.sha256(content).hexdigest(), left, of_parts)


def _moved(job: Job, one: "Instance", window: Window, limits: Mapping[str, float]) -> Left:
    from coco_recipe_pictures.geometry.carried import moved

    size = window[3] - window[1], window[2] - window[0]
    return judged(moved(one, matrix_of(window), job.size[::-1], size), limits)


def matrix_of(window: Window) -> "Matrix":
    """Return the 3x3 matrix from places of the picture to places of the tile, in pixels."""
    import numpy as np

    return np.array([[1.0, 0, -window[0]], [0, 1, -window[1]], [0, 0, 1]])


def jobs(
    ctx: StepContext,
    dataset: Dataset,
    images: Sequence[Image],
    rows: Mapping[int, Sequence[Annotation]],
    params: Params,
) -> Iterator[Job]:
    """Yield the job of each picture, in order; no two tiles have one name.

    Args:
        ctx: what the run gives to the step.
        dataset: what comes to it.
        images: those to cut.
        rows: the annotations by image id.
        params: the step's.
    """
    taken = set[str]()
    turns = any(map(turned_box, dataset.annotations))
    for image in images:
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
            tuple(instances.instance(row, {}, size=size, or_upright=turns) for row in own),
            tuple(parts.of(row) for row in own),
        )
