"""What ``augment`` has to do: its copies, and the job of each."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe import (
    Annotation,
    Dataset,
    Image,
    Params,
    StepContext,
    StepProblems,
    read_header,
    turned_box,
)
from coco_recipe_pictures import pictures
from coco_recipe_pictures.augment import choosing, refusals
from coco_recipe_pictures.augment.choosing import Copy
from coco_recipe_pictures.augment.chosen import Chosen
from coco_recipe_pictures.augment.copying import Job, Made, Settings
from coco_recipe_pictures.augment.records import IMAGES, Record, item_digest
from coco_recipe_pictures.backend import Pipeline
from coco_recipe_pictures.geometry import instances, parts
from coco_recipe_pictures.pipelines import Read

if TYPE_CHECKING:
    from coco_recipe_pictures.geometry.instance import Instance

IN_FLIGHT = 64  # images


class Work:
    """The copies to make, and the job of each.

    Raises:
        ValueError: what is asked for can't be done with this data set.
    """

    def __init__(self, ctx: StepContext, dataset: Dataset, params: Params) -> None:
        self.ctx, self.dataset = ctx, dataset
        self.pipeline, self.repeated = applied(params), params["repeated"]
        chosen = Chosen.of(dataset, params, self.pipeline)
        self.annotations, self.choice, self.swap, self.mirror = (
            chosen.annotations,
            chosen.choice,
            chosen.swap,
            chosen.mirror,
        )
        self.total = sum(self.choice.copies)
        self.other_geometry, self.warps = (
            params["other_geometry"],
            refusals.warps(self.pipeline, self.repeated),
        )
        self.settings = _settings(params, self.pipeline)
        self.turns = any(
            map(turned_box, dataset.annotations)
        )  # a rotation of 0 is one among others then
        self.shapes = lru_cache(maxsize=IN_FLIGHT)(self._shapes)
        self.parts = lru_cache(maxsize=IN_FLIGHT)(self._parts)
        instances.check(
            self.annotations,
            chosen.images,
            self.swap,
            is_left_out=lambda image: (
                self.settings.quarantine and would_stop(params, image, dataset.path_of(image))
            ),
        )
        self.sizes = {
            image.id: (int(image.width or 0), int(image.height or 0)) for image in chosen.images
        }
        if self.sizes:
            self.pipeline.check_sizes({*self.sizes.values()})
        self._common = item_digest(
            self.canonical(), self.settings.decisive(), dict(ctx.environment)
        )

    def canonical(self) -> Mapping[str, Any]:
        """Return the pipeline's canonical form, with the library's name and version."""
        return self.pipeline.canonical()

    def copies(self) -> Iterator[Copy]:
        """Yield the copies to make, in order."""
        return choosing.named(self.dataset, self.choice, self.ctx.step_id, self.settings.suffix)

    def _shapes(self, image_id: int) -> "tuple[Instance | None, ...]":
        """Return the geometry of an image's annotations, in order.

        ``shapes`` does it once for what is in flight.
        """
        size = self.sizes.get(image_id)
        return tuple(
            instances.instance(row, self.swap, or_upright=self.turns, size=size)
            for row in self.annotations[image_id]
        )

    def _parts(self, image_id: int) -> "tuple[Mapping[str, Instance], ...]":
        """Return the geometry of the parts of an image's annotations, by key, in order."""
        return tuple(parts.of(row) for row in self.annotations[image_id])

    def job(self, copy: Copy) -> Job:
        """Return what a worker needs to make a copy."""
        source = self.dataset.path_of(copy.image)
        target = self.ctx.workdir / IMAGES / copy.name
        shapes = tuple(shape for shape in self.shapes(copy.image.id) if shape)
        return Job(
            source.absolute(),
            self.ctx.sha256(source),
            target.absolute(),  # a worker may stand in another folder
            (int(copy.image.width or 0), int(copy.image.height or 0)),
            shapes,
            f"{self.ctx.seed}/{self.dataset.identity(copy.image)}/{copy.number}",
            tuple(one for row in self.parts(copy.image.id) for one in row.values()),
            not self.warps
            and any(
                turned_box(row, or_upright=self.turns) for row in self.annotations[copy.image.id]
            ),
        )

    def named(self, row: Annotation, *, mirrored: bool) -> Annotation:
        """Return a row with the category that it has in a copy.

        It is another one in a mirrored copy, if the recipe says so.
        """
        other = (
            self.mirror.get(row.category_id)
            if mirrored and isinstance(row.category_id, int)
            else None
        )
        return row if other is None else msgspec.structs.replace(row, category_id=other)

    def item(self, job: Job) -> str:
        """Return the digest of all that a copy depends on."""
        return item_digest(
            self._common, job.sha256, job.size, job.instances, job.parts, job.is_turned, job.seed
        )

    def record(self, copy: Copy, item: str, source_sha256: str, made: Made) -> Record:
        """Return the record of a copy.

        Args:
            copy: the copy.
            item: the digest of all that it depends on.
            source_sha256: of its source's file.
            made: what a worker says of it.
        """
        return Record(
            copy.name,
            self.dataset.identity(copy.image),
            self.dataset.family(copy.image),
            source_sha256,
            copy.number,
            item,
            made,
        )


def applied(params: Params) -> Pipeline:
    """Return the pipeline as it is applied: with borders of one colour if the recipe says so."""
    pipeline = _sound(params["pipeline"])
    return pipeline.with_plain_borders if params["repeated"] == "fill" else pipeline


def _sound(read: Read) -> Pipeline:
    StepProblems.if_any(read.problems)
    assert read.pipeline is not None, "BUG: a pipeline that is not there has no problems"
    return read.pipeline


def _settings(params: Params, pipeline: Pipeline) -> Settings:
    limits = {
        name: float(params[name]) for name in ("min_visibility", "min_area_px", "min_side_px")
    }
    return Settings(
        pipeline.builder,
        limits,
        params["accept"],
        params["max_tries"],
        params["unchanged"],
        f".{params['format']}",
        params["quality"],
        params["exif"],
        params["max_pixels"],
        params["bad_images"] == "quarantine",
    )


def would_stop(params: Params, image: Image, path: Path) -> bool:
    """Report whether a picture can't be taken as EXIF is here; its header is read.

    Args:
        params: the step's.
        image: the image's row.
        path: its file.
    """
    try:
        head = read_header(path)
    except (ValueError, OSError):
        return True
    return pictures.would_stop(
        head,
        size=(int(image.width or 0), int(image.height or 0)),
        exif=params["exif"],
        max_pixels=params["max_pixels"],
    )
