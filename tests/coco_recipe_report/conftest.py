"""A run that has a page, with all that a page without a training shows; and what was seen of it."""

from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.testing import draw

pytest.importorskip("jinja2")

from coco_recipe_report import reporter
from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.seen.collected import Collected

from coco_recipe import RunFacts, run_facts

HOSTILE = '"><script>alert(1)</script>'
STEPS = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["cow"]}},
    {
        "id": "parts",
        "use": "split",
        "in": "clean",
        "with": {"fractions": {"train": 0.7, "val": 0.3}, "method": "shuffle"},
    },
    {
        "id": "more",
        "use": "augment",
        "in": "parts.train",
        "with": {"pipeline": [{"HorizontalFlip": {"p": 1}}, {"RandomGamma": {"p": 0}}]},
    },
    {"id": "all", "use": "merge", "in": {"datasets": ["parts.train", "more"]}},
    {
        "id": "out",
        "use": "export_coco",
        "in": {"train": "all", "val": "parts.val"},
        "with": {"to": "published"},
    },
]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that wrote its page."""
    folder = tmp_path_factory.mktemp("reported")
    data = coco(
        images=12,
        boxes=[(i, i % 3 + 1) for i in range(1, 12)],
        names=("瓶盖", HOSTILE, "cow"),
        ending="png",
    )
    data["annotations"][0]["area"] = 5000
    draw(folder / "images", data)
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(folder, STEPS, data, inputs=inputs)
    done = command("run", "recipe.yaml", "--jobs", "0", "--report", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "report: " in done.stderr, done.stderr
    return folder / "runs" / "test"


@pytest.fixture(scope="session")
def facts(run: Path) -> RunFacts:
    """What it recorded."""
    return run_facts(run)


@pytest.fixture(scope="session")
def seen(facts: RunFacts) -> Collected:
    """What was seen of its values."""
    return reporter.collected(facts)


@pytest.fixture
def camera() -> Camera:
    """A camera that opens any number of files."""
    return Camera(Palette(()))
