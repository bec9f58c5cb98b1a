"""Results that are kept: nothing is made twice, damage is found, nothing of others is lost."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded, tree, write_recipe

from coco_recipe import files
from coco_recipe.api import run
from coco_recipe.result import Result
from coco_recipe.running import cache, stages
from coco_recipe.running.cache import Cache, Held
from coco_recipe.running.verification import verify

STEPS: list[dict[str, Any]] = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "numbered", "use": "reindex", "in": "clean", "with": {"annotations": 1}},
    {"id": "out", "use": "export_coco", "in": {"all": "numbered"}, "with": {"images": "none"}},
]


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_recipe(tmp_path, STEPS, coco())


def _run(recipe: Path, seed: int = 0, **options: Any) -> Result:
    return run(recipe, set={"seed": seed}, jobs=0, **options)


def _kept(folder: Path = Path("runs")) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = {}
    for held in Cache(folder / "x").entries():
        if held.result.exists():
            found.setdefault(held.entry.step, []).append(held)
    return found


@pytest.mark.slow
def test_a_parameter_that_is_changed_to_and_fro_makes_nothing_twice(recipe: Path) -> None:
    first = _run(recipe)
    before = tree(first.folder)
    assert len(_run(recipe, 1).ran) == 3
    back = _run(recipe)
    assert (back.ran, len(back.reused)) == ((), 3)
    assert tree(back.folder) == before
    assert not verify(back.folder).wrong
    assert _run(recipe, 1).ran == ()
    assert {name: len(held) for name, held in _kept().items()} == dict.fromkeys(
        ("clean", "numbered", "out"), 1
    )


def test_a_result_lies_in_one_place(recipe: Path) -> None:
    _run(recipe)
    _run(recipe, 1)
    every = [path for path in Path("runs").rglob("*") if path.is_file()]
    assert {path.stat().st_nlink for path in every} == {1}


@pytest.mark.slow
def test_three_results_of_a_step_stay_those_used_last(recipe: Path) -> None:
    for seed in range(4):
        _run(recipe, seed)
    assert len(_kept()["clean"]) == 3
    assert _run(recipe).ran == ()  # which puts 3 aside
    _run(recipe, 4)
    assert len(_kept()["clean"]) == 3
    assert _run(recipe).ran == ()
    assert "clean" in _run(recipe, 1).ran


@pytest.mark.slow
def test_keep_says_how_many(recipe: Path) -> None:
    for seed in range(3):
        _run(recipe, seed, keep=1)
    assert {len(held) for held in _kept().values()} == {1}
    assert _run(recipe, 5, keep=0).ran
    assert {len(held) for held in _kept().values()} == {1}


@pytest.mark.slow
def test_what_has_a_checkpoint_stays(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "has_checkpoint", lambda manifest: manifest.record.step == "out")
    for seed in range(6):
        _run(recipe, seed)
    assert {name: len(held) for name, held in _kept().items()} == {
        "clean": 3,
        "numbered": 3,
        "out": 5,
    }


@pytest.mark.slow
def test_run_directories_share_results_but_no_files_that_one_may_change(recipe: Path) -> None:
    first = _run(recipe, out="runs/a")
    other = _run(recipe, out="runs/b")
    assert (other.ran, len(other.reused)) == ((), 3)
    assert tree(other.folder / "steps") == tree(first.folder / "steps")
    assert not verify(other.folder).wrong
    assert {path.stat().st_nlink for path in other.folder.rglob("*") if path.is_file()} == {1}


@pytest.mark.slow
def test_one_elsewhere_takes_its_own_results_and_no_others(recipe: Path) -> None:
    _run(recipe, out="here/a")
    assert len(_run(recipe, out="here/b").ran) == 3
    _run(recipe, 1, out="here/a")
    assert _run(recipe, out="here/a").ran == ()
    assert len(_run(recipe, 1, out="here/b").ran) == 3


@pytest.mark.slow
@pytest.mark.parametrize("change", ["flip", "cut", "remove", "manifest"])
def test_a_damaged_result_is_found_and_made_anew(recipe: Path, change: str) -> None:
    before = tree(_run(recipe).folder)
    _run(recipe, 1)
    (held,) = _kept()["out"]
    path = held.result / ("manifest.json" if change == "manifest" else "all.json")
    path = path if path.exists() else next(held.result.rglob("*.json"))
    data = path.read_bytes()
    if change == "remove":
        path.unlink()
    else:
        path.write_bytes(data[:-9] if change == "cut" else data.replace(b"e", b"f", 1))
    assert str(held.entry.key) in "".join(map(str, verify(Path("runs/test")).wrong))
    back = _run(recipe)
    assert sorted(back.ran) == ["clean", "numbered", "out"]
    assert tree(back.folder) == before
    assert not verify(back.folder).wrong


@pytest.mark.slow
def test_what_has_the_manifest_of_another_step_is_not_kept(recipe: Path) -> None:
    folder = _run(recipe).folder
    manifests = [folder / "steps" / name / "manifest.json" for name in ("clean", "out")]
    for path, data in zip(manifests, [path.read_bytes() for path in manifests[::-1]], strict=True):
        path.write_bytes(data)
    assert verify(folder).wrong
    _run(recipe)
    assert not verify(folder).wrong
    assert _kept() == {}


@pytest.mark.slow
def test_a_damaged_entry_is_no_entry(recipe: Path) -> None:
    _run(recipe)
    _run(recipe, 1)
    for path in Path("runs/.cache").glob("*/entry.json"):
        path.write_bytes(path.read_bytes().replace(b"test", b"tset"))
    assert len(_run(recipe).ran) == 3


def test_another_name_of_an_input_is_another_result(tmp_path: Path, recipe: Path) -> None:
    _run(recipe, out="runs/a")
    steps = [STEPS[0] | {"in": "mine"}, *STEPS[1:]]
    other = write_recipe(tmp_path, steps, inputs={"mine": {"annotations": "raw.json"}})
    assert len(_run(other, out="runs/b").ran) == 3


@pytest.mark.slow
def test_plan_sees_what_is_kept_and_writes_nothing(recipe: Path) -> None:
    _run(recipe)
    _run(recipe, 1)
    before = tree(Path("runs"))
    options = ("--set", "seed=0", "--format", "json")
    rows = json.loads(command("plan", recipe, *options, cwd=recipe.parent).stdout)
    assert [row["runs"] for row in rows] == [False, False, False]
    assert tree(Path("runs")) == before


@pytest.mark.slow
def test_a_file_of_somebody_in_a_result_stays(recipe: Path) -> None:
    _run(recipe)
    _run(recipe, 1)
    (held,) = _kept()["clean"]
    (held.result / "notes.txt").write_text("mine")
    left = Cache(Path("runs/test")).remove(held)
    assert left
    assert (left / "result" / "notes.txt").read_text() == "mine"
    assert not (left / "result" / "manifest.json").exists()
    (held,) = _kept()["out"]
    (held.result / "notes.txt").write_text("mine")
    _run(recipe)
    assert Path("runs/test/kept/out/notes.txt").read_text() == "mine"


@pytest.mark.slow
def test_a_folder_of_somebody_is_no_cache(recipe: Path) -> None:
    Path("runs/.cache").mkdir(parents=True)
    Path("runs/.cache/mine").write_text("mine")
    _run(recipe)
    _run(recipe, 1)
    assert len(_run(recipe).ran) == 3
    assert os.listdir("runs/.cache") == ["mine"]


@pytest.mark.slow
def test_a_kill_between_two_moves_loses_nothing(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(recipe)
    _run(recipe, 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "put_in_place", killed)
        with pytest.raises(KeyboardInterrupt):
            _run(recipe)
    assert Path("runs/test/steps/.clean.restored").is_dir()
    assert _run(recipe).ran == ()


@pytest.mark.slow
def test_without_links_and_clones_all_is_as_with_them(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(os, "link", refused)
    _run(recipe, out="runs/a")
    assert _run(recipe, out="runs/b").ran == ()
    _run(recipe, 1, out="runs/b")
    assert _run(recipe, out="runs/b").ran == ()


def test_a_run_that_can_not_write_beside_it_keeps_nothing(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Cache, **_: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Cache, "_locked", refused)
    assert len(_run(recipe).ran) == 3
    assert recorded(Path("runs/test/steps/out")).step == "out"
    assert not Path("runs/.cache").exists()


@pytest.mark.slow
def test_force_takes_nothing_that_is_kept(recipe: Path) -> None:
    _run(recipe)
    _run(recipe, 1)
    assert len(_run(recipe, force=True).ran) == 3
    assert stages.KEPT == 3
