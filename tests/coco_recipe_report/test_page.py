"""The page is one file that asks nobody, runs nothing, and keeps names as text."""

import html.parser
from pathlib import Path

import pytest


class _Page(html.parser.HTMLParser):
    """Collects the elements of a page, the ids, the links, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.values: dict[str, list[str]] = {
            name: [] for name in ("id", "href", "src", "popovertarget")
        }
        self.handlers: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.text += " "
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}
        for name, value in attrs:
            if name in self.values:
                self.values[name].append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def found(run: Path) -> _Page:
    return _Page((run / "report.html").read_text("utf-8"))


def test_it_asks_nobody_and_runs_nothing(found: _Page) -> None:
    assert not found.tags & {"script", "link", "iframe", "object", "form", "base"}
    assert not found.handlers
    assert len(found.values["src"]) > 10
    assert all(source.startswith("data:image/jpeg;base64,") for source in found.values["src"])
    assert all(link.startswith("#") for link in found.values["href"])


def test_hostile_names_stay_text(found: _Page) -> None:
    assert '"><script>alert(1)</script>' in found.text
    assert "瓶盖" in found.text


def test_every_link_and_button_leads_to_one_place_on_the_page(found: _Page) -> None:
    ids = found.values["id"]
    assert len(ids) == len({*ids})
    assert {link[1:] for link in found.values["href"]} <= {*ids}
    assert {*found.values["popovertarget"]} <= {*ids}
    assert {"step-clean", "step-parts", "dropped-clean", "made-more", "out-more"} <= {*ids}


def test_sections_stand_in_their_order(found: _Page) -> None:
    order = ["findings", "flow", "books", "classes", "boxes", "splits", "augmentation"]
    order += ["cards", "proof"]
    assert [one for one in found.values["id"] if one in order] == order


def test_it_is_small(run: Path) -> None:
    assert (run / "report.html").stat().st_size < 400_000
