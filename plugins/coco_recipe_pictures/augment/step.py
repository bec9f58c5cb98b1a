"""Step ``augment``: new images from old ones, with annotations that move with the pixels."""

from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from coco_recipe import Dataset, Port, Step, StepContext
from coco_recipe_pictures import pictures
from coco_recipe_pictures.augment import before, copying, plans, records
from coco_recipe_pictures.augment.choosing import Copy
from coco_recipe_pictures.augment.copying import Job, Made
from coco_recipe_pictures.augment.output import Output
from coco_recipe_pictures.augment.params import PARAMS
from coco_recipe_pictures.augment.records import IMAGES, Books, Record
from coco_recipe_pictures.augment.work import Work
from coco_recipe_pictures.checks import picture_checks
from coco_recipe_pictures.geometry import instances


def augment(ctx: StepContext, *, dataset: Dataset, **params: Any) -> Mapping[str, Dataset]:
    """Make new images; the output holds the new ones only: merge them with the old.

    Each copy has a seed of its own (from the recipe's seed, the step, the image's identity, the
    copy and the try), so that neither order nor the number of workers matters. Each annotation is
    carried through the whole pipeline, and its box, area and segmentation are derived once, at the
    end; what falls out is in the ledger with its visibility. New ids follow the largest of the
    source, so that they collide with none of it. ``augmented.jsonl`` says for each copy which
    transforms fired, with their parameters; a copy whose picture, pipeline and environment are
    unchanged isn't made again.

    Args:
        ctx: what the run gives to a step.
        dataset: the pictures and their annotations; sizes and places in pixels.
        params: see the table.

    Returns:
        The copies, with the annotations that are left in them.

    Raises:
        ValueError: the pipeline is wrong; an image can't be read or hasn't the size that the data
            set says; a box reaches out of its image.
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
    read=before.read,
    check=before.check,
    files=before.files,
    foresee=before.foresee,
    examine=before.examine,
    forecast=plans.forecast,
    tell=plans.tell,
    room=before.room,
    review=before.review,
    preview=_preview,
    replay=_replay,
    needs=before.needs,
    preload=before.preload,
    apart=("coco_recipe_pictures.augment.previewing", "coco_recipe_pictures.augment.plans"),
    varies=True,
    writes=True,
    reads_pixels=True,
    resumes=True,
    checks=("pictures", "masks"),
    stops_at=before.stops_at,
    stops_at_rows=before.stops_at_rows,
    doubts=instances.DOUBTS,
    refuses=lambda params: tuple(before.refuses(params)),
    mends=tuple(kind.name for kind in picture_checks.KINDS),
)  # its pictures are new ones
