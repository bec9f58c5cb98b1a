"""A second trainer is one file, and nothing beside it is touched; what its process reports
arrives.
"""

import json
import subprocess
from pathlib import Path

import pytest
from builders import coco, command, recorded, write_recipe
from coco_recipe_jobs import process

from coco_recipe import StepProblem

STUB = Path(__file__).with_name("stub_trainer.py")


def _run(folder: Path, **with_: int | str) -> "subprocess.CompletedProcess[str]":
    step = {"id": "fit", "use": "train_stub", "in": {"dataset": "raw"}, "with": with_}
    recipe = write_recipe(folder, [step], coco())
    return command("run", recipe, "--plugin", STUB, cwd=folder)


def _step(folder: Path) -> Path:
    [path] = folder.glob("runs/*/steps/fit")
    return path


def test_a_trainer_of_one_file_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = _run(tmp_path, epochs=3)
    assert done.returncode == 0, done.stderr
    step = _step(tmp_path)
    record = recorded(step)
    assert record.notes["loss"] == pytest.approx(1 / 3)
    assert record.notes["trained by"] == "nobody"
    assert "note: fit: nothing\nwas learnt\n" in done.stderr
    assert (step / "train.log").read_text() == "nothing\nwas learnt\n"
    names = {path.name for path in step.rglob("*") if path.is_file()}
    weights = {f"epoch_{n}.pth" for n in (1, 2, 3)}
    assert names == {*weights, "manifest.json", "job.json", "command.txt", "train.log"}
    assert json.loads((step / "checkpoints/epoch_3.pth").read_text())["epoch"] == 3
    job = json.loads((step / "job.json").read_text())
    assert (job["do"], job["epochs"]) == ("train_stub", 3)
    assert "-m stub_trainer job.json" in (step / "command.txt").read_text()


def test_a_training_that_died_goes_on_where_it_was(tmp_path: Path) -> None:
    first = _run(tmp_path, epochs=4, dies_at=3)
    assert first.returncode == 1
    assert "died in epoch 3" in first.stderr
    assert "train.log" in first.stderr
    assert "Traceback" not in first.stderr
    second = _run(tmp_path, epochs=4, dies_at=3)
    assert second.returncode == 0, second.stderr
    assert recorded(_step(tmp_path)).clock.this_run["went on after epoch"] == 2
    assert len(list(_step(tmp_path).glob("checkpoints/*"))) == 4


def test_what_is_wrong_with_a_parameter_comes_back_with_its_key(tmp_path: Path) -> None:
    done = _run(tmp_path, epochs=10)
    assert done.returncode != 0
    assert "epochs: are 10; epochs: 9" in done.stderr


def test_an_error_keeps_what_was_wrong_apart_from_the_place_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    wrong = StepProblem(("set", "model.depth"), "is unknown")
    error = process.JobError("set.model.depth: is unknown", log, problems=[wrong])
    assert (error.what, error.problems) == ("set.model.depth: is unknown", (wrong,))
    assert str(error) == f"set.model.depth: is unknown (the log is {log})"
    died = process.JobError("the process was ended by SIGABRT", log, lines="its last words")
    assert died.what == "the process was ended by SIGABRT; its last lines:\nits last words"
    assert str(died).startswith(f"the process was ended by SIGABRT; the log is {log}, its last")
