"""Classes are told at each stage, the commonest first."""

from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.sections import classes
from coco_recipe_report.seen.collected import Collected

from coco_recipe import RunFacts


def test_shares_by_stage(facts: RunFacts, seen: Collected) -> None:
    found = classes.gather(facts, seen, Palette(()))
    assert found
    assert found.stages == ["raw", "parts.train", "train", "val"]
    rows = dict(found.rows)
    cow = rows["cow"]
    assert cow[0]
    assert cow[0].boxes == 4
    assert cow[1:] == [None, None, None]
    raw = [cells[0].boxes for cells in rows.values() if cells[0]]
    assert sum(raw) == 11
    assert found.rest == 0
    assert "瓶盖" in found.slopes
    assert "<script" not in found.slopes


def test_without_data_there_is_nothing(facts: RunFacts) -> None:
    assert classes.gather(facts, Collected(facts.folder), Palette(())) is None
