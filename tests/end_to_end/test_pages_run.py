"""Every block of every page does what the page says, and a page that is wrong is told."""

import os
import re
from pathlib import Path

import page_blocks
import pytest
from builders import REPOSITORY, command

PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in [
        REPOSITORY / "README.md",
        REPOSITORY / "CONTRIBUTING.md",
        *(REPOSITORY / "docs").rglob("*.md"),
    ]
    if "```" in path.read_text("utf-8")
)
# what the code prints of itself, held equal by tests/test_docs.py
PRINTED = ("docs/steps.md", "docs/commands.md")
CHINESE = "docs/zh/tutorial.md"  # its blocks are those of the English page


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert command("demo", "demo", "--images", "30", cwd=folder).returncode == 0
    return folder / "demo"


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in PAGES if path not in (*PRINTED, CHINESE)])
def test_every_block_of_the_page_runs(path: str, tmp_path: Path, demo: Path) -> None:
    page_blocks.run_page((REPOSITORY / path).read_text("utf-8"), tmp_path, demo)


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("COCO_RECIPE_SOAK"), reason="trains for minutes: make soak")
def test_the_trainings_of_the_tutorial_print_what_it_shows(tmp_path: Path) -> None:
    pytest.importorskip("mmdet")
    page = (REPOSITORY / "docs/tutorial.md").read_text("utf-8")
    page_blocks.run_page(page, tmp_path, tmp_path, trains=True)


def test_the_chinese_tutorial_has_the_blocks_and_pictures_of_the_english_one() -> None:
    pages = [(REPOSITORY / path).read_text("utf-8") for path in ("docs/tutorial.md", CHINESE)]
    english, chinese = (
        [(b.language, b.text, b.mark) for b in page_blocks.blocks(p)] for p in pages
    )
    assert chinese == english
    english, chinese = (
        [line.count("#") for line in p.splitlines() if line[:1] == "#"] for p in pages
    )
    assert chinese == english
    english, chinese = (re.findall(r"pictures/\w+", p) for p in pages)
    assert chinese == english


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("```console\n$ coco-recipe steps merge\nanother thing\n```\n", "doesn't print 'another"),
        ("```console\n$ coco-recipe steps nothing\n```\n", "ends with 2"),
        ("```console\n$ false\n```\n", "ends with 1"),
        ("<!-- exits: 3 -->\n```console\n$ exit 4\n```\n", "ends with 4"),
        ("<!-- not run: slow -->\n```console\n$ coco-recipe fly\n```\n", "no command"),
        ("<!-- not run: slow -->\n```console\n$ coco-recipe run r --fly\n```\n", "option --fly"),
        ("```yaml\ncoco_recipe: 1\nname: x\n```\n", "ends with 2"),
        ("```yaml\n- {id: a, use: fly, in: raw}\n```\n", "ends with 2"),
        ("<!-- file: r.yaml -->\n```yaml\ncoco_recipe: 1\n```\n", "ends with 2"),
        ("```yaml\npipeline: []\n```\n", "is no part of a recipe"),
        ("```python\nassert 1 == 2, 'sums'\n```\n", "sums"),
        ("```bash\nls\n```\n", "can't be run"),
        ("```\n$ coco-recipe steps\n```\n", "commands: console"),
        ("<!-- trained: slow -->\n```console\n$ coco-recipe run r --fly\n```\n", "option --fly"),
        ("<!-- skip: me -->\n```yaml\n{}\n```\n", "no mark 'skip'"),
    ],
)
def test_a_page_that_is_wrong_is_told(page: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=told):
        page_blocks.run_page(page, tmp_path, tmp_path)


def test_trainings_are_run_where_they_are_asked_for(tmp_path: Path) -> None:
    page = "<!-- trained: minutes -->\n```console\n$ touch trained\n```\n"
    page_blocks.run_page(page, tmp_path, tmp_path)
    assert not (tmp_path / "trained").exists()
    page_blocks.run_page(page, tmp_path, tmp_path, trains=True)
    assert (tmp_path / "trained").exists()


def test_lines_may_be_left_out_and_times_are_not_compared(tmp_path: Path) -> None:
    page = "```console\n$ printf 'a 1\\nb\\nc took 3.5 s\\n'\na ...\nc took 9 s\n```\n"
    page_blocks.run_page(page, tmp_path, tmp_path)
