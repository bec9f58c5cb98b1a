"""Which pictures of the inputs come to a step that would stop at them."""

from collections.abc import Iterator
from typing import Any

from coco_recipe.ahead import Ahead
from coco_recipe.dataset import Dataset
from coco_recipe.plan import PlannedStep


def stopped_at(ahead: Ahead, step: PlannedStep, pictures: frozenset[str]) -> frozenset[str]:
    """Return at which pictures, given by their paths, a step would stop that refuses their kind.

    The steps in memory above it are run, if they haven't been. Where it can't be known what comes
    to the step (it stands below one that writes files, or below one that fails), all of the
    pictures are returned: better a stop before the work than in its midst.
    """
    values = ahead.values_of(step)
    if values is None:
        return pictures
    found: set[str] = set()
    for value in values.values():
        for dataset in _datasets(value):
            found |= _stopped(step, dataset, pictures)
    return frozenset(found)


def _datasets(value: Any) -> Iterator[Dataset]:
    yield from (one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, Dataset))


def _stopped(step: PlannedStep, dataset: Dataset, pictures: frozenset[str]) -> frozenset[str]:
    here = pictures & {str(dataset.path_of(image)) for image in dataset.images
                       if dataset.folders.get(dataset.place_of(image)[0])}
    if step.offer.step.stops_at is None or not here:
        return here
    try:
        return here & frozenset(step.offer.step.stops_at(step.bound, dataset, here))
    except Exception:  # as where the rows are wrong, too, which is told beside this
        return here
