"""A picture of the steps: Mermaid's text, and SVG that is one file and runs nothing."""

import re
import xml.etree.ElementTree as ET

import pytest

from coco_recipe.asking import plan_graph
from coco_recipe.asking.plan_rows import Output, PlanRow
from coco_recipe.values.expected import Expected, Span

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"]<script>alert(1)</script>|x|`#;\x1b\u202e'


def _row(name: str, sources: dict[str, tuple[tuple[str, str], ...]], *ports: str) -> PlanRow:
    expected = Expected(Span.exact(3), Span.exact(4), Span(0, 3), {})
    return PlanRow(
        name=name,
        use="odd",
        what=HOSTILE,
        runs=bool(sources) or None,
        sources=sources,
        only_read=frozenset({"read"}),
        outputs=tuple(Output(port, "dataset", True, expected) for port in ports),
        uses={},
    )


ROWS = [
    _row("raw", {}, ""),
    _row("parts", {"dataset": (("raw", ""),)}, "train", "val"),
    _row("more", {"read": (("parts", "train"),)}, "dataset"),
    _row(HOSTILE, {"datasets": (("parts", "train"), ("more", "dataset"))}, "dataset"),
    _row("out", {"a": ((HOSTILE, "dataset"),), "b": (("parts", "val"),)}),
]


def test_arrows_say_what_flows_and_with_which_port() -> None:
    told = [(one.source, one.target, one.told, one.is_read) for one in plan_graph.arrows(ROWS)]
    assert told[:3] == [
        ("raw", "parts", "3 images", False),
        ("parts", "more", "train: 3 images", True),
        ("parts", HOSTILE, "train: 3 images", False),
    ]


def test_mermaid_takes_nothing_of_a_name_as_its_own() -> None:
    lines = plan_graph.mermaid(ROWS).splitlines()
    assert lines[0] == "flowchart TD"
    node = re.compile(r'  n\d+(\(\["|\[")[^"<>`|]*<br/>[^"<>`|]*("\]\)|"\])')
    arrow = re.compile(r'  n\d+ (-->|-\.->)(\|"[^"<>`|]*"\|)? n\d+')
    assert all(node.fullmatch(line) for line in lines[1:6]), lines
    assert all(arrow.fullmatch(line) for line in lines[6:]), lines
    assert sum("-.->" in line for line in lines) == 1


def test_the_drawing_is_sound_xml_without_scripts_or_addresses() -> None:
    text = plan_graph.svg(ROWS)
    root = ET.fromstring(text)
    assert {child.tag for child in root.iter()} <= {
        SVG + tag
        for tag in ("svg", "style", "defs", "marker", "path", "rect", "text", "g", "title")
    }
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert not {"\x1b", "\u202e"} & set(text)


def test_no_box_overlaps_another_and_all_stand_in_the_drawing() -> None:
    root = ET.fromstring(plan_graph.svg(ROWS))
    boxes = [
        tuple(float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        for rect in root.iter(f"{SVG}rect")
        if "box" in rect.attrib["class"].split()
    ]
    assert len(boxes) == len(ROWS)
    wide, high = float(root.attrib["width"]), float(root.attrib["height"])
    for n, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x <= wide - w
        assert 0 <= y <= high - h
        for ox, oy, ow, oh in boxes[n + 1 :]:
            assert x + w <= ox or ox + ow <= x or y + h <= oy or oy + oh <= y


@pytest.mark.parametrize("steps", [0, 1])
def test_a_recipe_with_nothing_to_connect_is_drawn(steps: int) -> None:
    rows = [_row("raw", {}, ""), *[_row("lonely", {"d": ()}, "dataset")] * steps]
    assert ET.fromstring(plan_graph.svg(rows)).tag == f"{SVG}svg"
