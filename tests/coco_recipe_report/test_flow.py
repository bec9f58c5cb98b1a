"""The graph has each step and each flow, arrows as wide as their images."""

import re
from pathlib import Path

import pytest

pytest.importorskip("markupsafe")

from coco_recipe_report import flow

from coco_recipe import Flow, RunFacts, manifest


def _facts(*flows: Flow, dropped: tuple[manifest.Dropped, ...] = ()) -> RunFacts:
    steps = tuple(
        manifest.StepRecord(step=name, use="u", dropped=dropped)
        for name in dict.fromkeys(one.target for one in flows)
    )
    return RunFacts(Path("r"), manifest.RunRecord(), ("raw",), steps, flows, {}, "", "")


def _flow(source: str, target: str, images: int, *, is_read: bool = False) -> Flow:
    return Flow(source, "", target, "in", manifest.Counts(images=images, annotations=0), is_read)


def test_an_arrow_is_as_wide_as_its_images() -> None:
    drawn = flow.svg(_facts(_flow("raw", "a", 100), _flow("a", "b", 50), _flow("a", "c", 0)))
    widths = [float(width) for width in re.findall(r'stroke-width="([\d.]+)"', drawn)]
    assert widths == pytest.approx([26.0, 13.75, 1.5], abs=0.06)


def test_a_step_stands_behind_all_that_it_reads_of() -> None:
    drawn = flow.svg(_facts(_flow("raw", "a", 1), _flow("a", "b", 1), _flow("raw", "b", 1)))
    left = {name: int(x) for x, name in re.findall(r'<text x="(\d+)" y="\d+">(\w+)</text>', drawn)}
    assert left["raw"] < left["a"] < left["b"]


def test_what_was_only_read_is_dashed_and_what_was_dropped_is_told() -> None:
    lost = (manifest.Dropped("image", "x", 2), manifest.Dropped("category", "x", 1))
    drawn = flow.svg(_facts(_flow("raw", "a", 1, is_read=True), dropped=lost))
    assert 'class="arrow read"' in drawn
    assert "− 2 images" in drawn
    assert "categor" not in drawn


def test_names_stay_text() -> None:
    drawn = flow.svg(_facts(_flow("raw", "<b>", 1)))
    assert "<b>" not in drawn
