"""The wheel has all that the quickstart needs: it is built, installed elsewhere, and run from
there.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from builders import REPOSITORY

LEFT_OUT = shutil.ignore_patterns(
    ".*", "runs", "data", "build", "*.egg-info", "__pycache__", "tests", "benchmarks"
)


def _done(*words: str | Path, cwd: Path) -> str:
    """Run a program without the project on its path; return what it prints."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [*map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of a copy, so that nothing is written into the repository."""
    pytest.importorskip("pip")
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(REPOSITORY, folder / "source", symlinks=True, ignore=LEFT_OUT)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-index", "--no-build-isolation"]
    _done(*pip, "wheel", *options, "-w", folder, folder / "source", cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_every_package_and_its_files_are_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        found = {name for name in packed.namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(root).as_posix()
        for root in (REPOSITORY, REPOSITORY / "plugins")
        for package in root.glob("coco_recipe*")
        if not package.name.endswith(".egg-info")
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    schemas = {f"coco_recipe/schemas/{p.name}" for p in (REPOSITORY / "schemas").iterdir()}
    assert found == expected | schemas


@pytest.mark.slow
def test_the_quickstart_runs_from_the_wheel_in_a_new_environment(
    wheel: Path, tmp_path: Path
) -> None:
    pytest.importorskip("albumentations")
    _done(sys.executable, "-m", "venv", "--without-pip", tmp_path / "new", cwd=tmp_path)
    python = tmp_path / "new/bin/python"
    (site,) = (tmp_path / "new").glob("lib/*/site-packages")
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "libraries.pth").write_text("\n".join(libraries))  # no .pth in them is followed
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    _done(*pip, "install", "--no-deps", "--no-index", "--ignore-installed", wheel, cwd=tmp_path)

    code = (
        "import coco_recipe, coco_recipe_data; print(coco_recipe.__file__, "
        "coco_recipe_data.__file__)"
    )
    for place in _done(python, "-c", code, cwd=tmp_path).split():
        assert Path(place).is_relative_to(site)

    shutil.copytree(REPOSITORY / "recipes", tmp_path / "recipes")
    program = tmp_path / "new/bin/coco-recipe"
    _done(program, "demo", "data/demo", "--images", "24", cwd=tmp_path)
    told = _done(program, "run", "recipes/quickstart.yaml", cwd=tmp_path)
    assert told == "runs/quickstart\n"
    parts = sorted((tmp_path / "runs/quickstart").rglob("instances_*.json"))
    assert {path.name for path in parts} == {"instances_train.json", "instances_val.json"}
    assert all(json.loads(path.read_bytes())["images"] for path in parts)
