"""Figures as text fit 80 columns; as CSV they are a table."""

import csv
import io

import pytest
from builders import coco

from coco_recipe.asking import quick_rows, stats, stats_text
from coco_recipe.observing.table import width_of
from coco_recipe.testing import dataset

LONG = "a class with quite a long name that nobody would want in a table 瓶盖破损瓶盖破损瓶盖破损"


def _figures(parts: int = 1, names: tuple[str, ...] = ("cat", "dog")) -> stats.Figures:
    rows = quick_rows.of_dataset(dataset(coco(names=names)))
    return stats.figures({f"{LONG}{n}": rows for n in range(parts)}, {"boxes are odd": 3})


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("by", ["", "class", "size", "part"])
def test_no_line_is_wider_than_80_cells(parts: int, by: str) -> None:
    text = stats_text.text(_figures(parts, (LONG, "狗")), by=by)
    assert max(map(width_of, text.splitlines())) <= 80


def test_an_overview_says_all_that_was_counted() -> None:
    text = stats_text.text(_figures())
    assert "3 images, 2 boxes, 1 negative, 0 crowds" in text
    assert "64 x 48       3      2" in text
    assert "2 small (100.0 %)" in text
    assert "  3 boxes are odd" in text
    assert "findings: not looked for" in stats_text.text(stats.figures({}))


@pytest.mark.parametrize(("by", "lines"), [("class", 3), ("size", 2), ("part", 2)])
def test_csv_has_a_line_for_each(by: str, lines: int) -> None:
    table = list(csv.reader(io.StringIO(stats_text.to_csv(_figures(), by))))
    assert len(table) == lines
    assert len({len(row) for row in table}) == 1
