"""A file is traced by its bytes to runs, by mark and card to where it was published."""

import json
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from projects import project_in, run_project

from coco_recipe.asking.whence import whence
from coco_recipe.errors import RunError
from coco_recipe.manifest import read as read_manifest


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run directory, seen from a folder without runs."""
    folder = project_in(tmp_path)
    run_project(folder)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder / "runs/test"


@pytest.mark.parametrize("name", ["annotations/instances_all.json", "all/2.jpg"])
def test_a_published_file_is_known_where_it_is(run: Path, name: str) -> None:
    found = whence(run / "dataset" / name)
    assert [origin.by for origin in found.origins] == ["run", "published", "card"]
    first = found.origins[0]
    assert (first.recipe, first.step, first.use) == ("test", "d", "export_coco")
    assert first.data["raw"].keys() == {"annotations", "images"}
    assert first.versions["coco-recipe"]
    assert [step["id"] for step in first.steps] == ["d"]


def test_a_copied_file_is_known_by_its_bytes_where_runs_are_named(run: Path) -> None:
    copied = Path("某.json")
    shutil.copy(run / "dataset/annotations/instances_all.json", copied)
    assert whence(copied).origins == ()
    for place in (run, run.parent):
        (found,) = whence(copied, [place]).origins
        assert (found.by, found.place) == ("run", str(run))


def test_a_published_folder_is_known_by_its_card_and_its_recipe_is_where_it_is(run: Path) -> None:
    found = whence(run / "dataset")
    assert found.file.endswith("dataset_card.json")
    assert {origin.recipe for origin in found.origins} == {"test"}
    published = whence(run / "dataset/all/2.jpg").origins[1]
    assert Path(published.recipe_file) == run.parents[1] / "recipe.yaml"
    with pytest.raises(RunError, match="is a folder; name a file"):
        whence(run / "steps")


@pytest.mark.parametrize("name", ["recipe.yaml", "recipe.resolved.yaml", "provenance.jsonl"])
def test_what_a_run_keeps_of_itself_is_known(run: Path, name: str) -> None:
    (found,) = whence(run / name).origins
    assert (found.by, found.recipe, found.what) == ("run", "test", f"{name} of the run itself")


def test_a_copied_folder_is_known_by_its_mark_or_its_card(run: Path) -> None:
    shutil.copytree(run / "dataset", "moved")
    path = Path("moved/annotations/instances_all.json")
    assert [origin.by for origin in whence(path).origins] == ["published", "card"]
    Path("moved/.coco-recipe.json").unlink()
    (found,) = whence(path).origins
    assert (found.by, found.recipe, found.step) == ("card", "test", "d")
    path.write_bytes(path.read_bytes() + b"\n")
    assert whence(path).origins == ()


def test_a_raw_file_is_known_as_an_input(run: Path) -> None:
    (found,) = whence(run.parents[1] / "raw.json", [run]).origins
    assert (found.step, found.what) == ("", "the annotations of its input 'raw'")


def test_the_card_itself_is_known(run: Path) -> None:
    found = whence(run / "dataset/README.md")
    assert [origin.by for origin in found.origins] == ["card"]


def _checkpoint(said: Any) -> Path:
    path = Path("best.pth")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("best/data.pkl", pickle.dumps({"meta": {"coco_recipe": said}}, 2))
    return path


def test_a_checkpoint_names_its_step_and_its_key_names_the_run(run: Path) -> None:
    manifest = read_manifest(run / "steps/d/manifest.json")
    assert manifest is not None
    said = {
        "step": "fit",
        "use": "train",
        "key": manifest.key,
        "versions": {"torch": "2"},
        "data": {"fit.train": {"annotations": "b" * 64}},
        "steps": [{"id": "fit", "use": "train", "parameters": {"epochs": 3}}],
    }
    path = _checkpoint(json.dumps(said))
    found = whence(path, [run])
    assert [origin.by for origin in found.origins] == ["run", "meta"]
    assert found.origins[0].recipe == "test"
    alone = whence(path)
    (origin,) = alone.origins
    assert (origin.step, origin.versions, origin.data) == ("fit", {"torch": "2"}, said["data"])
    assert origin.steps[0]["parameters"] == {"epochs": 3}
    assert "no run that was looked at has its key" in alone.notes[0]


def test_what_a_checkpoint_claims_in_another_form_is_passed_over(run: Path) -> None:
    said = {"step": 7, "data": [1], "versions": {"a": None}, "steps": ["x", {"id": 1}], "key": None}
    (origin,) = whence(_checkpoint(json.dumps(said))).origins
    assert (origin.step, origin.data, origin.steps) == ("7", {}, ({"id": 1},))


def test_a_damaged_mark_and_other_runs_are_no_witness(run: Path) -> None:
    (run / "dataset/.coco-recipe.json").write_text("{}")
    (run / "dataset/dataset_card.json").write_text("{}")
    (run.parent / "other").mkdir()
    (run.parent / "other/provenance.jsonl").write_text("nothing")
    path = run / "dataset/annotations/instances_all.json"
    assert [origin.by for origin in whence(path, [run.parent]).origins] == ["run"]


def test_a_file_that_isnt_there_is_refused(run: Path) -> None:
    with pytest.raises(RunError, match="there is no such file"):
        whence(Path("nothing.pth"))
