import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import coco, command, process, write_recipe
from jsonschema import Draft7Validator

from coco_recipe import plugins
from coco_recipe.errors import PluginError

DROP_SMALL = '''"""coco-recipe plugin: step ``drop_small``, which removes tiny boxes."""
from collections.abc import Iterator
from coco_recipe import (
    Dataset,
    Port,
    Step,
    StepContext,
    hookimpl,
)

SIDE = {"type": "number", "description": "Shortest side, in pixels."}
PARAMS = {"type": "object", "additionalProperties": False, "required": ["min_side_px"],
          "properties": {"min_side_px": SIDE}}


def drop_small(ctx: StepContext, *, dataset: Dataset, min_side_px: float) -> dict[str, Dataset]:
    """Keep the boxes whose shorter side is at least ``min_side_px`` pixels."""
    kept = []
    for row in dataset.annotations:
        if min(row.bbox[2:]) < min_side_px:
            ctx.drop(row, "too small")
        else:
            kept.append(row)
    return {"dataset": dataset.replace(annotations=tuple(kept))}


@hookimpl
def coco_recipe_steps() -> Iterator[Step]:
    yield Step(name="drop_small", run=drop_small, params=PARAMS,
               inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset})
'''
STEPS = [{"id": "big", "use": "drop_small", "in": "raw", "with": {"min_side_px": 11}}]


def test_a_plugin_of_one_file_works(tmp_path: Path) -> None:
    (tmp_path / "drop_small.py").write_text(DROP_SMALL)
    done = command(
        "run", write_recipe(tmp_path, STEPS, coco()), "--plugin", "drop_small.py", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "3 images, 0 boxes; dropped 2 annotations (too small)" in done.stderr


@pytest.mark.slow
def test_a_plugin_works_as_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "drop_small.py").write_text(DROP_SMALL)
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "drop-small"\nversion = "1.2"\n[tool.setuptools]\npy-modules = '
        '["drop_small"]\n'
        '[project.entry-points.coco_recipe]\ndrop_small = "drop_small"\n'
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--target",
            str(tmp_path / "site"),
            str(package),
        ],
        check=True,
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    assert "drop-small 1.2" in process("steps", cwd=tmp_path).stdout
    assert process("run", write_recipe(tmp_path, STEPS, coco()), cwd=tmp_path).returncode == 0


BROKEN = {
    "import": ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
    "syntax": ("def x(:\n", "SyntaxError at line 1"),
    "exits": ("import sys\nsys.exit(0)\n", "SystemExit: 0"),
    "misspelt hook": (
        DROP_SMALL.replace("def coco_recipe_steps", "def coco_recipe_step"),
        "is not a hook",
    ),
    "keywords": (
        DROP_SMALL.replace("dataset: Dataset, min_side_px", "dataset: Dataset, min_side"),
        "ports and parameters differ: min_side, min_side_px",
    ),
    "schema": (DROP_SMALL.replace('"type": "number"', '"type": "nummer"'), "are not a JSON Schema"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_file_is_named_with_its_own_message(name: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text(BROKEN[name][0])
    with pytest.raises(PluginError, match=f"broken.py: .*{BROKEN[name][1]}"):
        plugins.find([path])
    assert command("steps", "--plugin", path, cwd=tmp_path).returncode == 2


def test_a_sound_schema_is_checked_once_and_a_broken_one_told_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins.find()
    with monkeypatch.context() as patch:
        patch.setattr(Draft7Validator, "check_schema", lambda schema: pytest.fail("again"))
        plugins.find()
    (tmp_path / "mine.py").write_text(BROKEN["schema"][0])
    for _ in range(2):
        with pytest.raises(PluginError, match="are not a JSON Schema"):
            plugins.find([tmp_path / "mine.py"])


@pytest.mark.slow
def test_broken_installed_plugins_are_listed_and_stop_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (text, _) in enumerate(BROKEN.values()):
        (tmp_path / f"broken_{number}.py").write_text(text)
        info = tmp_path / f"broken_{number}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: broken-{number}\nVersion: 1\n"
        )
        (info / "entry_points.txt").write_text(f"[coco_recipe]\nx = broken_{number}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = process("steps", cwd=tmp_path)
    assert done.returncode == 0
    assert "reindex" in done.stdout
    for number, (_, message) in enumerate(BROKEN.values()):
        assert any(
            f"broken-{number} " in line and message in line for line in done.stderr.splitlines()
        ), done.stderr


def test_two_plugins_with_one_step_name_are_both_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(DROP_SMALL.replace('"drop_small"', '"reindex"'))
    with pytest.raises(
        PluginError, match=r"mine.py: offers step 'reindex', which coco-recipe offers too"
    ):
        plugins.find([tmp_path / "mine.py"])


def test_a_file_runs_as_it_stands_and_leaves_no_bytecode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "plugin.py"
    seen = []
    for text in ("VALUE = 1\n", "VALUE = 2\n"):
        file.write_text(text)
        os.utime(file, (1e9, 1e9))
        seen.append(plugins.load_file(file).VALUE)
    assert seen == [1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["plugin.py"]
