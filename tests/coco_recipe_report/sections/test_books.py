"""The books are those of the records, and what was dropped is shown."""

from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.sections import books
from coco_recipe_report.seen.collected import Collected

from coco_recipe import RunFacts


def test_figures_of_each_step(facts: RunFacts, seen: Collected, camera: Camera) -> None:
    lines = {line.step: line for line in books.gather(facts, seen, camera)}
    clean, more = lines["clean"], lines["more"]
    assert (clean.entered, clean.made, clean.out) == ((12, 11), None, (12, 7))
    assert clean.dropped == (0, 4)
    assert lines["out"].out is None
    assert more.made
    assert more.out
    assert more.made[0] == more.out[0] == 8
    assert len(more.copies) == 4
    assert [port.name for port in lines["parts"].ports_out] == ["train", "val"]


def test_rows_of_a_reason_are_shown(facts: RunFacts, seen: Collected, camera: Camera) -> None:
    clean = next(line for line in books.gather(facts, seen, camera) if line.step == "clean")
    reason = next(one for one in clean.reasons if one.kind == "annotation")
    assert (reason.count, len(reason.rows), reason.rest) == (4, 4, 0)
    assert all(row.picture and row.picture.classes == "cow" for row in reason.rows)
    assert clean.ledger == "steps/clean/dropped.jsonl"


def test_ports_show_a_few_rows_or_lead_to_the_step_that_has_them(
    facts: RunFacts, seen: Collected, camera: Camera
) -> None:
    lines = {line.step: line for line in books.gather(facts, seen, camera)}
    (raw,) = lines["clean"].ports_in
    assert len(raw.rows) == 4
    assert all(row.picture and row.picture.data for row in raw.rows)
    assert [port.source for port in lines["all"].ports_in] == ["parts", "more"]
    assert all(len(port.rows) in (1, 2, 3, 4) for port in lines["parts"].ports_out)
