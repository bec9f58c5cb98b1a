"""The verdict counts findings and tells the data sets."""

from coco_recipe_report.sections import verdict
from coco_recipe_report.seen.collected import Collected

from coco_recipe import RunFacts


def test_it_counts(facts: RunFacts, seen: Collected) -> None:
    found = verdict.gather(facts, seen)
    assert (found.name, found.steps, found.errors) == ("test", 5, 0)
    assert found.warnings == len(verdict.all_findings(facts)) > 0
    assert found.tiles[0][:3] == ("raw", 12, 11)
    images = {name: images for name, images, *_ in found.tiles}
    assert images["train"] == 2 * images["parts.train"]
    assert images["parts.train"] + images["val"] == 12
