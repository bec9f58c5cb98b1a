"""How often a transform should fire follows from p, through what it stands in."""

from pathlib import Path

import pytest
from coco_recipe_report.seen import copies
from coco_recipe_report.seen.collected import Collected

from coco_recipe import manifest


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ([{"A": {"p": 0.3}}, {"A": {"p": 0.2}}], {"A": 0.5}),
        ([{"A": {}}], {"A": 0.5}),
        (
            [{"OneOf": {"p": 0.8, "transforms": [{"A": {"p": 1}}, {"B": {"p": 3}}]}}],
            {"A": 0.2, "B": 0.6},
        ),
        ([{"Sequential": {"p": 0.5, "transforms": [{"A": {"p": 0.5}}]}}], {"A": 0.25}),
    ],
)
def test_expected(pipeline: list[object], expected: dict[str, float]) -> None:
    notes = {"pipeline": {"p": 1.0, "transforms": pipeline}}
    record = manifest.StepRecord(step="s", use="u", notes=notes)
    found = {one.name: one.expected for one in copies._fired(record, {})}
    assert found == pytest.approx(expected)


def test_what_stands_below_a_choice_of_several_is_an_estimate() -> None:
    inner = [{"A": {"p": 1}}, {"B": {"p": 1}}]
    notes = {"pipeline": {"transforms": [{"SomeOf": {"p": 1, "n": 1, "transforms": inner}}]}}
    record = manifest.StepRecord(step="s", use="u", notes=notes)
    assert not any(one.is_exact for one in copies._fired(record, {}))


def test_a_run_records_what_fired_and_what_could_be_seen(seen: Collected) -> None:
    found = seen.copies["more"]
    flip, gamma = found.fired
    assert (flip.name, flip.fired, flip.expected) == ("HorizontalFlip", found.copies, 1.0)
    assert (gamma.fired, gamma.expected) == (0, 0.0)
    assert found.copies > 0
    assert found.kept[-1] == sum(found.kept) > 0
    source, (copy,) = found.sheet[0]
    assert copy.told == "HorizontalFlip"
    assert copy.path
    assert copy.path.is_file()
    for before, after in zip(source.marks, copy.marks, strict=True):
        assert before.bbox
        assert after.bbox
        assert after.bbox[0] == pytest.approx(64 - before.bbox[0] - before.bbox[2])
        assert before.name == after.name


def test_a_step_without_copies_has_none(tmp_path: Path) -> None:
    assert copies.copies_of(tmp_path, manifest.StepRecord(step="s", use="u"), []) is None
