"""The table of a plan: numbers in their cells, words below, 80 columns whatever stands."""

import pytest

from coco_recipe.asking import plan_text
from coco_recipe.asking.plan_rows import Output, PlanRow
from coco_recipe.observing.table import width_of
from coco_recipe.values.expected import Expected, Span


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (Span.exact(0), "0"),
        (Span.exact(860001), "860001"),
        (Span(5, 12), "5..12"),
        (Span(0, 12), "≤12"),
        (Span(118287, 236574), "≤236574"),
        (Span(5), "≥5"),
        (Span(), "?"),
        (Span.exact(12_345_678_901), "12.35G"),
    ],
)
def test_a_number_or_its_bounds_fit_their_cells(span: Span, told: str) -> None:
    assert plan_text.number(span, plan_text.NUMBER) == told


def _row(name: str, **more: object) -> PlanRow:
    expected = Expected(Span.exact(4), Span(0, 6), Span(), {"瓶盖破损": Span.exact(6)})
    given = {
        "use": "odd",
        "what": "does something",
        "runs": True,
        "why": "not done yet",
        "sources": {},
        "uses": {},
        "entered": Expected(Span.exact(5), Span.exact(9), Span.exact(0), {"背景": Span.exact(3)}),
        "outputs": (Output("dataset", "dataset", True, expected),),
    }
    return PlanRow(name=name, **{**given, **more})  # type: ignore[arg-type]


HOSTILE = [
    "瓶盖" * 30,
    "x" * 200,
    "a|b\tc",
    "e\u0301" * 60,
    "\x1b[2Jgone",
    "\u202eabc",
    "many words that go on " * 12,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_line_is_wider_than_80_cells_and_figures_stay_in_their_columns(name: str) -> None:
    shown = plan_text.text(
        [_row(name, what=name, why=name, silent=name), _row("plain")], classes=True
    )
    assert all(width_of(line) <= plan_text.WIDTH for line in shown.splitlines())
    assert not {"\x1b", "\u202e"} & set(shown)
    hostile, plain = (line for line in shown.splitlines() if line.endswith("?") and "≤6" in line)
    cells = [width_of(line[: line.index("≤6")]) for line in (hostile, plain)]
    assert cells[0] == cells[1]


def test_what_changes_stands_beside_what_is_there() -> None:
    shown = plan_text.text([_row("clean")])
    assert shown.splitlines()[1].split() == ["clean", "4", "-1", "≤6", "?"]
    assert "classes gained: 瓶盖破损 (6)" in shown
    assert "classes lost: 背景 (3)" in shown


def test_several_outputs_have_a_line_each_and_tell_classes_that_one_lacks() -> None:
    some = Expected(classes={"cat": Span.exact(2), "dog": Span.exact(1)})
    none = Expected(classes={"cat": Span.exact(1), "dog": Span.exact(0)})
    outputs = (Output("train", "dataset", True, some), Output("val", "dataset", True, none))
    came = Expected(classes={"cat": Span.exact(3), "dog": Span.exact(1)})
    lines = plan_text.text([_row("parts", outputs=outputs, entered=came)]).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["parts", "train", "val"]
    assert "      no box in val: dog" in lines
    assert not any("classes lost" in line for line in lines)


def test_time_and_files_are_told_where_they_are_known() -> None:
    made = {"checkpoints": Span.exact(1)}
    outputs = (Output("checkpoints", "checkpoint", False, Expected(others=made)),)
    row = _row(
        "fit",
        outputs=outputs,
        uses={"images": Span.exact(3), "boxes": Span(0, 5)},
        files=Span(3, 5),
        bytes=2_000_000,
        seconds=250.2,
    )
    shown = " ".join(plan_text.text([row]).split())
    assert "uses 3 images, ≤5 boxes; makes 1 checkpoint; writes 3..5 files" in shown
    assert "about 2.0 MB on disk; took 4 min 10 s last time" in shown
    assert shown.endswith("1 of 1 step to run; they took 4 min 10 s last time")


def test_bytes_of_the_last_time_stand_for_what_is_not_known() -> None:
    row = _row("fit", files=Span(3, 5), last_bytes=142_000_000)
    shown = " ".join(plan_text.text([row]).split())
    assert "writes 3..5 files (142.0 MB last time)" in shown


def test_an_output_with_some_of_what_another_has_adds_nothing() -> None:
    outputs = tuple(
        Output(port, "checkpoint", False, Expected(others={"checkpoints": n}))
        for port, n in (("checkpoints", Span(2, 9)), ("best", Span.exact(1)))
    )
    assert "makes 2..9 checkpoints" in plan_text.text([_row("fit", outputs=outputs)])
