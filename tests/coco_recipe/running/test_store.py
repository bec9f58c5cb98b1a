"""Committed steps on disk: whole or absent, and nothing of others is lost."""

from pathlib import Path

from coco_recipe.running.store import Store
from coco_recipe.testing import Bench, dataset, run_step


def _committed(folder: Path) -> Store:
    from coco_recipe_data.reindex import STEP

    run_step(STEP, Bench(folder, keeps_outputs=True), dataset=dataset())
    return Store(folder)


def test_a_committed_step_has_its_manifest_and_no_unfinished_folder(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    manifest = store.manifest("reindex")
    assert manifest
    assert {*manifest.files} >= {"dataset.json", "ids.json"}
    assert store.step_ids() == {"reindex"}
    assert store.earlier("reindex") == store.final("reindex")
    assert not store.unfinished("reindex").exists()
    assert store.manifest("other") is None


def test_a_file_that_changed_or_is_gone_is_told(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    manifest = store.manifest("reindex")
    assert manifest
    assert store.damage("reindex", manifest) == ""
    path = store.final("reindex") / "ids.json"
    path.write_text("{}")
    assert store.damage("reindex", manifest) == "ids.json has changed"
    path.unlink()
    assert store.damage("reindex", manifest) == "ids.json is gone"


def test_a_manifest_is_read_again_once_its_file_is_another(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    first = store.manifest("reindex")
    assert store.manifest("reindex") is first
    (store.final("reindex") / "manifest.json").write_text("no manifest")
    assert store.manifest("reindex") is None


def test_a_file_of_somebody_else_is_kept_when_the_step_is_made_again(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    (store.final("reindex") / "mine.txt").write_text("mine")
    _committed(tmp_path)
    assert not (store.final("reindex") / "mine.txt").exists()
    assert (tmp_path / "kept/reindex/mine.txt").read_text() == "mine"


def test_a_step_begins_anew_or_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.begin("x")
    for name in ("half.bin", "manifest.json", ".a.partial"):
        (folder / name).write_text("x")
    assert [path.name for path in store.begin("x", resume=True).iterdir()] == ["half.bin"]
    assert not [*store.begin("x").iterdir()]
