"""Committed steps on disk: whole or absent, and nothing of others is lost."""

import os
import shutil
from pathlib import Path

import pytest

from coco_recipe.manifest import Manifest
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


def test_what_vouches_for_an_unfinished_folder_goes_with_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin("fit", resume=True, key="k")
    begun = store.begun("fit")
    assert begun
    assert (begun.key, begun.resumes) == ("k", True)
    assert store.unfinished_ids() == ["fit"]
    store.remove_unfinished("fit")
    assert not list(store.folder.iterdir())
    _committed(tmp_path / "done")
    assert not list((tmp_path / "done").rglob("*.begun"))


def test_what_a_manifest_disowns_is_not_handed_on(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    final = store.final("reindex")
    (final / "ids.json").write_text("{}")
    (final / "mine.txt").write_text("mine")
    assert store.vouched("reindex") == final
    assert {path.name for path in final.iterdir()} == {"manifest.json", "dataset.json"}
    assert (tmp_path / "kept/reindex/mine.txt").read_text() == "mine"
    text = (final / "manifest.json").read_text()
    (final / "manifest.json").write_text(text.replace('"use": "reindex"', '"use": "reindey"'))
    assert store.vouched("reindex") is None
    assert store.earlier("reindex") is None


def test_a_folder_in_the_place_of_a_file_is_not_handed_on(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    final = store.final("reindex")
    (final / "ids.json").unlink()
    (final / "ids.json/deep").mkdir(parents=True)
    (final / "ids.json/deep/mine.txt").write_text("mine")
    assert store.vouched("reindex") == final
    assert {path.name for path in final.iterdir()} == {"manifest.json", "dataset.json"}
    assert (tmp_path / "kept/reindex/ids.json/deep/mine.txt").read_text() == "mine"


def test_without_a_whole_manifest_only_what_is_made_again_is_ours(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    final = store.final("reindex")
    (final / "manifest.json").write_bytes(b"\0" * 300)
    (final / "mine.txt").write_text("mine")
    (final / "ids.json").write_text("mine, too")
    _committed(tmp_path)
    kept = {path.name: path.read_text() for path in (tmp_path / "kept/reindex").iterdir()}
    assert kept == {"mine.txt": "mine", "ids.json": "mine, too"}


def test_the_manifest_of_another_step_is_none(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    store.final("reindex").rename(store.final("other"))
    assert store.manifest("other") is None


def test_what_killed_runs_left_is_put_right(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    final = store.final("reindex")
    final.rename(tmp_path / "steps/.reindex.old")
    for name in ("other", "reindex"):
        store.unfinished(name).mkdir()
    store.put_back()
    store.sweep({"other"})
    assert {path.name for path in store.folder.iterdir()} == {"reindex", ".other.partial"}
    (tmp_path / "steps/.reindex.old").mkdir()
    (final / ".manifest.json.partial").write_text("half")
    store.put_back()
    assert [*store.strays("reindex")] == []
    assert not (tmp_path / "steps/.reindex.old").exists()


def test_a_whole_result_of_another_key_is_not_resumed(tmp_path: Path) -> None:
    store = _committed(tmp_path)
    store.final("reindex").rename(store.unfinished("reindex"))
    assert {path.name for path in store.begin("reindex", resume=True).iterdir()} == {
        "dataset.json",
        "ids.json",
    }
    _committed(tmp_path)
    store.final("reindex").rename(store.unfinished("reindex"))
    assert not [*store.begin("reindex", resume=True, key="another").iterdir()]


def test_a_result_that_is_restored_takes_the_place_of_what_stood_there(tmp_path: Path) -> None:
    store, given = _committed(tmp_path), []

    def discard(old: Path, was: Manifest, by: Manifest | None) -> None:
        assert was.record.step == "reindex"
        given.append((sorted(os.listdir(old)), by and by.key))
        shutil.rmtree(old)

    store.discard = discard
    manifest = store.manifest("reindex")
    assert manifest
    (store.final("reindex") / "notes.txt").write_text("mine")
    with store.restoring("reindex", manifest) as folder:
        shutil.copytree(store.final("reindex"), folder, dirs_exist_ok=True)
        (folder / "notes.txt").unlink()
    assert given == [(sorted({*manifest.files, "manifest.json"}), manifest.key)]
    assert (tmp_path / "kept/reindex/notes.txt").read_text() == "mine"
    assert store.damage("reindex", manifest) == ""
    with pytest.raises(OSError, match="no"), store.restoring("reindex", manifest):
        raise OSError("no")
    assert os.listdir(tmp_path / "steps") == ["reindex"]
