"""Step ``augment``: new images from old ones, with boxes, polygons, masks and keypoints that move with the pixels."""

from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from coco_recipe_albumentations.pipeline.read import Pipeline

from coco_recipe import (
    Annotation,
    Complaint,
    Dataset,
    Facts,
    Finding,
    Image,
    Misfit,
    Package,
    Port,
    Row,
    Step,
    StepContext,
    read_header,
    turned_box,
)
from coco_recipe_pictures import pictures
from coco_recipe_pictures.augment import choosing, copying, records, refusals
from coco_recipe_pictures.augment.choosing import Copy
from coco_recipe_pictures.augment.chosen import Chosen
from coco_recipe_pictures.augment.copying import Job, Made, Settings
from coco_recipe_pictures.augment.output import Output
from coco_recipe_pictures.augment.records import IMAGES, Books, Record, item_digest
from coco_recipe_pictures.checks import picture_checks
from coco_recipe_pictures.geometry import instances, parts

INSTALL = 'pip install "coco-recipe[augment]"'

if TYPE_CHECKING:
    from coco_recipe_pictures.geometry.carried import Instance

IN_FLIGHT = 64  # images
_DOUBTS = (  # what an input with rows that can't be moved has
    "images_without_size",
    "boxes_of_no_area",
    "boxes_outside",
    "boxes_past_the_edge",
    "boxes_normalised",
    "keypoints_far_outside",
    "keypoints_of_wrong_number",
    "keypoints_of_wrong_type",
    "masks_of_another_size",
    "masks_with_wrong_runs",
    "polygons_too_short",
    "segmentations_far_outside",
    "segmentations_flat",
    "segmentations_of_no_area",
    "segmentations_of_pairs",
    "segmentations_of_texts",
    "segmentations_of_unknown_form",
)
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
PARAMS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["pipeline"],
    "properties": {
        "pipeline": {
            "anyOf": [
                {"type": "string", "format": "recipe-file"},
                {"type": "array", "minItems": 1},
                {"type": "object"},
            ],
            "description": "An Albumentations pipeline: a list, its own dict form, or a file that A.save wrote. "
            "Sizes may be ${image.width} and ${image.height}, with min, max, +, -, * and //.",
            "examples": [[{"HorizontalFlip": {"p": 0.5}}]],
        },
        "allow_files": {
            "type": "boolean",
            "default": False,
            "examples": [True],
            "description": "Allow transforms that read files of their own (FDA, TextImage, ...).",
        },
        "copies": {
            "type": "integer",
            "minimum": 1,
            "default": 1,
            "description": "New images for each image.",
            "examples": [2],
        },
        "where": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "description": "Only images that have one of these categories, and these values in their fields.",
            "properties": {
                "categories": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "fields": {"type": "object", "minProperties": 1},
            },
            "examples": [{"categories": ["瓶盖打旋"]}, {"fields": {"width": 658}}],
        },
        "balance": {
            "type": "object",
            "additionalProperties": False,
            "required": ["boxes"],
            "description": "Instead of copies: as many as bring each class near so many boxes, originals "
            "counted; whole images, so that neighbours rise too (the record has the table).",
            "properties": {
                "boxes": {
                    "anyOf": [
                        {"type": "integer", "minimum": 1},
                        {
                            "type": "object",
                            "minProperties": 1,
                            "additionalProperties": {"type": "integer", "minimum": 1},
                        },
                    ]
                },
                "max_copies": {"type": "integer", "minimum": 1, "default": 10},
            },
            "examples": [{"boxes": 500, "max_copies": 8}],
        },
        "min_visibility": {
            **_SHARE,
            "default": 0.0,
            "examples": [0.1],
            "description": "Share of the original annotation, over the whole pipeline, that must remain.",
        },
        "min_area_px": {
            "type": "number",
            "minimum": 0,
            "default": 0.0,
            "examples": [16],
            "description": "Smallest area of what remains, in square pixels.",
        },
        "min_side_px": {
            "type": "number",
            "minimum": 0,
            "default": 0.0,
            "examples": [4],
            "description": "Smallest shorter side of the box of what remains, in pixels.",
        },
        "accept": {
            "type": "object",
            "additionalProperties": False,
            "default": {},
            "description": "Rules that a whole copy must fulfil, else it is tried again: no annotation whose "
            "visibility is between two bounds; so many annotations left; no more than so many lost. A picture "
            "without annotations fulfils all.",
            "properties": {
                "no_visibility_between": {
                    "type": "array",
                    "items": _SHARE,
                    "minItems": 2,
                    "maxItems": 2,
                },
                "min_annotations": {"type": "integer", "minimum": 1},
                "max_lost": {"type": "integer", "minimum": 0},
            },
            "examples": [{"no_visibility_between": [0.1, 0.6], "min_annotations": 1}],
        },
        "max_tries": {
            "type": "integer",
            "minimum": 1,
            "maximum": 1000,
            "default": 10,
            "examples": [20],
            "description": "Tries for a copy, each with its own seed; then it is given up, and is in the ledger.",
        },
        "unchanged": {
            "enum": ["keep", "skip", "retry"],
            "default": "keep",
            "examples": ["retry"],
            "description": "What becomes of a copy in which no transform fired.",
        },
        "mirrored_keypoints": {
            "type": "array",
            "items": {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "items": {"type": ["string", "integer"], "minimum": 1},
            },
            "description": "Keypoints that trade places in a mirrored picture, by name or by number from "
            "1, beside those whose names differ by left and right, or by L and R; [] says that none "
            "does. Where none is found, or some have no partner, a pipeline that mirrors asks.",
            "examples": [[["left_eye", "right_eye"]], [[1, 2]]],
        },
        "mirrored_categories": {
            "type": "array",
            "items": {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "uniqueItems": True,
                "items": {"type": "string"},
            },
            "description": "Categories that trade places in a mirrored picture, by name; [] says that "
            "none does. Without it, a pipeline that mirrors names with a direction is a warning.",
            "examples": [[["arrow_left", "arrow_right"]]],
        },
        "repeated": {
            "enum": ["label", "fill"],
            "examples": ["label"],
            "description": "Borders that repeat the picture (border_mode 2, 3, 4) show objects "
            "again without an annotation: label annotates them too (repeated.jsonl names "
            "them), fill makes the border of one colour (border_mode 0).",
        },
        "other_geometry": {
            "enum": ["refuse", "drop", "keep"],
            "default": "refuse",
            "examples": ["drop"],
            "description": "Keys of annotations beside bbox, segmentation and keypoints, and of images, that hold "
            "places (head_box, parts[].bbox, ...), where the pipeline moves pixels: refuse, leave them "
            "out of the copies, or keep them as they are, which is wrong.",
        },
        "format": {
            "enum": ["jpg", "png"],
            "default": "jpg",
            "description": "File format of the new images.",
            "examples": ["png"],
        },
        "quality": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 95,
            "description": "JPEG quality.",
            "examples": [90],
        },
        "exif": {
            "enum": ["apply", "ignore"],
            "default": "apply",
            "examples": ["ignore"],
            "description": "Turn a picture as its EXIF orientation says, or take the pixels as they are stored; the data set's "
            "width and height must fit.",
        },
        "max_pixels": {
            "type": "integer",
            "minimum": 1,
            "default": 100_000_000,
            "examples": [20_000_000],
            "description": "A source with more pixels is bad.",
        },
        "bad_images": {
            "enum": ["error", "quarantine"],
            "default": "error",
            "examples": ["quarantine"],
            "description": "Sources that are damaged, too large, or not what the data set says: stop, or list them and go on "
            "without their copies.",
        },
    },
}


def augment(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Dataset]:
    """Make new images; the output holds the new ones only: merge them with the old.

    Each copy has a seed of its own (from the recipe's seed, the step, the image's identity, the copy and the try), so
    that neither order nor the number of workers matters. Each annotation is carried through the whole pipeline, and its
    box, area and segmentation are derived once, at the end; what falls out is in the ledger with its visibility. New ids
    follow the largest of the source, so that they collide with none of it. ``augmented.jsonl`` says for each copy which
    transforms fired, with their parameters; a copy whose picture, pipeline and environment are unchanged isn't made
    again.

    Raises:
        ValueError: the pipeline is wrong; an image can't be read or hasn't the size that the data set says; a box
            reaches out of its image.
    """
    work = Work(ctx, dataset, params)
    books, out = Books(ctx.workdir, ctx.earlier), Output(ctx, work)
    for done, (copy, record, is_new) in enumerate(_outcomes(ctx, work, books)):
        books.add(record, is_new=is_new)
        out.add(copy, record.made, is_new=is_new)
        ctx.progress(done + 1, work.total)
    books.close()
    out.note()
    return {
        "dataset": Dataset(
            tuple(out.images),
            tuple(out.rows),
            dataset.categories,
            ctx.step_id,
            {ctx.step_id: ctx.images},
            dataset.extra,
        )
    }


class Work:
    """The copies to make, and the job of each.

    Raises:
        ValueError: what is asked for can't be done with this data set.
    """

    def __init__(self, ctx: StepContext, dataset: Dataset, params: Mapping[str, Any]) -> None:
        self.ctx, self.dataset = ctx, dataset
        self.pipeline, self.repeated = _applied(params), params["repeated"]
        chosen = Chosen.of(dataset, params, self.pipeline.written)
        self.annotations, self.choice, self.swap, self.mirror = (
            chosen.annotations,
            chosen.choice,
            chosen.swap,
            chosen.mirror,
        )
        self.total = sum(self.choice.copies)
        self.other_geometry, self.warps = (
            params["other_geometry"],
            refusals.warps(self.pipeline.written, self.repeated),
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
                self.settings.quarantine and _would_stop(params, image, dataset.path_of(image))
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

    def canonical(self) -> dict[str, Any]:
        """Return the pipeline's canonical form, with the library's name and version."""
        return self.pipeline.canonical()

    def copies(self) -> Iterator[Copy]:
        """Yield the copies to make, in order."""
        return choosing.named(self.dataset, self.choice, self.ctx.step_id, self.settings.suffix)

    def _shapes(self, image_id: int) -> "tuple[Instance | None, ...]":
        """Return the geometry of an image's annotations, in order; ``shapes`` does it once for what is in flight."""
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
        """Return a row with the category that it has in a copy: another in a mirrored one, if the recipe says so."""
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
        """Return the record of a copy."""
        return Record(
            copy.name,
            self.dataset.identity(copy.image),
            self.dataset.family(copy.image),
            source_sha256,
            copy.number,
            item,
            made,
        )


def _outcomes(ctx: StepContext, work: Work, books: Books) -> Iterator[tuple[Copy, Record, bool]]:
    """Yield each copy, in order, with its record and whether it was made now."""
    waiting: deque[tuple[Copy, str, str, bool]] = (
        deque()
    )  # filled as the workers take jobs, a little ahead
    folders: set[Path] = set()

    def todo() -> Iterator[Job]:
        for copy in work.copies():
            job = work.job(copy)
            item = work.item(job)
            if job.target.parent not in folders:
                job.target.parent.mkdir(parents=True, exist_ok=True)
                folders.add(job.target.parent)
            there = books.find(item, copy.name)
            waiting.append((copy, item, job.sha256, there))
            if not there:
                yield job

    def reused() -> Iterator[tuple[Copy, Record, bool]]:
        while waiting and waiting[0][3]:
            copy, item, source_sha256, _ = waiting.popleft()
            earlier = books.earlier(item)
            assert earlier is not None, f"BUG: {copy.name} was found and has no record"
            yield copy, work.record(copy, item, source_sha256, earlier.made), False

    lost = _lost if work.settings.quarantine else None
    for made in ctx.map(partial(copying.make, work.settings), todo(), lost):
        yield from reused()
        copy, item, source_sha256, _ = waiting.popleft()
        yield copy, work.record(copy, item, source_sha256, made), True
    yield from reused()


def _lost(job: Job, reason: str) -> Made:
    return Made(bad=reason)


def _read(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the pipeline, once for all that asks of it."""
    return {"pipeline": Pipeline.of(params["pipeline"], allow_files=params["allow_files"])}


def _applied(params: Mapping[str, Any]) -> Pipeline:
    """Return the pipeline as it is applied: its borders are of one colour where the recipe says so."""
    pipeline: Pipeline = params["pipeline"]
    return pipeline.with_plain_borders if params["repeated"] == "fill" else pipeline


def _settings(params: Mapping[str, Any], pipeline: Pipeline) -> Settings:
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


def _check(params: Mapping[str, Any]) -> Iterator[Complaint]:
    low, high = params["accept"].get("no_visibility_between", (0, 1))
    if low >= high:
        yield Complaint(
            ("accept", "no_visibility_between"),
            f"the first bound, {low}, must be below the second, {high}",
        )
    if params.get("balance") and params["copies"] != 1:
        yield Complaint(
            ("copies",),
            "stands beside 'balance', which decides the number of copies",
            "leave it out; balance's max_copies is the cap",
        )
    yield from params["pipeline"].problems


def _foresee(params: Mapping[str, Any], facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    """Build the pipeline as it will be built, for the sizes that are known; look for the names in the parameters."""
    known, pipeline = facts["dataset"], params["pipeline"]
    chosen = known.of_fewer_images() if params.get("where") else known
    sizes = [size for size in (chosen.smallest, chosen.largest) if size]
    found = list(choosing.complaints(params, known))
    try:
        if sizes:
            pipeline.check_sizes(sizes)
        elif not pipeline.needs_size:
            pipeline.build()
    except Misfit as error:
        found += error.complaints
    Misfit.if_any(found)
    return {"dataset": known.of_other_images()}


def _examine(
    given: Mapping[str, Any],
    facts: Mapping[str, Facts],
    values: Callable[[], Mapping[str, Any] | None],
) -> None:
    """Ask what must be chosen for the rows, before the first step runs; where they aren't known, `Work` asks it.

    The rows are those that come here: a step above may drop the keys, categories or images that would ask.
    """
    params = {name: given.get(name) for name in PARAMS["properties"]}
    pipeline = _applied(params).written
    may_ask = params["mirrored_categories"] or refusals.may_ask(pipeline, params, facts["dataset"])
    if may_ask and (found := values()):
        Chosen.of(found["dataset"], params, pipeline)


def _refuses(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the kinds of pictures at which it stops, unless it is to go on without them."""
    if params["bad_images"] == "error":
        yield from (kind.name for kind in picture_checks.REFUSED)


def _stops_at(
    params: Mapping[str, Any], dataset: Dataset, pictures_: Container[str]
) -> Iterator[str]:
    """Yield those of the pictures that are opened, as copies are made of them, and can't be taken as EXIF is here."""
    choice = choosing.choose(
        dataset,
        dataset.annotations_of(),
        copies=params["copies"],
        where=params.get("where"),
        balanced=params.get("balance"),
    )
    for image, copies in zip(dataset.images, choice.copies, strict=True):
        path = dataset.path_of(image)
        if copies and str(path) in pictures_ and _would_stop(params, image, path):
            yield str(path)


def _stops_at_rows(given: Mapping[str, Any], dataset: Dataset) -> Iterator[Row]:
    """Yield rows of what gets copies that can't be moved; those of pictures in quarantine are left out."""
    params = {name: given.get(name) for name in PARAMS["properties"]}
    try:
        chosen = Chosen.of(dataset, params, _applied(params).written)
    except ValueError:  # what is to be chosen is asked beside this
        return
    yield from instances.unmovable(
        chosen.annotations,
        chosen.images,
        chosen.swap,
        is_left_out=lambda image: (
            params["bad_images"] == "quarantine"
            and _would_stop(params, image, dataset.path_of(image))
        ),
    )


def _would_stop(params: Mapping[str, Any], image: Image, path: Path) -> bool:
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


def _review(
    step_id: str, params: Mapping[str, Any], facts: Mapping[str, Facts]
) -> Iterator[Finding]:
    yield from refusals.direction(
        params["pipeline"].written,
        facts["dataset"].classes or (),
        step_id,
        params.get("mirrored_categories"),
        params.get("repeated"),
    )


def _files(params: Mapping[str, Any]) -> list[Path]:
    """Return the pictures that the pipeline reads."""
    found: list[Path] = params["pipeline"].files()
    if missing := [path for path in found if not path.is_file()]:
        raise ValueError(
            f"pipeline: there is no reference image {missing[0]} (relative to {Path.cwd()})"
        )
    return found


def _preview(
    ctx: StepContext,
    target: Path,
    images: int | tuple[str, ...],
    *,
    dataset: Dataset,
    **params: Any,
) -> None:
    from coco_recipe_pictures.augment.previewing import draw

    draw(Work(ctx, dataset, params), target, images)


def _replay(ctx: StepContext, name: str, *, dataset: Dataset, **params: Any) -> bytes:
    """Make one copy again, with the seed of the try that its record says."""
    assert ctx.earlier is not None
    work, wanted = Work(ctx, dataset, params), name.removeprefix(f"{IMAGES}/")
    copy = next((copy for copy in work.copies() if copy.name == wanted), None)
    record = next(
        (record for record in records.read(ctx.earlier / records.RECORD) if record.image == wanted),
        None,
    )
    if copy is None or record is None:
        raise ValueError(f"there is no record of {wanted}")
    job = work.job(copy)
    if job.sha256 != record.source_sha256:
        raise ValueError(f"{job.source}: has changed since the run")
    _, picture = copying.one_try(
        work.settings, job, copying.decode(work.settings, job), record.made.number_of_try
    )
    return pictures.encode(picture, work.settings.suffix, work.settings.quality)


STEP = Step(
    name="augment",
    run=augment,
    params=PARAMS,
    inputs={"dataset": Port(Dataset, reads_only=True)},
    outputs={"dataset": Dataset},
    read=_read,
    check=_check,
    files=_files,
    foresee=_foresee,
    examine=_examine,
    review=_review,
    preview=_preview,
    replay=_replay,
    needs=(
        Package("albumentations", install=INSTALL),
        Package("cv2", "opencv-python-headless", INSTALL),
        Package("numpy", install=INSTALL),
    ),
    preload=("coco_recipe_albumentations.preload",),
    apart=("coco_recipe_pictures.augment.previewing",),
    writes=True,
    reads_pixels=True,
    resumes=True,
    checks=("pictures", "masks"),
    stops_at=_stops_at,
    stops_at_rows=_stops_at_rows,
    doubts=_DOUBTS,
    refuses=lambda params: tuple(_refuses(params)),
    mends=tuple(kind.name for kind in picture_checks.KINDS),
)  # its pictures are new ones
