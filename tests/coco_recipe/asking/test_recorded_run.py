"""A run is read from its records, wherever it is and whatever wrote it."""

import shutil
from pathlib import Path

import pytest
from projects import project_in, run_project

from coco_recipe.asking import recorded_run
from coco_recipe.errors import RunError


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A run directory without the recipe and the inputs that it was made of."""
    folder = project_in(tmp_path, images="none")
    run_project(folder)
    target = tmp_path / "搬"
    shutil.move(folder / "runs/test", target)
    shutil.rmtree(folder)
    return target


def test_a_run_tells_its_recipe_versions_and_data(moved: Path) -> None:
    found = recorded_run.read(moved)
    assert found.recipe()["name"] == "test"
    assert found.versions()["coco-recipe"]
    assert {name: len(part.images) for name, part in found.data().items()} == {"all": 3}
    assert found.metrics() == {}
    assert found.notes == ()


def test_a_manifest_of_an_earlier_version_is_read(moved: Path) -> None:
    path = moved / "steps/d/manifest.json"
    path.write_text(path.read_text("utf-8").replace('"digest"', '"unknown"'), "utf-8")
    manifest = recorded_run.read(moved).manifest("d")
    assert manifest is not None
    assert manifest.record.step == "d"


def test_files_that_have_gone_are_left_out(moved: Path) -> None:
    shutil.rmtree(moved / "steps/d")
    found = recorded_run.read(moved)
    assert found.data() == {}
    assert found.manifest("d") is None


def test_a_run_without_a_copy_of_its_recipe_says_so(moved: Path) -> None:
    for name in ("recipe.yaml", "recipe.resolved.yaml"):
        (moved / name).unlink()
    with pytest.raises(RunError, match=r"has neither recipe\.resolved\.yaml nor recipe\.yaml"):
        recorded_run.read(moved).recipe()


def test_another_folder_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "provenance.jsonl").write_text('{"mine": 1}\n')
    with pytest.raises(RunError, match="is not a run directory"):
        recorded_run.read(tmp_path)
