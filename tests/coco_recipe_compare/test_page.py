"""A comparison's page asks the network for nothing, and names stay text."""

from pathlib import Path

import pytest
from coco_recipe_compare import page
from coco_recipe_jobs.bootstrap import Interval

from coco_recipe import RunError, open_page

from .test_text import comparison


def test_the_page_has_every_class_and_runs_nothing() -> None:
    html = page.page(comparison(("cap", "瓶盖<script>alert(1)</script>"))).decode()
    assert "瓶盖&lt;script&gt;" in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'" in html
    assert html.count('class="whisker') == 27  # 9 figures twice, and 9 differences


def test_the_page_is_sealed_and_only_a_page_is_written_over(tmp_path: Path) -> None:
    target = tmp_path / "new/c.html"
    page.write(comparison(), target)
    first = target.read_bytes()
    sealed = open_page(first)
    assert sealed is not None
    assert sealed.is_whole
    page.write(comparison(name="c"), target)
    assert target.read_bytes() != first
    target.write_text("<p>mine</p>")
    with pytest.raises(RunError, match="no page of ours"):
        page.write(comparison(), target)
    assert target.read_text() == "<p>mine</p>"


def test_a_whisker_stays_within_its_axis() -> None:
    svg = page.whisker(Interval(0.9, -3, 0.95), 0, 1)
    assert 'M8.0 9.0H201.8"' in svg
    assert page.whisker(Interval(None), 0, 1) == ""
    assert 'class="whisker off"' in page.whisker(Interval(0.2, 0.1, 0.3), -1, 1, 0)
    assert 'class="whisker near"' in page.whisker(Interval(0.2, -0.1, 0.3), -1, 1, 0)
