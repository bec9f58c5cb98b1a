"""A page of a run that stopped says where, why, what is done, and how to go on."""

import html
import re
from pathlib import Path

import pytest
from builders import command

from coco_recipe import RunFacts

PLUGIN = '''"""A step that fails in a library."""
import json
from coco_recipe import Dataset, Port, Step, hookimpl


def run(ctx, *, dataset):
    json.loads("<script>alert(1)</script>")


@hookimpl
def coco_recipe_steps():
    yield Step(
        name="fail", run=run, inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset},
        writes=True,
    )
'''


@pytest.fixture(scope="module")
def failed(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run whose last step but one fails in a library."""
    folder = tmp_path_factory.mktemp("failed")
    for name in ("raw.json", "images"):
        (folder / name).symlink_to(run.parents[1] / name)
    text = (run.parents[1] / "recipe.yaml").read_text("utf-8")
    before = '"use": "merge", "in": {"datasets": ["parts.train", "more"]}'
    assert before in text
    text = text.replace(before, '"use": "fail", "in": "more"')
    (folder / "recipe.yaml").write_text(text, "utf-8")
    (folder / "plugin.py").write_text(PLUGIN, "utf-8")
    done = command(
        "run", "recipe.yaml", "--plugin", "plugin.py", "--jobs", "0", "--report", cwd=folder
    )
    assert done.returncode == 1, done.stderr
    return folder / "runs" / "test"


def _text(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text("utf-8")))


@pytest.mark.slow
def test_it_says_where_and_why_and_how_to_go_on(failed: Path) -> None:
    page = failed / "report.html"
    told = _text(page)
    assert "Failed at step all" in told
    assert "[json/decoder.py:" in told
    assert "from plugin.py:7]" in told
    assert "3 of 5 steps are done" in told
    assert "coco-recipe run recipe.yaml --plugin plugin.py" in told
    states = re.findall(r'<li class="(\w+)"><span class="state">', page.read_text("utf-8"))
    assert states == ["done", "done", "done", "failed", "waits"]
    assert "Traceback (most recent call last)" in told
    assert "time: " not in told
    assert "<script>" not in page.read_text("utf-8")


@pytest.mark.slow
def test_what_is_done_is_on_it(failed: Path) -> None:
    page = (failed / "report.html").read_text("utf-8")
    order = re.findall(r'<h2 id="(\w+)"', page)
    assert order[:3] == ["stopped", "findings", "flow"]
    assert {"books", "classes", "boxes", "augmentation", "cards"} <= {*order}
    assert 'id="step-more"' in page
    assert 'id="step-all"' not in page
    assert page.count("data:image/jpeg") > 10


@pytest.mark.slow
def test_the_command_writes_it_too_and_a_run_that_is_done_is_written_over_it(failed: Path) -> None:
    target = failed.parents[1] / "again.html"
    options = ("--plugin", "plugin.py", "--to", target)
    done = command("report", "runs/test", *options, cwd=failed.parents[1])
    assert done.returncode == 0, done.stderr
    assert "Failed at step all" in _text(target)
    broken = 'json.loads("<script>alert(1)</script>")'
    mended = PLUGIN.replace(broken, 'return {"dataset": dataset}')
    (failed.parents[1] / "plugin.py").write_text(mended, "utf-8")
    line = ("run", "recipe.yaml", "--plugin", "plugin.py", "--jobs", "0", "--report")
    assert command(*line, cwd=failed.parents[1]).returncode == 0
    assert "Where it stopped" not in _text(failed / "report.html")


def test_a_run_that_is_done_has_none(facts: RunFacts) -> None:
    from coco_recipe_report.sections import stopped

    assert facts.stopped is None
    assert stopped.gather(facts) is None
