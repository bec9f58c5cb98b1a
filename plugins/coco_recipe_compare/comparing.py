"""Compare evaluations on one data set: figures with intervals, and paired differences."""

from collections.abc import Sequence

import msgspec
from coco_recipe_jobs import bootstrap
from coco_recipe_jobs.bootstrap import Interval

from coco_recipe import RunError, about, row_changes
from coco_recipe_compare.evaluations import Evaluation

FIGURES = ("mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l")
OTHER_DATA = "evaluate both on one data set, as an input of its own"
NO_BOXES = "has no box to find in its truth, so there is nothing to compare"
OTHER_EVALUATOR = "evaluate both anew by one evaluator (run --from STEP)"


class Column(msgspec.Struct, frozen=True):
    """The figures of one detector.

    Attributes:
        name: what tells it from the others.
        run: the run directory.
        step: the step that evaluated it.
        label: the checkpoint's.
        figures: COCO's figures, those of a class as ``classes cap mAP``.
        differences: the same less those of the first; empty for the first.
    """

    name: str
    run: str
    step: str
    label: str
    figures: dict[str, Interval]
    differences: dict[str, Interval]


class Comparison(msgspec.Struct, frozen=True):
    """Figures of several detectors on one data set.

    Attributes:
        images: how many images there are.
        boxes: how many boxes there are to find.
        draws: how often the images were drawn.
        level: the share of the draws that lie in an interval.
        classes: names of the classes.
        kinds: the detectors by what was counted: ``bbox``, and ``segm`` where all have masks.
        notes: what is to be known of it, in words.
    """

    images: int
    boxes: int
    draws: int
    level: float
    classes: tuple[str, ...]
    kinds: dict[str, tuple[Column, ...]]
    notes: tuple[str, ...]


def compare(
    evaluations: Sequence[Evaluation], draws: int = bootstrap.DRAWS, seed: int = bootstrap.SEED
) -> Comparison:
    """Compare detectors that were evaluated on one data set; differences are to the first.

    Args:
        evaluations: at least two.
        draws: how often the images are drawn for the intervals.
        seed: of the draws.

    Raises:
        RunError: the validation data or the evaluators differ, which names what; or there is no
            box to find.
    """
    first = evaluations[0]
    for one in evaluations:
        if not one.data.annotations:
            raise RunError(f"{one.name}: {one.truth} {NO_BOXES}")
    for other in evaluations[1:]:
        _refuse_other_evaluator(first, other)
        _refuse_other_data(first, other)
    images = [_in_order(one) for one in evaluations]
    counts = bootstrap.draws(len(images[0]), draws, seed)
    kinds = [kind for kind in first.results if all(kind in one.results for one in evaluations)]
    columns = {}
    for kind in kinds:
        sampled = [
            bootstrap.Matched(one.truth, one.rows(kind), kind, ids).sampled(counts)
            for one, ids in zip(evaluations, images, strict=True)
        ]
        columns[kind] = tuple(
            Column(
                one.name,
                str(one.run),
                one.step,
                one.label,
                _named(bootstrap.intervals(found)),
                _named(bootstrap.differences(found, sampled[0])) if n else {},
            )
            for n, (one, found) in enumerate(zip(evaluations, sampled, strict=True))
        )
    notes = []
    if len(images[0]) < 2:
        notes.append("one image tells nothing of others, so there are no intervals")
    if any(one.pictures != first.pictures for one in evaluations):
        notes.append("some data came of a step and some of an input: pictures weren't compared")
    return Comparison(
        len(images[0]),
        len(first.data.annotations),
        draws,
        bootstrap.LEVEL,
        tuple(category.name for category in first.data.categories),
        columns,
        tuple(notes),
    )


def _named(found: dict[bootstrap.Name, Interval]) -> dict[str, Interval]:
    return {" ".join(name): interval for name, interval in found.items()}


def _in_order(evaluation: Evaluation) -> list[int]:
    """Return the ids of the images in an order that every evaluation on these data has."""
    images = sorted(evaluation.data.images, key=lambda image: (image.file_name, image.id))
    return [image.id for image in images]


def _refuse_other_evaluator(first: Evaluation, other: Evaluation) -> None:
    names = dict.fromkeys([*first.evaluator, *other.evaluator])
    differing = [name for name in names if first.evaluator.get(name) != other.evaluator.get(name)]
    if differing:
        told = "; ".join(
            f"{name}: {_short(first.evaluator.get(name))} and {_short(other.evaluator.get(name))}"
            for name in differing
        )
        raise RunError(
            f"{first.name} and {other.name} were counted by unlike evaluators ({told}); "
            f"{OTHER_EVALUATOR}"
        )


def _short(text: str | None) -> str:
    return (text or "none")[:12]


def _refuse_other_data(first: Evaluation, other: Evaluation) -> None:
    """Refuse data sets that differ in anything but ids and the order of classes."""
    found = row_changes({"": first.data}, {"": other.data}, 1)
    told = []
    for table, noun in ((found.images, "images"), (found.annotations, "boxes")):
        for number, what in (
            (table.gone, f"are only in {first.name}"),
            (table.added, f"are only in {other.name}"),
            (table.changed, "differ"),
        ):
            if number:
                told.append(about(number, f"{noun} {what}"))
    told += [change for change in found.categories if " has the id " not in change]
    both = first.pictures.keys() & other.pictures.keys()
    if any(first.pictures[port] != other.pictures[port] for port in both):
        told.append("the pictures' bytes are others")
    if not told:
        return
    rows = [rows[0] for rows in found.first.values() if rows]  # one of each kind
    named = ", ".join(f"{row.row} {row.file_name}: {row.what}" for row in rows)
    raise RunError(
        f"{first.name} and {other.name} have unlike validation data: {'; '.join(told)}"
        f"{f' ({named})' if named else ''}; {OTHER_DATA}"
    )
