"""What goes by in a run is what is made again from its directory."""

from pathlib import Path

from coco_recipe_report.page import page
from coco_recipe_report.seen.collected import Collected

from coco_recipe import RunFacts


def test_inputs_parts_copies_and_results_are_measured(facts: RunFacts, seen: Collected) -> None:
    assert {*seen.figures} >= {
        ("raw", ""),
        ("parts", "train"),
        ("parts", "val"),
        ("more", "dataset"),
        ("all", "dataset"),
    }
    assert {*seen.pictures} == {("raw", ""), ("all", "dataset"), ("parts", "val")}
    assert [*seen.lost] == ["clean", "more"]
    assert ("raw", "areas_at_odds") in seen.found or any(place == "raw" for place, _ in seen.found)
    assert seen.wanted(facts) == []
    assert seen.unseen(facts) == []


def test_the_page_of_the_run_is_that_of_its_directory(
    run: Path, facts: RunFacts, seen: Collected
) -> None:
    assert (run / "report.html").read_bytes() == page(facts, seen)
