"""The graph has each step and each flow, arrows as wide as their images, drops by reason."""

import re
from pathlib import Path

import pytest
from coco_recipe_report.drawing import flow

from coco_recipe import Flow, RunFacts, manifest


def _facts(*flows: Flow, dropped: tuple[manifest.Dropped, ...] = ()) -> RunFacts:
    steps = tuple(
        manifest.StepRecord(step=name, use="u", dropped=dropped)
        for name in dict.fromkeys(one.target for one in flows)
    )
    return RunFacts(Path("r"), manifest.RunRecord(), ("raw",), steps, flows, {}, "", "")


def _flow(source: str, target: str, images: int, *, is_read: bool = False) -> Flow:
    counts = manifest.Counts(images=images, annotations=0)
    return Flow(source, "", target, "in", counts, is_read)


def test_an_arrow_is_as_wide_as_its_images() -> None:
    drawn = flow.draw(_facts(_flow("raw", "a", 100), _flow("a", "b", 50), _flow("a", "c", 0)))
    widths = [
        float(width) for width in re.findall(r'class="arrow".*?stroke-width="([\d.]+)"', drawn)
    ]
    assert widths == pytest.approx([34.0, 18.0, 2.0], abs=0.06)


def test_steps_follow_each_other_downwards_and_none_lies_on_another() -> None:
    drawn = flow.draw(
        _facts(_flow("raw", "a", 1), _flow("a", "b", 1), _flow("a", "c", 1), _flow("b", "c", 1))
    )
    boxes = [
        tuple(map(float, one))
        for one in re.findall(r'class="box" x="([\d.]+)" y="([\d.]+)"', drawn)
    ]
    assert [y for _, y in boxes] == sorted(y for _, y in boxes)
    assert len({y for _, y in boxes}) == 4
    assert boxes[2][0] > boxes[1][0], "what c reads of a goes straight past b"


def test_what_was_only_read_is_dashed_and_drops_are_told_by_reason() -> None:
    lost = (
        manifest.Dropped("image", "too <small>", 2),
        manifest.Dropped("annotation", "seen", 1),
        manifest.Dropped("category", "x", 1),
    )
    drawn = flow.draw(_facts(_flow("raw", "a", 1, is_read=True), dropped=lost))
    assert 'class="arrow read"' in drawn
    assert "− 2 images: too &lt;small&gt;" in drawn
    assert "− 1 annotation: seen" in drawn
    assert "categor" not in drawn
    assert drawn.count('class="gone"') == 2


def test_names_stay_text_and_lead_to_their_cards() -> None:
    drawn = flow.draw(_facts(_flow("raw", "<b>", 1)))
    assert "<b>" not in drawn
    assert '<a href="#step-&lt;b&gt;">' in drawn
