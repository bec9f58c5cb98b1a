"""What is known of a recipe's values before anything runs."""

from pathlib import Path

import pytest
from builders import command
from odd_steps import PLUGIN, opened

from coco_recipe.errors import RecipeError, RunError
from coco_recipe.running import forecast, stages


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    return path


def test_several_values_under_one_port_arrive_flat(tmp_path: Path, plugin: Path) -> None:
    planned = opened(
        tmp_path,
        [
            {"id": "m", "use": "many", "in": "raw"},
            {"id": "t", "use": "take", "in": ["m.several", "m.several"]},
        ],
        plugin,
    ).plan
    stages.run(planned, out=tmp_path / "out")
    manifest = (tmp_path / "out/steps/t/manifest.json").read_text()
    assert manifest.count('"1"') == manifest.count('"2"') == 2
    with pytest.raises(RecipeError, match="is several Checkpoints, expected one"):
        opened(
            tmp_path,
            [{"id": "m", "use": "many", "in": "raw"}, {"id": "o", "use": "one", "in": "m"}],
            plugin,
        )


def test_a_plan_passes_over_values_without_rows(tmp_path: Path, plugin: Path) -> None:
    steps = [
        {"id": "m", "use": "many", "in": "raw"},
        {"id": "t", "use": "take", "in": "m"},
        {"id": "r", "use": "reindex", "in": "raw"},
    ]
    planned = opened(tmp_path, steps, plugin).plan
    stages.run(planned, out=tmp_path / "out")
    shown = command("plan", "recipe.yaml", "--out", "out", "--plugin", plugin, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert {"m", "t"} <= set(lines), "no figures beside the names"
    assert shown.stdout.count("      reuse: unchanged\n") == 3
    assert next(line for line in lines if line.startswith("r ")).split()[1:] == ["3", "2", "1"]


def test_a_preview_is_drawn_by_the_step_from_what_comes_to_it(tmp_path: Path, plugin: Path) -> None:
    state = opened(
        tmp_path,
        [{"id": "m", "use": "many", "in": "raw"}, {"id": "t", "use": "take", "in": "m"}],
        plugin,
    )
    forecast.preview(state, "m", tmp_path / "sheet.png", images=4)
    assert (tmp_path / "sheet.png").read_text() == "m 4 3"
    assert not (tmp_path / "out").exists()
    with pytest.raises(RunError, match="has no preview"):
        forecast.preview(state, "t", tmp_path / "sheet.png", images=4)
    with pytest.raises(RunError, match="there is no step 'x'"):
        forecast.preview(state, "x", tmp_path / "sheet.png", images=4)
