"""The page in headless Chromium: nothing asked for, nothing wrong, all of it by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser

pytestmark = pytest.mark.slow
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def browser(run: Path) -> Iterator[Browser]:
    with Browser() as opened:
        opened.open(run / "report.html")
        yield opened


def test_it_asks_for_nothing_and_says_nothing(browser: Browser) -> None:
    assert browser.requests == []
    assert browser.console == []
    assert browser.run("document.title") == "test · coco-recipe"


def test_every_picture_is_there(browser: Browser) -> None:
    broken = "[...document.images].filter(one => !one.naturalWidth).map(one => one.alt)"
    assert browser.run(broken) == []
    assert browser.run("document.images.length") > 10


@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_as_wide_as_the_window_and_text_can_be_read(browser: Browser, width: int) -> None:
    browser.resize(width, 900)
    assert browser.run("document.documentElement.scrollWidth") == width
    small = (
        "[...document.querySelectorAll('p, td, th, h3, figcaption')].filter(one => "
        "parseFloat(getComputedStyle(one).fontSize) < 12.5).length"
    )
    assert browser.run(small) == 0


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_dark(browser: Browser, dark: bool) -> None:
    browser.resize(1280, 900, dark=dark)
    contrast = """(() => {
        const light = text => {
            const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(n => n / 255)
                .map(n => n <= .03928 ? n / 12.92 : ((n + .055) / 1.055) ** 2.4);
            return .2126 * r + .7152 * g + .0722 * b;
        };
        const paper = light(getComputedStyle(document.body).backgroundColor);
        return Math.min(...['.soft', '.ok', '.tag', 'nav a', 'p', 'th'].map(name => {
            const ink = light(getComputedStyle(document.querySelector(name)).color);
            return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
        }));
    })()"""
    assert browser.run(contrast) >= 4.5  # WCAG 2.1, level AA


def test_a_figure_of_the_books_opens_its_rows_by_keyboard(browser: Browser) -> None:
    browser.resize(1280, 900)
    shown = "document.querySelector('#dropped-clean').matches(':popover-open')"
    browser.run("document.querySelector('[popovertarget=dropped-clean]').focus()")
    browser.press("Enter")
    assert browser.run(shown) is True
    crops = "#dropped-clean .crop img"
    assert browser.run(f"document.querySelectorAll('{crops}').length") == 4
    browser.press("Escape")
    assert browser.run(shown) is False


def test_tab_reaches_links_buttons_and_cards(browser: Browser) -> None:
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    names = set()
    for _ in range(60):
        browser.press("Tab")
        names.add(browser.run("document.activeElement.tagName"))
    assert {"A", "a", "BUTTON"} <= names, "links, steps of the graph, figures of the books"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser.run(outline) == "solid"


def test_a_step_of_the_graph_opens_its_card(browser: Browser) -> None:
    opened = "document.querySelector('#step-parts').closest('details').open"
    assert browser.run(opened) is False
    browser.run("document.querySelector('.flow a[href=\"#step-parts\"]').focus()")
    browser.press("Enter")
    browser.run("new Promise(done => setTimeout(done, 100))")
    assert browser.run(opened) is True


def test_on_paper_there_is_no_menu(browser: Browser) -> None:
    browser.resize(800, 900, media="print")
    assert browser.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    browser.resize(1280, 900)
