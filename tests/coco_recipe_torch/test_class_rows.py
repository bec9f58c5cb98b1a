"""Rows of classes are taken and made anew wherever they lie; all others stay."""

from typing import Any

import pytest
from coco_recipe_torch.class_rows import Layout, NewRows, adapted, make_plan

from coco_recipe import StepProblems

torch = pytest.importorskip(
    "torch", reason="the training stack is not installed: make test does it"
)
OLD = ("a", "b", "c")
PLAN = make_plan(("c", "new", "a"), OLD, "by_name", {}, "zeros")


def rows(layout: Layout) -> Any:
    """Return one number a row: that of its group in hundreds, then -n for others, n for classes."""
    found = []
    for group in range(layout.groups):
        at = 100 * group
        found += [at - 1 - n for n in range(layout.before)]
        found += [at + 10 * (n + 1) + part for n in range(len(OLD)) for part in range(layout.width)]
        found += [at - 1 - layout.before - n for n in range(layout.after)]
    return torch.tensor(found, dtype=torch.float32)


def made(tensor: Any, layout: Layout, how: Any = "zeros", key: str = "x.weight") -> Any:
    new = NewRows(how, 0.01, torch.Generator().manual_seed(0))
    return adapted(tensor, key, [layout], PLAN, new)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (Layout(), [30, 0, 10]),
        (Layout(after=1, kept_after=(0,)), [30, 0, 10, -1]),
        (Layout(before=1, kept_after=(0,)), [30, 0, 10, -1]),
        (Layout(before=1, kept_before=(0,)), [-1, 30, 0, 10]),
        (Layout(before=1), [30, 0, 10]),
        (Layout(after=3, kept_after=(2,)), [30, 0, 10, -3]),
        (Layout(width=2), [30, 31, 0, 0, 10, 11]),
        (Layout(groups=2), [30, 0, 10, 130, 0, 110]),
        (Layout(groups=2, after=1, kept_after=(0,)), [30, 0, 10, -1, 130, 0, 110, 99]),
        (
            Layout(groups=2, before=2, kept_before=(0, 1)),
            [-1, -2, 30, 0, 10, 99, 98, 130, 0, 110],
        ),
    ],
)
def test_rows_are_taken_by_class_wherever_they_lie(layout: Layout, expected: list[int]) -> None:
    given = rows(layout)
    assert len(given) == layout.rows(len(OLD))
    assert made(given, layout).tolist() == expected
    assert len(expected) == layout.new_rows(len(PLAN.classes))
    wide = given[:, None].repeat(1, 2)
    assert made(wide, layout).tolist() == [[value, value] for value in expected]


def test_classes_may_lie_along_another_axis() -> None:
    layout = Layout(axis=1, before=1, kept_before=(0,))
    given = rows(layout)[None].repeat(2, 1)
    assert made(given, layout).tolist() == [[-1, 30, 0, 10]] * 2
    assert made(given, layout).is_contiguous()


def test_a_name_of_two_old_classes_is_not_taken_by_chance() -> None:
    old = ("cup", "lid", "cup", "pen")
    for classes, map_, new_rows in (
        (("cup",), {}, "zeros"),
        (("mug",), {"mug": "cup"}, "zeros"),
        (("lid", "new"), {}, {"copy": "cup"}),
    ):
        with pytest.raises(StepProblems, match="2 of its classes are called 'cup'"):
            make_plan(classes, old, "by_name", map_, new_rows)
    assert make_plan(("pen", "new"), old, "by_name", {}, "zeros").sources == (3, None)
    assert make_plan(("a", "b", "c"), old, "slice", {}, "zeros").sources == (0, 1, 2)


def test_a_layer_may_read_and_answer_classes() -> None:
    answers = Layout()
    reads = Layout(axis=1, before=1, kept_before=(0,), reads=True)
    given = torch.arange(1.0, 13).reshape(3, 4)  # 3 classes read one feature and 3 classes
    new = NewRows({"copy": "b"}, 0.01, torch.Generator())
    found = adapted(given, "x.weight", [answers, reads], PLAN, new)
    assert found.tolist() == [[9, 12, 0, 10], [5, 8, 0, 6], [1, 4, 0, 2]]


def test_what_is_neither_a_weight_nor_a_bias_is_never_drawn_or_zero() -> None:
    for how in ("zeros", "normal", "mean"):
        assert made(rows(Layout()), Layout(), how, "prior.sigma").tolist() == [30, 20, 10]
    assert made(rows(Layout()), Layout(), {"copy": "b"}, "prior.sigma").tolist() == [30, 20, 10]
    drawn = made(rows(Layout())[:, None].repeat(1, 5), Layout(), "normal")[1]
    assert 0 < drawn.abs().max() < 0.1


def test_the_classes_of_a_plan_must_be_there() -> None:
    with pytest.raises(StepProblems, match="method: 4 classes can't be cut from 3"):
        make_plan(("a", "b", "c", "d"), OLD, "slice", {}, "zeros")
    with pytest.raises(StepProblems, match=r"map\.a: the checkpoint has no class 'z'"):
        make_plan(("a",), OLD, "by_name", {"a": "z"}, "zeros")
    with pytest.raises(ValueError, match="the data set has no categories"):
        make_plan((), OLD, "by_name", {}, "zeros")
    assert make_plan(("x", "y"), OLD, "slice", {}, "zeros").sources == (0, 1)
    assert make_plan(("x", "b"), OLD, "by_name", {"x": "c"}, "zeros").sources == (2, 1)


@pytest.mark.parametrize(
    ("classes", "map_", "missed"),
    [
        (("Disc",), {}, {"Disc": "disc"}),
        (("traffic light",), {}, {"traffic light": "traffic_light"}),
        (("cafe\u0301",), {}, {"cafe\u0301": "caf\u00e9"}),
        (("ｄｉｓｃ\u200b",), {}, {"ｄｉｓｃ\u200b": "disc"}),
        (("disc", "Disc"), {}, {}),  # the row is taken
        (("Disc",), {"Disc": "disc"}, {}),
        (("disk",), {}, {}),
    ],
)
def test_a_new_class_that_looks_like_an_old_one_is_told(
    classes: tuple[str, ...], map_: dict[str, str], missed: dict[str, str]
) -> None:
    old = ("disc", "traffic_light", "caf\u00e9")
    assert make_plan(classes, old, "by_name", map_, "zeros").missed() == missed
