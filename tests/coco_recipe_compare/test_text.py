"""A comparison is a table that fits 80 columns."""

from coco_recipe_compare import text
from coco_recipe_compare.comparing import FIGURES, Column, Comparison
from coco_recipe_jobs.bootstrap import Interval

from coco_recipe import width_of


def comparison(classes: tuple[str, ...] = ("cap", "瓶盖"), name: str = "b") -> Comparison:
    """Return a comparison of two detectors that differ in the first class."""

    def column(name: str, shift: float, *, first: bool) -> Column:
        figures = {figure: Interval(0.4 + shift, 0.3 + shift, 0.5 + shift) for figure in FIGURES}
        gaps = {figure: Interval(shift, shift - 0.1, shift + 0.1) for figure in FIGURES}
        for n, one in enumerate(classes):
            for of in ("mAP", "mAP_50"):
                figures[f"classes {one} {of}"] = Interval(0.4 + shift, 0.3, 0.6)
                gaps[f"classes {one} {of}"] = Interval(shift, 0.01 if n == 0 else -0.2, 0.2)
        figures["mAP_l"] = gaps["mAP_l"] = Interval(None)
        return Column(name, f"runs/{name}", "score", "fit/best", figures, {} if first else gaps)

    columns = column("a", 0, first=True), column(name, 0.05, first=False)
    return Comparison(7, 20, 1000, 0.95, classes, {"bbox": columns}, ("a note",))


def test_the_table_has_a_line_for_each_detector_and_the_classes_that_tell() -> None:
    lines = text.text(comparison()).splitlines()
    assert lines[:5] == [
        "7 images, 20 boxes to find; 95% intervals of 1000 draws of images",
        "differences are to a; * is off zero",
        "mAP of boxes",
        "  a  0.400 [0.300, 0.500]",
        "  b  0.450 [0.350, 0.550]  +0.050 [-0.050, +0.150]",
    ]
    assert "mAP_l of boxes" not in lines
    assert lines[-5:] == [
        "mAP of cap",
        "  a  0.400 [0.300, 0.600]",
        "  b  0.450 [0.300, 0.600]  +0.050 [+0.010, +0.200] *",
        "1 other class: --html and --format json show all",
        "note: a note",
    ]


def test_long_names_are_cut() -> None:
    lines = text.text(comparison(name="瓶" * 60)).splitlines()
    assert max(map(width_of, lines)) <= 80
