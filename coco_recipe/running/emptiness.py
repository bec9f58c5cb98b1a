"""Emptiness is never silent: what a step leaves without images or boxes is a finding."""

from collections.abc import Iterator

from coco_recipe.findings import Finding, Row
from coco_recipe.kinds import NO_BOX_OF_CLASS, NO_BOXES, NO_IMAGES
from coco_recipe.manifest import Balance, data_sets
from coco_recipe.planning.plan import PlannedStep


def of_counts(step: PlannedStep, counts: Balance) -> Iterator[Finding]:
    """Yield what a step left empty.

    Args:
        step: the step.
        counts: the rows that came in and went out, by port, as the record has them.
    """
    ports = step.step
    before = [one for port, one in data_sets(counts.entered) if not ports.input(port).reads_only]
    after = dict(data_sets(counts.out))
    boxes = {name for one in before for name, n in (one.categories or {}).items() if n}
    entered = sum(one.annotations or 0 for one in before)
    # where all are there, a class has but another name
    all_of_them = entered + counts.made.annotations
    had_boxes = any(one.annotations for _, one in data_sets(counts.entered))
    rows = {
        NO_IMAGES: [Row(f"'{port}'") for port, one in after.items() if not one.images],
        NO_BOXES: [
            Row(f"'{port}'")
            for port, one in after.items()
            if had_boxes and one.images and not one.annotations
        ],
        NO_BOX_OF_CLASS: [
            Row(f"class '{name}' in '{port}'")
            for port, one in after.items()
            if 0 < (one.annotations or 0) < all_of_them
            for name, n in (one.categories or {}).items()
            if not n and name in boxes
        ],
    }
    yield from (Finding.of(kind, step.id, found) for kind, found in rows.items() if found)
