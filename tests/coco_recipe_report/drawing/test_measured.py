"""Intervals and confusions say the figures that they are given."""

import re

from coco_recipe_report.drawing import measured


def test_dots_have_their_intervals_and_a_figure_without_one_has_none() -> None:
    rows = [("<a>", 0.5, 0.4, 0.6, "3 to find"), ("b", 0.2, None, None, "")]
    drawn = measured.intervals(rows, "told")
    assert drawn.count('class="interval"') == 1
    assert "&lt;a&gt;: 0.500 (0.400 to 0.600)" in drawn
    assert "b: 0.200<" in drawn
    x = [float(one) for one in re.findall(r'class="at" cx="([\d.]+)"', drawn)]
    (left, right) = re.findall(r'class="interval" d="M([\d.]+) [\d.]+L([\d.]+)', drawn)[0]
    assert float(left) < x[0] < float(right)


def test_a_confusion_counts_what_is_there_by_row() -> None:
    drawn = measured.confusion(["a", "b"], [[3, 1, 0], [0, 2, 2], [1, 0, 0]], "told")
    assert "a → a: 3 of 4" in drawn
    assert "b → missed: 2 of 4" in drawn
    assert "nothing there → a: 1 of 1" in drawn
    assert drawn.count('class="cell"') == 2
    assert drawn.count('class="cell off"') == 6
