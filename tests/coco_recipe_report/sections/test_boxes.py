"""Boxes are shown before and after augmentation."""

from coco_recipe_report.sections import boxes
from coco_recipe_report.seen.collected import Collected

from coco_recipe import RunFacts


def test_places_of_each_stage_and_of_the_copies(facts: RunFacts, seen: Collected) -> None:
    found = boxes.gather(facts, seen)
    assert found
    names = [name for name, _ in found.places]
    assert names == ["raw", "parts.train", "train", "val", "more, copies alone"]
    assert [name for name, _ in found.keys] == names[:-1]
    assert found.skipped == []
    assert boxes.gather(facts, Collected(facts.folder)) is None
