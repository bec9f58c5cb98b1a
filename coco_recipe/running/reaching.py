"""Which pictures and rows of the inputs come to the steps that open them, or would stop at them."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from coco_recipe.checks.missing_files import MISSING
from coco_recipe.dataset import Dataset, Image
from coco_recipe.findings import Finding
from coco_recipe.kinds import STOPPING
from coco_recipe.planning.plan import Plan, PlannedStep
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.values.kind import each


def opened(planned: Plan, name: str, ahead: Rehearsal) -> tuple[Image, ...]:
    """Return the images of an input whose pictures steps will open, with the names that they have
    then.

    The steps in memory above are run, if they haven't been. Rows that can't be had before the run
    are left to the step that opens their pictures.

    Args:
        planned: the plan.
        name: the input's.
        ahead: gives what comes to a step.
    """
    found: dict[str, Image] = {}
    for step in planned.steps:
        mends = MISSING.name in step.step.mended_for(step.params)  # looks before it opens
        values = (ahead.values_of(step) or {}) if step.reads_pixels and not mends else {}
        for dataset in (dataset for value in values.values() for dataset in _datasets(value)):
            for image in dataset.images:
                folder, file = dataset.place_of(image)
                if folder == name and file not in found:
                    found[file] = replace(image, file_name=file, coco_recipe=UNSET)
    return tuple(found.values())


def stopped_at(ahead: Rehearsal, step: PlannedStep, pictures: frozenset[str]) -> frozenset[str]:
    """Return at which pictures a step would stop that refuses their kind.

    The steps in memory above it are run, if they haven't been. Where it can't be known what comes
    to the step (it stands below one that writes files, or below one that fails), all of the
    pictures are returned: better a stop before the work than in its midst.

    Args:
        ahead: gives what comes to a step.
        step: the step.
        pictures: of a kind that it refuses, by path.
    """
    values = ahead.values_of(step)
    if values is None:
        return pictures
    found: set[str] = set()
    for value in values.values():
        for dataset in _datasets(value):
            found |= _stopped(step, dataset, pictures)
    return frozenset(found)


def stopping_rows(planned: Plan, ahead: Rehearsal, found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield, by step, the rows that come to a step and at which it would stop.

    The steps in memory above it are run, if they haven't been. Rows that can't be had before the
    run are left to the step itself.

    Args:
        planned: the plan.
        ahead: gives what comes to a step.
        found: what is wrong with the inputs; a step that doubts none of it isn't asked.
    """
    kinds = {finding.kind.name for finding in found}
    for step in planned.steps:
        offered = step.step
        if offered.stops_at_rows is None or not kinds.intersection(offered.doubts):
            continue
        values = ahead.values_of(step) or {}
        rows = [
            row
            for value in values.values()
            for dataset in _datasets(value)
            for row in offered.stops_at_rows(step.bound, dataset)
        ]
        if rows:
            yield Finding.of(STOPPING, step.id, rows)


def _datasets(value: Any) -> Iterator[Dataset]:
    yield from (one for one in each(value) if isinstance(one, Dataset))


def _stopped(step: PlannedStep, dataset: Dataset, pictures: frozenset[str]) -> frozenset[str]:
    here = pictures & {
        str(dataset.path_of(image))
        for image in dataset.images
        if dataset.folders.get(dataset.place_of(image)[0])
    }
    if step.step.stops_at is None or not here:
        return here
    try:
        return here & frozenset(step.step.stops_at(step.bound, dataset, here))
    except Exception:  # as where the rows are wrong, too, which is told beside this
        return here
