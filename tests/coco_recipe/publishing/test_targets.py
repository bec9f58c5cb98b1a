"""A folder to publish into is absent, empty or ours, or the recipe is refused before the run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import coco, command, write_recipe
from projects import project_in, run_project, write_files

from coco_recipe.errors import RecipeError
from coco_recipe.observing import progress
from coco_recipe.publishing.marks import MARK
from coco_recipe.publishing.targets import OWN_NAMES
from coco_recipe.running import error_log, run_folder, stages, store


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "steps" not in path.parts
    }


@pytest.mark.parametrize(
    "to",
    [
        "../../precious",
        "{absolute}",
        "../..",
        "../../..",
        ".",
        "..",
        "steps",
        "steps/d",
        "STEPS",
        ".lock",
        "provenance.jsonl",
        "error.log",
        "Error.LOG/x",
        "recipe.yaml/x",
        "recipe.resolved.YAML",
        "report.html",
        "refused.html",
        "Report.HTML",
        "./x/../report.html",
        "report.html/x",
        "{absolute}/../runs/test/report.html",
        ".report.html.partial",
        "Kept",
        "kept/d",
        ".lease",
        "../.cache",
        "../.Cache/x",
        "../../runs",
        "../../images",
        "../../images/new",
        "../../raw.json",
        "../../file",
        "../../file/below",
        "../../loop",
        "../../to_precious",
        "a/../../../precious",
    ],
)
def test_a_folder_that_is_not_ours_is_refused_before_the_run(to: str, tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    (folder / "precious").mkdir()
    (folder / "precious/thesis.txt").write_text("years")
    (folder / "file").write_text("mine")
    (folder / "loop").symlink_to(folder / "nowhere")
    (folder / "to_precious").symlink_to(folder / "precious")
    write_files(folder, to.format(absolute=folder / "precious"))
    before = _bytes(tmp_path)
    for check in (
        lambda: run_project(folder),
        lambda: run_folder.check_targets(
            stages.prepare(folder / "recipe.yaml"), folder / "runs/test"
        ),
    ):
        with pytest.raises(
            RecipeError, match=r"recipe.yaml:\d+:\d+: steps\[0\].with.to: step 'd' can't publish in"
        ):
            check()
    assert _bytes(tmp_path) == before


def test_every_name_in_a_run_directory_is_told_as_our_own(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    written = {path.name for path in (folder / "runs/test").iterdir()} - {"dataset"}
    assert {"steps", "provenance.jsonl", "recipe.yaml"} < written <= OWN_NAMES
    assert progress.PAGE in OWN_NAMES
    assert error_log.NAME in OWN_NAMES
    assert store.KEPT in OWN_NAMES


@pytest.mark.slow
def test_validate_tells_what_is_in_the_folder_and_what_to_do(tmp_path: Path) -> None:
    folder = project_in(tmp_path, "../../precious")
    (folder / "precious").mkdir()
    (folder / "precious/thesis.txt").write_text("years")
    for verb in ("validate", "plan", "run"):
        done = command(verb, "recipe.yaml", cwd=folder)
        assert done.returncode == 2, done.stderr
        assert "it holds files that coco-recipe didn't publish (thesis.txt)" in done.stderr
        assert "hint: name a folder of its own, which doesn't exist yet or is empty" in done.stderr
    assert (folder / "precious/thesis.txt").read_text() == "years"


@pytest.mark.parametrize(
    "make", [lambda p: None, lambda p: p.mkdir(parents=True)], ids=["absent", "empty"]
)
def test_an_absent_or_empty_folder_anywhere_is_fine(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = project_in(tmp_path, str(tmp_path / "elsewhere/set"))
    make(tmp_path / "elsewhere/set")
    run_project(folder)
    assert (tmp_path / "elsewhere/set/all/2.jpg").read_bytes() == b"\xff\xd8 picture 2"


def test_two_steps_into_one_folder_or_into_one_another_are_refused(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    for first, second in (("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "A")):
        steps = [
            {"id": name, "use": "export_coco", "in": {"all": "raw"}, "with": {"to": to}}
            for name, to in (("x", first), ("y", second))
        ]
        write_recipe(folder, steps, inputs={"raw": {"annotations": "raw.json", "images": "images"}})
        with pytest.raises(RecipeError, match=r"steps\[1\].with.to: .*step 'x' publishes in"):
            run_project(folder)


@pytest.mark.slow
@pytest.mark.parametrize("images", ["none", "copy", "link", "symlink"])
@pytest.mark.parametrize("killed", [False, True], ids=["whole", "killed while it was marked"])
def test_an_unmarked_folder_that_holds_just_what_was_committed_is_taken_over(
    images: str, killed: bool, tmp_path: Path
) -> None:
    folder = project_in(tmp_path, images=images)
    run_project(folder)
    published = folder / "runs/test/dataset"
    mark = (published / MARK).read_text()
    (published / MARK).unlink()
    if killed:
        (published / f".{MARK}.partial").write_text("{")
    assert command("plan", "recipe.yaml", cwd=folder).returncode == 0
    assert run_project(folder).ran == ()
    assert (published / MARK).read_text() == mark
    data = coco()
    data["images"].pop()
    (folder / "raw.json").write_text(json.dumps(data))
    run_project(folder)  # what was taken over is ours: it is replaced, and removed
    assert (published / "all/1.jpg").exists() is (images != "none")
    assert not (published / "all/3.jpg").is_symlink()
    assert not (published / "all/3.jpg").exists()


@pytest.mark.slow
@pytest.mark.parametrize("images", ["copy", "symlink"])
@pytest.mark.parametrize(
    "change", ["a picture", "annotations", "more", "a broken link", "another link"]
)
def test_an_unmarked_folder_with_something_else_in_it_is_refused(
    change: str, images: str, tmp_path: Path
) -> None:
    folder = project_in(tmp_path, images=images)
    run_project(folder)
    published = folder / "runs/test/dataset"
    (published / MARK).unlink()
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    picture = published / "all/2.jpg"
    if change != "annotations":
        picture.unlink()
    if change == "a picture":
        picture.write_bytes(b"touched up by hand")
    elif change == "annotations":
        (published / "annotations/instances_all.json").write_text("{}")
    elif change == "more":
        (published / "all/mine.txt").write_text("mine")
    else:
        picture.symlink_to(tmp_path / ("nowhere" if change == "a broken link" else "mine.jpg"))
    before = _bytes(tmp_path)
    for verb in ("validate", "plan", "run"):
        done = command(verb, "recipe.yaml", cwd=folder)
        assert done.returncode == 2
        assert "it holds files that coco-recipe didn't publish (all, annotations)" in done.stderr
        assert "hint: name a folder of its own" in done.stderr
    assert _bytes(tmp_path) == before


def test_a_folder_that_another_recipe_published_is_refused(tmp_path: Path) -> None:
    folder = project_in(tmp_path, "../../set")
    run_project(folder)
    other = project_in(tmp_path / "two", str(folder / "set"))
    with pytest.raises(RecipeError, match=r"it was published by step 'd' of the recipe 'test'"):
        run_project(other)


@pytest.mark.parametrize("to", ["~/x", "~", "a\0b", "\0"])
def test_a_home_that_is_not_expanded_and_a_null_byte_are_refused(to: str, tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    step = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": {"to": to}}
    write_recipe(folder, [step], inputs={"raw": {"annotations": "raw.json", "images": "images"}})
    with pytest.raises(RecipeError, match="does not match"):
        run_project(folder)
