"""Replaying a run executes nothing that its directory names, and finds the inputs after a move."""

from pathlib import Path

import msgspec
import pytest
from builders import coco, command, write_recipe

from coco_recipe import manifest

PLUGIN = '''
from pathlib import Path
from coco_recipe import (
    Dataset,
    Port,
    Step,
    hookimpl,
)

(Path(__file__).parent / "was_run").touch()

def letter(ctx, *, dataset):
    """Write a file."""
    (ctx.workdir / "letter.txt").write_text(f"{len(dataset.images)} images")
    return {"dataset": dataset}

def again(ctx, name, *, dataset):
    return f"{len(dataset.images)} images".encode()

@hookimpl
def coco_recipe_steps():
    yield Step(name="letter", run=letter, replay=again, writes=True,
               inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset})
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mine.py").write_text(PLUGIN)
    path = write_recipe(folder, [{"id": "x", "use": "letter", "in": "raw"}], coco())
    done = command("run", path, "--plugin", "mine.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "was_run").unlink()
    return folder


def test_a_plugin_file_is_run_only_if_it_is_named_again(folder: Path) -> None:
    done = command("replay", "runs/test", "letter.txt", cwd=folder)
    assert done.returncode == 2
    assert f"--plugin {folder / 'mine.py'}" in done.stderr
    assert not (folder / "was_run").exists()
    done = command("replay", "runs/test", "letter.txt", "--plugin", "mine.py", cwd=folder)
    assert (done.returncode, (folder / "letter.txt").read_text()) == (0, "3 images"), done.stderr


def test_a_plugin_file_that_was_changed_or_is_another_is_not_run(folder: Path) -> None:
    (folder / "mine.py").write_text(PLUGIN + "# changed\n")
    done = command("replay", "runs/test", "letter.txt", "--plugin", "mine.py", cwd=folder)
    assert done.returncode == 2
    assert "mine.py: is not the file that runs/test used" in done.stderr
    (folder / "other.py").write_text(PLUGIN.replace("letter", "note"))
    (folder / "mine.py").write_text(PLUGIN)
    done = command(
        "replay",
        "runs/test",
        "letter.txt",
        "--plugin",
        "mine.py",
        "--plugin",
        "other.py",
        cwd=folder,
    )
    assert done.returncode == 2
    assert "other.py: runs/test was made without it" in done.stderr
    assert not (folder / "was_run").exists()


def test_a_run_of_an_earlier_version_without_hashes_is_refused(folder: Path) -> None:
    log = folder / "runs/test/provenance.jsonl"
    found = manifest.read_log(folder / "runs/test")
    assert found
    run, records = found
    clock = msgspec.structs.replace(run.clock, plugins=(str(folder / "mine.py"),))
    log.write_bytes(manifest.log_of(msgspec.structs.replace(run, clock=clock), records))
    done = command("replay", "runs/test", "letter.txt", "--plugin", "mine.py", cwd=folder)
    assert done.returncode == 2
    assert "run the recipe again" in done.stderr
    assert not (folder / "was_run").exists()


def test_a_run_that_moved_with_its_recipe_or_alone_is_replayed(folder: Path) -> None:
    moved = folder.rename(folder.with_name("moved"))
    options = ("letter.txt", "--plugin", moved / "mine.py", "--to")
    done = command("replay", moved / "runs/test", *options, moved / "a", cwd=moved)
    assert done.returncode == 0, done.stderr
    moved.rename(folder)
    (folder / "runs/test").rename(folder / "alone")
    options = ("letter.txt", "--plugin", folder / "mine.py", "--to")
    done = command("replay", folder / "alone", *options, folder / "b", cwd=folder)
    assert done.returncode == 0, done.stderr


def test_a_recipe_that_moved_alone_is_named(folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("recipe.yaml", "raw.json"):
        (folder / name).rename(moved / name)
    replay = ("replay", "runs/test", "letter.txt", "--plugin", "mine.py")
    done = command(*replay, cwd=folder)
    assert done.returncode == 2
    assert "its recipe is no longer at" in done.stderr
    assert "say where it is now: --recipe FILE" in done.stderr
    done = command(*replay, "--recipe", moved / "recipe.yaml", cwd=folder)
    assert (done.returncode, (folder / "letter.txt").read_text()) == (0, "3 images"), done.stderr
