"""table: no line is wider than it may be, and what has no room is counted."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from coco_recipe.observing import table

NAMES = st.text("abc 缺陷类ñé한Ж", max_size=60)


@given(st.lists(NAMES, min_size=1, max_size=30), st.lists(NAMES, max_size=30), st.integers(1, 12))
def test_no_line_is_wider_than_it_may_be(parts: list[str], names: list[str], digits: int) -> None:
    rows = [[name, *("1" * digits for _ in parts)] for name in names]
    lines = table.text({"head": ["", *parts], "rows": rows, "foot": ""}).split("\n")
    assert max(map(cell_len, lines)) <= 70
    left_out = int(lines.pop().split()[1]) if lines[-1].endswith(" more columns") else 0
    assert len(lines) == 1 + len(rows)
    for line in lines[1:]:
        assert line.count("1" * digits) == len(parts) - left_out


@given(st.text("ab 缺é한Ж", max_size=60), st.integers(12, 30))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = table.wrapped(text, width, first="  ", later="    ")
    assert max(map(cell_len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line.startswith("    ") for line in lines[1:])


def test_lines_break_at_spaces() -> None:
    assert table.wrapped("one two three", 8, later="  ") == ["one two", "  three"]


def test_columns_stand_below_one_another() -> None:
    shown = table.text(
        {
            "head": ["", "train", "测试"],
            "rows": [["images", "10", "2"], ["瓶盖 %", "70.0", "30.0"]],
            "foot": "and 3 more",
        }
    )
    assert shown.split("\n") == [
        "        train  测试",
        "images     10     2",
        "瓶盖 %   70.0  30.0",
        "and 3 more",
    ]
