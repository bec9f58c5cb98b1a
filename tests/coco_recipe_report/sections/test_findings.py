"""Findings come with the pictures of their first rows."""

from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.sections import findings
from coco_recipe_report.seen.collected import Collected

from coco_recipe import RunFacts


def test_rows_have_their_pictures(facts: RunFacts, seen: Collected, camera: Camera) -> None:
    found = findings.gather(facts, seen, camera)
    (areas,) = [one for one in found if "area" in one.finding.kind]
    (row,) = areas.rows
    assert row.told.startswith("annotation 1")
    assert row.picture
    assert row.picture.data.startswith("data:image/jpeg;base64,")


def test_rows_that_were_not_seen_are_told_by_name(facts: RunFacts, camera: Camera) -> None:
    found = findings.gather(facts, Collected(facts.folder), camera)
    assert all(row.picture is None and row.told for one in found for row in one.rows)
