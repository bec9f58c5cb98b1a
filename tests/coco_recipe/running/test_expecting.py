"""How much steps will give: by their rows where these are known, else by what they say."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

PLUGIN = '''
from coco_recipe import Dataset, Expected, Forecast, Port, Span, Step, hookimpl


def keep(ctx, *, dataset):
    """Keep all."""
    return {"dataset": dataset}


def twice(params, expected, values):
    assert values() is not None, "only steps in memory stand above"
    return Forecast({"dataset": expected["dataset"].times(2)}, files=Span(1, 2))


KEYS = dict(run=keep, inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset})


@hookimpl
def coco_recipe_steps():
    return [
        Step(name="writer", writes=True, **KEYS),
        Step(name="sayer", writes=True, forecast=twice, **KEYS),
        Step(name="broken", writes=True, forecast=lambda *given: 1 / 0, **KEYS),
    ]
'''


def _planned(folder: Path, *uses: str) -> list[dict[str, Any]]:
    (folder / "mine.py").write_text(PLUGIN)
    above, steps = "raw", []
    for n, use in enumerate(uses):
        steps.append({"id": f"s{n}", "use": use, "in": above})
        above = f"s{n}"
    path = write_recipe(folder, steps, coco())
    done = command("plan", path, "--plugin", "mine.py", "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@pytest.mark.slow
def test_a_step_of_a_plugin_that_says_nothing_is_not_known_nor_what_stands_below(
    tmp_path: Path,
) -> None:
    for row in _planned(tmp_path, "writer", "reindex"):
        told = row["expected"]["dataset"]
        assert told["images"] == told["boxes"] == {"least": 0, "most": None}
        assert told["classes"] is None
    shown = command("plan", "recipe.yaml", "--plugin", "mine.py", cwd=tmp_path).stdout
    figures = next(line for line in shown.splitlines() if line.startswith("s0"))
    assert figures.split() == ["s0", "?", "?", "?"]
    assert "      writes ? files\n" in shown


@pytest.mark.slow
def test_what_a_step_says_flows_on_through_steps_below(tmp_path: Path) -> None:
    rows = _planned(tmp_path, "sayer", "reindex", "add_segmentation")
    for row in rows:
        assert row["expected"]["dataset"]["images"] == {"least": 6, "most": 6}
    assert rows[0]["files"] == {"least": 1, "most": 2}


@pytest.mark.slow
def test_a_forecast_that_fails_stops_nothing_and_is_told(tmp_path: Path) -> None:
    rows = _planned(tmp_path, "broken")
    assert rows[0]["expected"]["dataset"]["images"]["most"] is None
    shown = command("plan", "recipe.yaml", "--plugin", "mine.py", cwd=tmp_path).stdout
    assert "its forecast failed, so nothing is known: ZeroDivisionError" in shown


@pytest.mark.slow
def test_a_result_on_disk_is_counted_by_its_rows(tmp_path: Path) -> None:
    _planned(tmp_path, "writer", "reindex")
    run = command("run", "recipe.yaml", "--plugin", "mine.py", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    told = _planned(tmp_path, "writer", "reindex")[1]["expected"]["dataset"]
    assert told["negatives"] == {"least": 1, "most": 1}
