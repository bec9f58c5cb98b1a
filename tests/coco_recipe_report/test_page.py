"""The page of a run is one file that asks nobody, whose bytes are those of the results."""

import html.parser
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.testing import draw

pytest.importorskip("jinja2")

from coco_recipe_report import page

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reported")
    data = coco(
        images=12,
        boxes=[(i, i % 3 + 1) for i in range(1, 12)],
        names=("瓶盖", HOSTILE, "cow"),
        ending="png",
    )
    data["annotations"][0]["area"] = 5000
    draw(folder / "images", data)
    steps = [
        {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["cow"]}},
        {
            "id": "parts",
            "use": "split",
            "in": "clean",
            "with": {"fractions": {"train": 0.7, "val": 0.3}, "method": "shuffle"},
        },
        {
            "id": "out",
            "use": "export_coco",
            "in": {"train": "parts.train", "val": "parts.val"},
            "with": {"to": "published"},
        },
    ]
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(folder, steps, data, inputs=inputs)
    done = command("run", "recipe.yaml", "--jobs", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "test"


class _Page(html.parser.HTMLParser):
    """Collects the elements of a page, the ids, the links, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: dict[str, list[str]] = {"id": [], "href": [], "src": []}
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.text += " "
        for name, value in attrs:
            if name in self.values:
                self.values[name].append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def _page(run: Path) -> _Page:
    return _Page(page.page(run).decode("utf-8"))


@pytest.mark.slow
def test_it_asks_nobody_and_runs_nothing(run: Path) -> None:
    found = _page(run)
    assert "script" not in found.tags
    assert "link" not in found.tags
    assert found.values["src"]
    assert all(source.startswith("data:image/") for source in found.values["src"])
    assert all(link.startswith("#") for link in found.values["href"])


@pytest.mark.slow
def test_hostile_names_stay_text(run: Path) -> None:
    found = _page(run)
    assert HOSTILE in found.text
    assert "瓶盖" in found.text


@pytest.mark.slow
def test_every_link_leads_to_a_place_on_the_page(run: Path) -> None:
    found = _page(run)
    assert {link[1:] for link in found.values["href"]} <= set(found.values["id"])
    assert {"step-clean", "step-parts", "step-out"} <= set(found.values["id"])


@pytest.mark.slow
def test_the_books_are_those_of_the_records(run: Path) -> None:
    text = " ".join(_page(run).text.split())
    books = text[text.index("dropped because") :]
    assert books.startswith("dropped because clean filter_categories 12 / 11 0 / 4 12 / 7 4 ×")
    assert "4 × category 'cow' is dropped" in text
    assert "areas are at odds" in text or "area is at odds" in text


@pytest.mark.slow
def test_it_is_written_once_and_the_same_again(run: Path) -> None:
    path = page.write(run, run / page.NAME)
    before = path.stat().st_mtime_ns
    first = path.read_bytes()
    assert page.write(run, path) == path
    assert path.stat().st_mtime_ns == before
    path.write_bytes(first.replace(b"</body>", b"old</body>"))
    page.write(run, path)
    assert path.read_bytes() == first


def test_a_file_of_the_users_is_left_as_it_is(run: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_bytes(b"<p>mine")
    done = command("report", run, "--to", mine, cwd=tmp_path)
    assert done.returncode == 2
    assert mine.read_bytes() == b"<p>mine"


@pytest.mark.slow
def test_the_command_names_the_page(run: Path, tmp_path: Path) -> None:
    done = command("report", run, "--to", tmp_path / "new" / "a.html", cwd=tmp_path)
    assert done.stdout.strip() == str(tmp_path / "new" / "a.html"), done.stderr
    assert command("report", run, run, "--to", "a.html", cwd=tmp_path).returncode == 2


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    done: Any = command("report", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "is not the directory of a finished run" in done.stderr
