"""A package that is written is installed, tested and used as it is; nothing is written over."""

import shutil
import sys
from pathlib import Path

import pytest
from builders import REPOSITORY
from environments import new_environment, printed

from coco_recipe import new_plugin
from coco_recipe.errors import RunError


@pytest.mark.slow
def test_the_package_is_installed_tested_typed_and_used(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    pytest.importorskip("albumentations")
    package = tmp_path / "small-boxes"
    new_plugin.write("small-boxes", package)
    program = new_environment(tmp_path / "new", [package])
    python = tmp_path / "new/bin/python"
    told = printed(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", package, cwd=package)
    assert "3 passed" in told
    assert "small_boxes" in printed(program, "steps", cwd=tmp_path)
    printed(program, "demo", "demo", "--images", "6", cwd=tmp_path)
    (tmp_path / "recipe.yaml").write_bytes((package / "recipe.yaml").read_bytes())
    assert printed(program, "run", "recipe.yaml", cwd=tmp_path) == "runs/small_boxes\n"
    # the project's own types are found as those of an installed package
    cache = REPOSITORY / ".mypy_cache"
    told = printed(
        sys.executable,
        *("-m", "mypy", "--strict", "--cache-dir", cache / "plugin", package / "small_boxes"),
        cwd=REPOSITORY,
    )
    assert "Success" in told


@pytest.mark.skipif(not shutil.which("ruff"), reason="ruff isn't installed")
@pytest.mark.parametrize("name", ["a", "small-boxes", "coco-recipe-" + "b" * 23, "c" * 35])
def test_the_package_is_tidy(name: str, tmp_path: Path) -> None:
    new_plugin.write(name, tmp_path)
    printed("ruff", "check", "--isolated", "--select", "E,F,I,B,UP,SIM,ANN", ".", cwd=tmp_path)
    printed("ruff", "format", "--isolated", "--check", ".", cwd=tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *("", "Boxes", "1box", "a b", "a/b", "../up", "-x", "x-", "a--b", "é", "瓶盖", "a.b", "$x"),
        *("class", "coco-recipe-class", "coco-recipe-2", "a" * 36),
        *("null", "coco-recipe-true", "tests", "build", "runs"),
    ],
)
def test_a_name_that_no_package_can_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="can't be the name of a plugin"):
        new_plugin.write(name, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["json", "pytest", "pyyaml", "coco-recipe", "coco-recipe-data", "merge"]
)
def test_a_name_that_is_taken_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="already"):
        new_plugin.write(name, tmp_path / "new", frozenset({"merge"}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "near"),
    [("Small_Boxes", "small-boxes"), ("2 Blurs", "blurs"), ("瓶盖", "small-boxes")],
)
def test_a_name_is_proposed(name: str, near: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"as {near}$"):
        new_plugin.write(name, tmp_path / "new")
    if near != "small-boxes":
        new_plugin.write(near, tmp_path / "new")


@pytest.mark.parametrize("there", ["a file", "a file within", "a link"])
def test_nothing_is_written_over(there: str, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    if there == "a file":
        folder.write_text("mine")
    elif there == "a link":
        folder.symlink_to(tmp_path / "nowhere")
    else:
        folder.mkdir()
        (folder / "mine").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunError, match="nothing in it is written over"):
        new_plugin.write("small-boxes", folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    written = new_plugin.write("coco-recipe-blur", tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in written} >= {
        "coco_recipe_blur/blur.py",
        "tests/test_blur.py",
        "pyproject.toml",
    }
    assert all("$" not in path.read_text() or path.name == "test.yml" for path in written)
    assert "${{ matrix.python }}" in (tmp_path / ".github/workflows/test.yml").read_text()
