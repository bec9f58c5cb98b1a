"""Rules about images and their copies on two sides: by what is recorded, and by their names."""

from collections import defaultdict
from collections.abc import Iterator

from coco_recipe.checks.rows import of_image
from coco_recipe.dataset import Dataset, Image
from coco_recipe.findings import Finding, Kind, Row
from coco_recipe.linting import copy_names
from coco_recipe.linting.rule import Experiment, Part, Rule

ACROSS = Kind(
    "families_across_parts",
    "warning",
    "images are in what is learnt from and in what is measured on, themselves or by a copy",
    "measure on another part; split before you augment",
)
BEFORE = Kind(
    "augmented_before_split",
    "warning",
    "images have a copy of their original in the other part, by their names",
    "split: group_by: {pattern: ...} keeps copies with their original; or divide the originals, "
    "and augment what is learnt from alone",
)
VALIDATION = Kind(
    "validation_augmented",
    "warning",
    "images are augmented, though they are measured on",
    "measure on what split gives; merge copies into what is learnt from alone",
)


def across_parts(experiment: Experiment) -> Iterator[Finding]:
    """Find images that are learnt from and measured on, themselves or by a copy.

    What is compared is the original that each image goes back to, as the steps recorded it, in what
    is learnt from and in what it is measured on.

    Triggers: ``train`` with ``in: {train: raw, val: raw}``; a detector that is evaluated on its own
    training set.

    Doesn't: ``in: {train: parts.train, val: parts.val}``; folds, where each step learns from the
    others.
    """
    for one, other in experiment.opposed():
        learnt = {rows.family(image) for rows, image in _images(experiment, one)}
        found = [
            of_image(image, f"{rows.family(image)} is in {one.name}")
            for rows, image in _images(experiment, other)
            if rows.family(image) in learnt
        ]
        if found:
            yield Finding.of(ACROSS, f"{one.name}, {other.name}", found)


def before_split(experiment: Experiment) -> Iterator[Finding]:
    """Find copies whose original is on the other side, where nothing recorded the family.

    ``split`` keeps an image with all that ``augment`` made of it. It can't where the copies were
    made elsewhere: ``cap_flip.jpg`` beside ``cap.jpg``, or two ``cap_jpg.rf.<hash>.jpg`` of a
    Roboflow export. Looked at are the file names of what should have nothing in common; and steps
    of plugins that divide rows without regard to families, below one that augments.

    Triggers: ``a.jpg`` in ``parts.train`` and ``a_rot90.jpg`` in ``parts.val``.

    Doesn't: the same with ``split: group_by: {pattern: "^(.*?)(_rot90)?[.]jpg"}``.
    """
    for step in experiment.steps:
        if step.step.divides == "rows":
            varying = [one for one in experiment.above(step.id) if one.step.varies]
            rows = [Row(f"step '{step.id}'", f"divides what '{one.id}' made") for one in varying]
            if rows:
                yield Finding.of(BEFORE, step.id, rows)
    for one, other in experiment.opposed():
        names = defaultdict[str, list[tuple[str, str]]](list)
        for _, image in _unrecorded(experiment, one):
            name = copy_names.read(image.file_name)
            names[name.root].append((image.file_name, name.mark))
        found = []
        for _, image in _unrecorded(experiment, other):
            name = copy_names.read(image.file_name)
            its = [
                file_name
                for file_name, mark in names.get(name.root, ())
                if file_name != image.file_name and (mark or name.mark)
            ]
            if its:
                found.append(of_image(image, f"by its name, of one original with {its[0]!r}"))
        if found:
            yield Finding.of(BEFORE, f"{one.name}, {other.name}", found)


def validation_augmented(experiment: Experiment) -> Iterator[Finding]:
    """Find copies among what is measured on.

    A figure on augmented pictures is no figure of the pictures that will come. Looked at are the
    steps above what is measured on, and the names of its images.

    Triggers: ``in: {train: ..., val: more}`` where ``more`` is an ``augment``; a validation set
    with ``aug_1.jpg``.

    Doesn't: an ``augment`` of ``parts.train``, merged into what is learnt from.
    """
    told = set[str]()
    for part in experiment.parts():
        if part.role != "val" or part.name in told:
            continue
        told.add(part.name)
        itself = [step for step in experiment.steps if step.id == part.ref[0]]
        makers = [*experiment.above(part.ref[0]), *itself]
        rows = [Row(f"step '{one.id}' ({one.step.name})") for one in makers if one.step.varies]
        rows += [
            of_image(image, "by its name")
            for _, image in _unrecorded(experiment, part)
            if copy_names.read(image.file_name).is_copy
        ]
        if rows:
            yield Finding.of(VALIDATION, part.name, rows)


def _images(experiment: Experiment, part: Part) -> Iterator[tuple[Dataset, Image]]:
    for rows in experiment.rows_behind(part.ref) or ():
        yield from ((rows, image) for image in rows.images)


def _unrecorded(experiment: Experiment, part: Part) -> Iterator[tuple[Dataset, Image]]:
    """Yield images of which no step has recorded where they come from."""
    for rows, image in _images(experiment, part):
        if rows.family(image) == rows.identity(image):
            yield rows, image


RULES = (
    Rule(ACROSS, across_parts),
    Rule(BEFORE, before_split),
    Rule(VALIDATION, validation_augmented),
)
