"""What differs is told in lines that fit a terminal."""

import pytest

from coco_recipe.asking import diff_text
from coco_recipe.asking.diff import CountChange, Diff
from coco_recipe.asking.row_figures import ChangedRow, ClassRows, Moved, RowChanges, Table
from coco_recipe.asking.value_changes import Change
from coco_recipe.observing.table import width_of

HASHES = ("a" * 64, "b" * 64)


def _rows(**more: object) -> RowChanges:
    told = {
        "images": Table(3, 3, 3, 0, 0, 0, 0),
        "annotations": Table(3, 2, 2, 1, 0, 1, 0),
        "classes": {"瓶盖破损": ClassRows(3, 2, 0, 1, 1)},
        "keys": {"annotations: bbox": 1},
        "relabelled": {},
        "moved": Moved(1, 2.0, 2.0, 0.9),
        "categories": (),
        "first": {"annotations gone": (ChangedRow("annotation 7", "a.jpg", "", "cat, gone"),)},
    }
    return RowChanges(**(told | more))  # type: ignore[arg-type]


def test_each_section_has_its_lines() -> None:
    found = Diff(
        kind="runs",
        a="runs/a",
        b="runs/b",
        recipe=(Change("seed", 1, 2), Change("steps.瓶.with", now={"n": 1})),
        versions=(Change("numpy", "2.1.0", "2.2.6"),),
        inputs=(Change("raw.annotations", *HASHES),),
        counts=(CountChange("more", "dataset", "images", 3, 6),),
        metrics=(Change("score.fit mAP", 0.25, 0.5),),
        rows=_rows(),
        notes=("a note",),
        differs=True,
    )
    assert diff_text.text(found).splitlines() == [
        "runs/a -> runs/b",
        "recipe",
        "  seed: 1 -> 2 (+1)",
        '  steps.瓶.with: added, {"n":1}',
        "versions",
        "  numpy: 2.1.0 -> 2.2.6",
        "inputs",
        "  raw.annotations: aaaaaaaa -> bbbbbbbb",
        "counts",
        "  more.dataset: images 3 -> 6",
        "rows",
        "  images: 3 -> 3, 3 the same",
        "  boxes: 3 -> 2, 2 the same, 1 changed, 1 gone",
        "  moved: 1 box by 2 px (median) to 2 px, IoU 0.90 at least",
        "  values: annotations: bbox of 1",
        "  class     was  now  added  gone  changed",
        "  瓶盖破损    3    2      0     1        1",
        "  annotations gone: 1:",
        "    annotation 7 on a.jpg: cat, gone",
        "metrics",
        "  score.fit mAP: 0.25 -> 0.5 (+0.25)",
        "note: a note",
    ]


@pytest.mark.parametrize("name", ["x" * 300, "a b " * 60, "瓶" * 90])
def test_long_values_are_broken_and_long_lists_counted(name: str) -> None:
    changes = tuple(Change(f"steps.s{n}.with", name, n) for n in range(30))
    found = Diff(kind="recipes", a="a", b="b", recipe=changes, differs=True)
    lines = diff_text.text(found).splitlines()
    assert max(map(width_of, lines)) <= diff_text.WIDTH
    assert lines[-1] == "  and 10 more; --format json has all"
