"""The wheel has all that the quickstart needs: it is built, installed elsewhere, and run from
there.
"""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from builders import REPOSITORY
from environments import PIP, new_environment, printed

LEFT_OUT = shutil.ignore_patterns(
    ".*", "runs", "data", "build", "*.egg-info", "__pycache__", "tests", "benchmarks"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of a copy, so that nothing is written into the repository."""
    pytest.importorskip("pip")
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(REPOSITORY, folder / "source", symlinks=True, ignore=LEFT_OUT)
    options = ["--no-deps", "--no-index", "--no-build-isolation"]
    printed(*PIP, "wheel", *options, "-w", folder, folder / "source", cwd=folder)
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
    linked = {
        f"coco_recipe/{path.relative_to(REPOSITORY).as_posix()}"
        for folder in ("schemas", "recipes")
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert found == expected | linked


@pytest.mark.slow
def test_the_quickstart_runs_from_the_wheel_in_a_new_environment(
    wheel: Path, tmp_path: Path
) -> None:
    pytest.importorskip("albumentations")
    program = new_environment(tmp_path / "new", [wheel], with_project=False)
    python = tmp_path / "new/bin/python"
    (site,) = (tmp_path / "new").glob("lib/*/site-packages")

    code = (
        "import coco_recipe, coco_recipe_data; print(coco_recipe.__file__, "
        "coco_recipe_data.__file__)"
    )
    for place in printed(python, "-c", code, cwd=tmp_path).split():
        assert Path(place).is_relative_to(site)

    shutil.copytree(REPOSITORY / "recipes", tmp_path / "recipes")
    printed(program, "demo", "data/demo", "--images", "24", cwd=tmp_path)
    told = printed(program, "run", "recipes/quickstart.yaml", cwd=tmp_path)
    assert told == "runs/quickstart\n"
    parts = sorted((tmp_path / "runs/quickstart").rglob("instances_*.json"))
    assert {path.name for path in parts} == {"instances_train.json", "instances_val.json"}
    assert all(json.loads(path.read_bytes())["images"] for path in parts)

    printed(program, "init", "data/demo/annotations.json", "data/demo/images", cwd=tmp_path)
    run = Path(printed(program, "run", "recipe.yaml", "--no-report", cwd=tmp_path).strip())
    told = printed(program, "report", run, cwd=tmp_path)
    assert (tmp_path / told.strip().splitlines()[-1]).suffix == ".html"
    assert "quickstart" in printed(program, "recipes", "list", cwd=tmp_path)
