"""The pages say what there is: a row for each kind of finding, with its severity and remedy."""

import re
from pathlib import Path

import pages
import pytest
from builders import REPOSITORY, command

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


def test_every_key_of_a_steps_schema_is_on_its_page() -> None:
    page = (REPOSITORY / "docs/steps.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    offers = plugins.find().offers
    assert sections.keys() == offers.keys()
    for name, offer in offers.items():
        told = re.findall(r"^ +(\w+):", sections[name].partition("\nwith:")[2], re.MULTILINE)
        assert set(_keys(offer.step.params)) <= set(told), name


def _keys(form: object) -> list[str]:
    """Return the keys that a schema describes, at whatever depth."""
    if isinstance(form, list):
        return [key for part in form for key in _keys(part)]
    if not isinstance(form, dict):
        return []
    own = form.get("properties", {})
    inner = [
        value for key, value in form.items() if key not in ("properties", "examples", "default")
    ]
    return [*own, *(key for part in [*own.values(), *inner] for key in _keys(part))]


def test_the_command_line_ends_as_the_page_of_errors_says(tmp_path: Path) -> None:
    """The code of a recipe's error, and of a data set's."""
    page = (REPOSITORY / "docs/errors.md").read_text("utf-8")
    assert "| `RecipeError` | `CocoRecipeError` | 2 |" in page
    assert command("validate", "none.yaml", cwd=tmp_path).returncode == 2
    (tmp_path / "broken.json").write_text("{")
    assert "| `MalformedError` | `DatasetError` | 1 |" in page
    assert command("stats", "broken.json", cwd=tmp_path).returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("path", pages.PAGES)
def test_pages_of_the_code_are_current(path: str) -> None:
    """Written by ``python tests/helpers/pages.py``."""
    assert (REPOSITORY / path).read_text("utf-8") == pages.PAGES[path]()


def test_every_page_is_in_the_site_and_every_link_leads_somewhere() -> None:
    """What `make docs` would warn of, without Sphinx."""
    docs = REPOSITORY / "docs"
    listed = re.findall(r"^[\w/]+$", (docs / "index.md").read_text("utf-8"), re.MULTILINE)
    there = {page.relative_to(docs).with_suffix("").as_posix() for page in docs.rglob("*.md")}
    assert sorted(listed) == sorted(there - {"index"})
    broken = [
        f"{page.relative_to(REPOSITORY)}: {link}"
        for page in [REPOSITORY / "README.md", *docs.rglob("*.md")]
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text("utf-8"))
        if not (page.parent / link).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("name", ["CHANGELOG.md", "CONTRIBUTING.md"])
def test_a_page_that_the_site_takes_in_from_elsewhere_has_no_links(name: str) -> None:
    """They would lead elsewhere from docs/, and `make docs` fails at one that leads nowhere."""
    links = re.findall(r"\]\((?!https?:)[^)]+\)", (REPOSITORY / name).read_text("utf-8"))
    assert links == []


def test_every_rule_of_lint_has_its_page() -> None:
    page = (REPOSITORY / "docs/lint.md").read_text("utf-8")
    for rule in plugins.find().rules:
        own = page.partition(f"\n## {rule.kind.name}\n")[2].partition("\n## ")[0]
        assert "Triggers:" in own, rule.kind.name
        assert "Doesn't:" in own, rule.kind.name
        assert f"What to do: {rule.kind.remedy}" in own


NAMED_TEST = re.compile(r"`(tests/[\w/.]+\.py)::(\w+)`")


def test_every_promise_names_tests_that_there_are() -> None:
    page = (REPOSITORY / "docs/promises.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| **")]
    assert len(rows) > 12
    for row in rows:
        assert NAMED_TEST.search(row), row
    for path, name in NAMED_TEST.findall(page):
        text = (REPOSITORY / path).read_text("utf-8")
        assert f"\ndef {name}(" in text, f"{path} has no {name}"
