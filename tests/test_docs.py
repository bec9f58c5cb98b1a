"""The pages say what there is: a row for each kind of finding, with its severity and remedy."""

import re

import pages
import pytest
from builders import REPOSITORY

from coco_recipe import plugins


def test_every_kind_of_finding_has_its_row() -> None:
    page = (REPOSITORY / "docs/findings.md").read_text("utf-8")
    for kind in plugins.find().kinds.values():
        severity = "error, always" if kind.needed else kind.severity
        assert f"| `{kind.name}` | {severity} | {kind.what} | {kind.remedy} |" in page


def test_every_parameter_of_repair_has_its_row() -> None:
    page = (REPOSITORY / "docs/repair.md").read_text("utf-8")
    for name in plugins.find().offers["repair"].step.params["properties"]:
        assert f"| `{name}" in page


@pytest.mark.parametrize("path", pages.PAGES)
def test_pages_of_the_code_are_current(path: str) -> None:
    """Written by ``python tests/helpers/pages.py``."""
    assert (REPOSITORY / path).read_text("utf-8") == pages.PAGES[path]()


def test_every_page_is_in_the_site_and_every_link_leads_somewhere() -> None:
    """What `make docs` would warn of, without Sphinx."""
    docs = REPOSITORY / "docs"
    listed = set(re.findall(r"^[\w/]+$", (docs / "index.md").read_text("utf-8"), re.MULTILINE))
    there = {page.relative_to(docs).with_suffix("").as_posix() for page in docs.rglob("*.md")}
    assert listed == there - {"index"}
    broken = [
        f"{page.relative_to(REPOSITORY)}: {link}"
        for page in [REPOSITORY / "README.md", *docs.rglob("*.md")]
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text("utf-8"))
        if not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_rule_of_lint_has_its_page() -> None:
    page = (REPOSITORY / "docs/lint.md").read_text("utf-8")
    for rule in plugins.find().rules:
        own = page.partition(f"\n## {rule.kind.name}\n")[2].partition("\n## ")[0]
        assert "Triggers:" in own, rule.kind.name
        assert "Doesn't:" in own, rule.kind.name
        assert f"What to do: {rule.kind.remedy}" in own
