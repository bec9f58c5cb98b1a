"""Rules about the rows that are learnt from: classes that a part lacks, rows that are skipped."""

from collections import Counter
from collections.abc import Iterable, Iterator

from coco_recipe.checks import trainers
from coco_recipe.checks.trainers import TRAINERS_SKIP
from coco_recipe.dataset import Dataset
from coco_recipe.findings import Finding, Kind, Row
from coco_recipe.linting.rule import Experiment, Rule

MISSING = Kind(
    "classes_missing_from_parts",
    "warning",
    "classes have boxes in one part and none in the other",
    "split: method: stratified, or other fractions; else leave the class out (filter_categories)",
)


def classes_missing(experiment: Experiment) -> Iterator[Finding]:
    """Find classes that are measured and never learnt, or learnt and never measured.

    A class without a box in the validation set has no AP, and COCO's mean leaves it out without a
    word; one without a box in the training set can't be found at all. Looked at are what is learnt
    from and what it is measured on, as far as the rows are known before the run.

    Triggers: a class with 3 boxes in one picture, and ``split`` with ``method: hash``.

    Doesn't: ``method: stratified`` where a class has at least as many groups as there are parts.
    """
    told = set[tuple[str, str]]()
    for one, other in experiment.opposed():
        found = [experiment.rows_behind(part.ref) for part in (one, other)]
        if found[0] is None or found[1] is None:
            continue
        in_one, in_other = (_boxes(rows or ()) for rows in found)
        for part, own, others, its in (
            (one, in_one, in_other, other),
            (other, in_other, in_one, one),
        ):
            lacking = [
                (name, n)
                for name, n in others.items()
                if n and not own[name] and (part.name, name) not in told
            ]
            told |= {(part.name, name) for name, _ in lacking}
            if lacking:
                rows = [
                    Row(f"class '{name}'", f"{n} in {its.name}, 0 in {part.name}")
                    for name, n in lacking
                ]
                yield Finding.of(MISSING, part.name, rows)


def rows_skipped(experiment: Experiment) -> Iterator[Finding]:
    """Find rows of the training set that the trainer leaves out without a word.

    mmdet's CocoDataset skips images with a side below 32 px, and boxes with a side below 1 px or an
    area of 0 or less. Looked at are the rows that are learnt from, before they are augmented.

    Triggers: boxes of 0.5 px, or rows with ``area: 0``, in ``in: {train: ...}``.

    Doesn't: ``filter_annotations: {min_side_px: 1, no_area: drop}`` above.
    """
    told = set[str]()
    for part in experiment.parts():
        if part.role == "train" and part.name not in told:
            told.add(part.name)
            for rows in experiment.rows_behind(part.ref) or ():
                if found := list(trainers.skipped(rows)):
                    yield Finding.of(TRAINERS_SKIP, part.name, found)


def _boxes(many: Iterable[Dataset]) -> Counter[str]:
    """Count boxes by class."""
    found = Counter[str]()
    for rows in many:
        found.update(rows.counts()["categories"])
    return found


RULES = (Rule(MISSING, classes_missing), Rule(TRAINERS_SKIP, rows_skipped))
