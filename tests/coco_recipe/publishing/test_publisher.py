"""Publishing: only into a folder that is absent, empty or ours, and no file of the user's is ever
touched.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, times, write_recipe
from projects import project_in, run_project, write_files

from coco_recipe import events
from coco_recipe.errors import RecipeError, RunError
from coco_recipe.publishing.marks import MARK
from coco_recipe.running import stages


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "steps" not in path.parts
    }


def test_a_file_of_the_users_stays_when_there_is_nothing_to_do_and_when_all_is_made_again(
    tmp_path: Path,
) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    published = folder / "runs/test/dataset"
    (published / "labels.cache").write_text("mine")
    (published / "all/notes.txt").write_text("mine, too")
    run_project(folder)
    (folder / "images/2.jpg").write_bytes(b"\xff\xd8 another")
    data = coco()
    data["images"].pop()
    (folder / "raw.json").write_text(json.dumps(data))
    run_project(folder)
    assert (published / "labels.cache").read_text() == "mine"
    assert (published / "all/notes.txt").read_text() == "mine, too"
    assert (published / "all/2.jpg").read_bytes() == b"\xff\xd8 another"
    assert not (published / "all/3.jpg").exists()  # ours, and no longer part of the result


def test_a_file_of_ours_that_somebody_changed_stops_the_run_until_republish(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    published = folder / "runs/test/dataset"
    (published / "all/2.jpg").write_bytes(b"touched up by hand")
    (published / "all/2.jpg.changed").write_bytes(b"the user's own")
    for options in ({}, {"force": True}):
        with pytest.raises(
            RecipeError, match=r"1 published file was changed by somebody: all/2.jpg\n.*--republish"
        ):
            run_project(folder, **options)
    run_project(folder, republish=True)
    assert (published / "all/2.jpg").read_bytes() == b"\xff\xd8 picture 2"
    assert (published / "all/2.jpg.changed").read_bytes() == b"the user's own"
    assert (published / "all/2.jpg.changed.2").read_bytes() == b"touched up by hand"
    run_project(folder)


@pytest.mark.slow
def test_republishing_names_what_it_moves_and_what_it_puts_back(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    published = folder / "runs/test/dataset"
    (published / "all/3.jpg").write_bytes(b"touched up by hand")
    (published / "all/1.jpg").unlink()
    done = command("run", "recipe.yaml", "--republish", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "all/3.jpg was changed by somebody, and is now " in done.stderr
    assert "all/3.jpg.changed\n" in done.stderr
    for name in ("all/1.jpg", "all/3.jpg"):
        assert f"{name} is put back as it was published\n" in done.stderr
    assert done.stderr.count("note: ") == 3
    assert "note: " not in command("run", "recipe.yaml", "--republish", cwd=folder).stderr


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["validate", "plan", "run"])
def test_files_that_somebody_changed_are_told_when_planned(verb: str, tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    published = folder / "runs/test/dataset"
    (published / "all/3.jpg").write_bytes(b"touched up by hand")
    (published / "annotations/instances_all.json").write_text("{}")
    before = _bytes(tmp_path)
    done = command(verb, "recipe.yaml", cwd=folder)
    assert done.returncode == 2
    assert (
        f"steps[0].with.to: step 'd' can't publish in {published}: 2 published files were "
        "changed by somebody: "
        "all/3.jpg, annotations/instances_all.json" in done.stderr
    )
    assert (
        "hint: delete them, or run with --republish, which moves each to <name>.changed "
        "and puts ours back" in done.stderr
    )
    assert _bytes(tmp_path) == before
    (published / "all/3.jpg").unlink()
    (published / "annotations/instances_all.json").unlink()
    done = command(verb, "recipe.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr


def test_a_changed_file_stops_the_run_before_any_step_works(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    (folder / "runs/test/dataset/all/2.jpg").write_bytes(b"touched up by hand")
    (folder / "images/1.jpg").write_bytes(b"another picture")  # the step must work again
    seen: list[Any] = []
    with pytest.raises(RecipeError, match="changed by somebody"):
        run_project(folder, observers=[seen.append])
    assert seen == []


@pytest.mark.parametrize("earlier", ["link", "symlink"])
def test_pictures_that_were_links_are_copies_once_the_recipe_says_so(
    earlier: str, tmp_path: Path
) -> None:
    folder = project_in(tmp_path, images=earlier)
    run_project(folder)
    write_files(folder, "dataset", images="copy")
    run_project(folder)
    published = folder / "runs/test/dataset/all/1.jpg"
    assert published.read_bytes() == b"\xff\xd8 picture 1"
    assert not published.samefile(folder / "images/1.jpg")


def test_a_deleted_file_of_ours_is_put_back(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    (folder / "runs/test/dataset/all/2.jpg").unlink()
    assert run_project(folder).ran == ()
    assert (folder / "runs/test/dataset/all/2.jpg").read_bytes() == b"\xff\xd8 picture 2"


@pytest.mark.parametrize("kind", ["file", "link", "folder link"])
def test_what_stands_where_a_new_file_must_go_is_not_overwritten(kind: str, tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    data = coco(2)
    (folder / "raw.json").write_text(json.dumps(data))
    run_project(folder)
    published = folder / "runs/test/dataset"
    (folder / "raw.json").write_text(json.dumps(coco()))
    if kind == "file":
        (published / "all/3.jpg").write_bytes(b"the user's")
    elif kind == "link":
        (published / "all/3.jpg").symlink_to(folder / "raw.json")
    else:
        (tmp_path / "other").mkdir()
        shutil.rmtree(published / "all")
        (published / "all").symlink_to(tmp_path / "other")
    with pytest.raises((RunError, RecipeError), match="isn't ours"):
        run_project(folder)
    assert (folder / "raw.json").read_text() == json.dumps(coco())
    if kind == "file":
        assert (published / "all/3.jpg").read_bytes() == b"the user's"
    if kind == "folder link":
        assert list((tmp_path / "other").iterdir()) == []


def test_what_the_step_placed_is_not_believed_if_its_list_was_changed(tmp_path: Path) -> None:
    """Somebody who writes another list of pictures doesn't make a user's folder ours."""
    folder = project_in(tmp_path)
    run_project(folder)
    published = folder / "runs/test/dataset"
    (published / MARK).unlink()
    (published / "all/2.jpg").write_bytes(b"mine")
    placed = folder / "runs/test/steps/d/placed.jsonl"
    placed.write_text(
        placed.read_text().replace(
            hashlib.sha256(b"\xff\xd8 picture 2").hexdigest(), hashlib.sha256(b"mine").hexdigest()
        )
    )
    with pytest.raises(RecipeError, match="didn't publish"):
        run_project(folder)
    assert (published / "all/2.jpg").read_bytes() == b"mine"


def test_a_run_directory_of_another_recipe_is_refused_and_a_moved_one_is_not(
    tmp_path: Path,
) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    text = json.loads((folder / "recipe.yaml").read_text())
    (folder / "copy.yaml").write_text(json.dumps(text))
    stages.run(stages.prepare(folder / "copy.yaml"), out=folder / "runs/test")  # the recorded text
    (folder / "other.yaml").write_text(json.dumps(text | {"seed": 5}))
    with pytest.raises(
        RunError,
        match=r"is the run directory of another recipe, .*copy.yaml; choose another folder "
        r"\(--out\)",
    ):
        stages.run(stages.prepare(folder / "other.yaml"), out=folder / "runs/test")
    (folder / "copy.yaml").write_text(json.dumps(text | {"seed": 6}))
    shutil.move(folder, tmp_path / "moved")
    moved = tmp_path / "moved"
    stages.run(stages.prepare(moved / "copy.yaml"), out=moved / "runs/test")


def test_nothing_is_removed_through_a_folder_that_is_now_a_link(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    published = folder / "runs/test/dataset"
    shutil.move(published / "all", tmp_path / "moved")
    (published / "all").symlink_to(tmp_path / "moved")
    write_files(folder, "dataset", images="none")
    run_project(folder)
    assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == [
        "1.jpg",
        "2.jpg",
        "3.jpg",
    ]


@pytest.mark.parametrize("gone", [True, False], ids=["no longer ours", "written anew"])
def test_a_file_that_is_changed_while_the_run_is_at_work_is_not_overwritten(
    gone: bool, tmp_path: Path
) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    published = folder / "runs/test/dataset/all/2.jpg"
    (folder / "images/2.jpg").write_bytes(b"another picture")
    if gone:
        (folder / "raw.json").write_text(json.dumps(coco(1, [(1, 1)])))

    def touch(event: Any) -> None:
        # after the look at what is published, and before it is published again
        if isinstance(event, events.StepStarted):
            published.write_bytes(b"the user's")

    with pytest.raises(RunError, match=r"isn't ours|was changed by somebody"):
        run_project(folder, observers=[touch])
    assert published.read_bytes() == b"the user's"


def test_a_users_file_in_a_steps_folder_is_kept_when_the_step_runs_again(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    (folder / "runs/test/steps/d/notes.txt").write_text("mine")
    for _ in range(2):
        run_project(folder, force=True)
    assert (folder / "runs/test/kept/d/notes.txt").read_text() == "mine"


def test_steps_that_the_recipe_no_longer_has_are_left_and_named(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    step = {"id": "e", "use": "reindex", "in": "raw"}
    write_recipe(folder, [step], inputs={"raw": {"annotations": "raw.json", "images": "images"}})
    notes: list[str] = []
    run_project(
        folder,
        observers=[
            lambda event: notes.append(event.text) if isinstance(event, events.Noted) else None
        ],
    )
    assert len(notes) == 1
    assert notes[0].endswith("steps/d is of no step of this recipe; it is left where it is")
    assert (folder / "runs/test/steps/d/manifest.json").exists()


@pytest.mark.parametrize("how", ["copy", "link", "symlink"])
def test_pictures_are_there_once_and_share_an_inode_only_if_asked(how: str, tmp_path: Path) -> None:
    folder = project_in(tmp_path, **({} if how == "copy" else {"images": how}))
    run_project(folder)
    raw, published = folder / "images/1.jpg", folder / "runs/test/dataset/all/1.jpg"
    assert published.read_bytes() == raw.read_bytes()
    assert published.samefile(raw) is (how != "copy")
    assert published.is_symlink() is (how == "symlink")
    assert not list((folder / "runs/test/steps").rglob("*.jpg"))
    assert run_project(folder).ran == ()


def test_a_trainer_that_rewrites_a_picture_does_not_touch_the_raw_one(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    with (folder / "runs/test/dataset/all/1.jpg").open("r+b") as file:
        file.write(b"RESTORED")
    assert (folder / "images/1.jpg").read_bytes() == b"\xff\xd8 picture 1"


def test_without_a_target_the_pictures_are_in_the_steps_folder(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    step = {"id": "d", "use": "export_coco", "in": {"all": "raw"}}
    write_recipe(folder, [step], inputs={"raw": {"annotations": "raw.json", "images": "images"}})
    run_project(folder)
    picture = folder / "runs/test/steps/d/all/1.jpg"
    assert picture.read_bytes() == b"\xff\xd8 picture 1"
    assert picture.stat().st_nlink == 1


TREES = times(1000)


@pytest.mark.slow
@pytest.mark.soak
def test_no_byte_that_others_wrote_changes_whatever_the_targets_are(tmp_path: Path) -> None:
    """Random recipes with random targets in a tree of the user's files."""
    import random

    rng = random.Random(4)
    outcomes = {"ran": 0, "refused": 0}
    for trial in range(TREES):
        root = tmp_path / str(trial)
        folder = project_in(root)
        theirs = _users_tree(rng, root)
        for _ in range(3):
            names = [_target(rng, root) for _ in range(rng.choice((1, 1, 2)))]
            steps = [
                {
                    "id": f"d{n}",
                    "use": "export_coco",
                    "in": {"all": "raw"},
                    "with": {
                        "to": to,
                        "images": rng.choice(("copy", "link", "symlink", "none")),
                        "layout": rng.choice(("coco", "flat")),
                    },
                }
                for n, to in enumerate(names)
            ]
            write_recipe(
                folder,
                steps,
                coco(rng.choice((1, 3)), [(1, 1)]),
                inputs={"raw": {"annotations": "raw.json", "images": "images"}},
            )
            try:
                run_project(
                    folder,
                    out=root / rng.choice(("project/runs/test", "out")),
                    republish=rng.random() < 0.3,
                    force=rng.random() < 0.3,
                )
                outcomes["ran"] += 1
            except (RecipeError, RunError):
                outcomes["refused"] += 1
            if rng.random() < 0.5:
                theirs |= _more(rng, root)
            changed = [
                path
                for path, data in theirs.items()
                if not path.is_file() or path.read_bytes() != data
            ]
            assert not changed, (trial, names, changed)
        shutil.rmtree(root)
    assert min(outcomes.values()) > TREES // 2, outcomes


PLACES = (
    "precious",
    "precious/deep",
    "project/precious",
    "project/notes",
    "out",
    "project/runs/test",
    "project/runs",
)


def _users_tree(rng: Any, root: Path) -> dict[Path, bytes]:
    files = {}
    for place in rng.sample(PLACES[:4], 3):
        for name in ("labels.cache", "1.jpg", "annotations/instances_all.json", "all/1.jpg"):
            if rng.random() < 0.5:
                files[root / place / name] = rng.randbytes(8)
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for n in (1, 2, 3):
        path = root / f"project/images/{n}.jpg"
        files[path] = path.read_bytes()
    return files


def _target(rng: Any, root: Path) -> str:
    return str(
        rng.choice(
            (
                "dataset",
                "sets/one",
                "..",
                ".",
                "../..",
                "../../precious",
                "../../../precious",
                "../precious",
                "steps",
                "steps/d0",
                str(root / "precious/deep"),
                str(root / "new"),
                "../../images",
                "../../notes",
                "dataset/inner",
                "all",
                "Dataset",
            )
        )
    )


def _more(rng: Any, root: Path) -> dict[Path, bytes]:
    """Let the user put files of their own beside what is published."""
    found = {}
    for mark in sorted(root.rglob(MARK)):
        path = mark.parent / rng.choice(("mine.txt", "all/mine.txt", "images/mine.txt"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
        found[path] = b"mine"
    return found


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["plan", "run"])
@pytest.mark.parametrize("layout", ["coco", "flat"])
def test_a_users_file_where_a_new_picture_must_go_is_told_before_work(
    verb: str, layout: str, tmp_path: Path
) -> None:
    folder = project_in(tmp_path, layout=layout)
    run_project(folder)
    picture = folder / f"runs/test/dataset/{'all' if layout == 'coco' else 'images'}/more/4.jpg"
    picture.parent.mkdir()
    picture.write_bytes(b"mine")
    (picture.parent / "mine.txt").write_text("mine")
    data = coco()
    data["images"].append(data["images"][0] | {"id": 9, "file_name": "more/4.jpg"})
    (folder / "raw.json").write_text(json.dumps(data))
    (folder / "images/more").mkdir()
    (folder / "images/more/4.jpg").write_bytes(b"\xff\xd8 picture 4")
    before = (folder / "runs/test/provenance.jsonl").read_bytes()
    done = command(verb, "recipe.yaml", cwd=folder)
    assert done.returncode == 2, done.stderr
    assert f"{picture} stands where step 'd' must publish a file" in done.stderr
    assert "mine.txt" not in done.stderr
    assert (folder / "runs/test/provenance.jsonl").read_bytes() == before
    assert picture.read_bytes() == b"mine"
    picture.write_bytes(b"\xff\xd8 picture 4")  # the very picture
    assert command(verb, "recipe.yaml", cwd=folder).returncode == 0
