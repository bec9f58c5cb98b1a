"""A second trainer is one file, and nothing beside it is touched; what its process reports
arrives.
"""

import importlib.util
import json
import os
import select
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded, write_recipe
from coco_recipe_jobs import child, process
from coco_recipe_jobs.job import Job

from coco_recipe import StepProblem, with_values
from coco_recipe.running.context import Context

pytestmark = pytest.mark.slow

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


@pytest.mark.slow
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


def test_no_file_of_a_job_has_a_value_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where it fails, nor where it is done, nor done once more by hand."""
    secret = "me:\"p\\w\"-瓶 'x'"
    monkeypatch.setenv("LOGIN", secret)
    told = []
    for ends_at in (1, 0):
        done = _run(tmp_path, epochs=2, dies_at=2, login="${env:LOGIN}")
        assert done.returncode == ends_at, done.stderr
        told.append(done.stdout + done.stderr)
        for path in (tmp_path / "runs").rglob("*"):
            text = path.read_text("utf-8", "replace") if path.is_file() else ""
            assert secret not in text + told[-1], path
            assert json.dumps(secret)[1:-1] not in text, path
            assert json.dumps(secret, ensure_ascii=False)[1:-1] not in text, path
    assert "logged in as ${env:LOGIN}" in told[0]
    assert "was learnt by ${env:LOGIN}" in told[1]
    step = _step(tmp_path)
    assert recorded(step).notes["trained by"] == "${env:LOGIN}"
    assert json.loads((step / "job.json").read_text())["login"] == "${env:LOGIN}"
    assert "was learnt by ${env:LOGIN}" in (step / "train.log").read_text()


def test_a_word_of_the_command_names_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLACE", "/a b/c")
    assert with_values("${env:PLACE}") == "/a b/c"
    words = [process._word(text) for text in ("/a b/c/x y", "", "it's", "$HOME")]
    shell = ["bash", "-c", f"printf '%s\n' {' '.join(words)}"]
    done = subprocess.run(shell, capture_output=True, text=True, check=True)
    assert words[0] == "\"$PLACE\"'/x y'"
    assert done.stdout.split("\n") == ["/a b/c/x y", "", "it's", "$HOME", ""]


def test_a_job_says_which_variable_is_not_set(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"do": "x", "python": "${env:NOT_SET_HERE}"}')
    with pytest.raises(ValueError, match="NOT_SET_HERE isn't set: export NOT_SET_HERE="):
        child.read(tmp_path / "job.json", [Job])


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


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which processes there are")
def test_a_process_that_is_stopped_ends_with_the_job_too(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', "
        "'import os, signal; os.kill(os.getpid(), signal.SIGSTOP)'], start_new_session=True)\n"
        "os.waitid(os.P_PID, child.pid, os.WSTOPPED)\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    handle = os.pidfd_open(child)
    process._end(parent)
    ended, _, _ = select.select([handle], [], [], 3)
    os.close(handle)
    parent.stdout.close()
    assert ended, f"{child} is stopped, and stays"


LAUNCHER = """\
#!{python}
\"\"\"Stands for srun, and a Python that runs torchrun: notes its call, starts the ranks.\"\"\"
import json, os, subprocess, sys
from pathlib import Path

words = sys.argv[1:]
kept = ("PYTHONPATH", "PYTHONSAFEPATH", "PYTHONUNBUFFERED", "CUDA_VISIBLE_DEVICES",
        "CUBLAS_WORKSPACE_CONFIG", "COCO_RECIPE_ENDS_WITH_STDIN")
seen = {{name: os.environ[name] for name in kept if name in os.environ}}
Path({note!r}).write_text(json.dumps({{"words": words, "variables": seen}}))
options = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
count = int(options.get("ntasks") or options["nproc_per_node"])
end = max(n for n, word in enumerate(words) if word == "-m")
ranks = [
    subprocess.call(  # one after another: the stub's ranks don't share their files
        [{python!r}, *words[end:]], stdin=0,
        env={{**os.environ, "RANK": str(n), "SLURM_PROCID": str(n)}},
    )
    for n in range(count)
]
sys.exit(max(ranks))
"""


def _launched(folder: Path, **more: Any) -> tuple[Any, dict[str, Any], Path]:
    """Run a job with a launcher that notes how it was called; return result, note and folder."""
    spec = importlib.util.spec_from_file_location("stub_trainer", STUB)
    assert spec
    assert spec.loader
    stub = importlib.util.module_from_spec(spec)
    sys.modules["stub_trainer"] = stub
    spec.loader.exec_module(stub)
    work = folder / "work"
    for name in ("checkpoints", ".job/states"):
        (work / name).mkdir(parents=True)
    note = folder / "note.json"
    fake = folder / "srun"
    fake.write_text(LAUNCHER.format(python=sys.executable, note=str(note)))
    fake.chmod(0o755)
    job = stub.StubJob(key="k", classes=("a",), images=2, epochs=2, **more)
    context = Context("fit", 1, work)
    found = process.run(context, stub.PROGRAM, job, stub.Learnt)
    return found, json.loads(note.read_text()), work


SUMMARY = """
Failures:
[1]:
  host      : localhost
  rank      : 1 (local_rank: 1)
  exitcode  : {other} (pid: 31154) {name}
Root Cause (first observed failure):
[0]:
  host      : localhost
  rank      : 0 (local_rank: 0)
  exitcode  : {first} (pid: 31153)  (SIGKILL)
"""


@pytest.mark.parametrize(
    ("first", "other", "told", "lost"),
    [
        (-9, 1, True, (0, "was ended by SIGKILL (out of memory?)")),
        (-15, -6, True, (0, "was ended by SIGTERM")),
        (1, -6, True, None),
        (1, -11, True, (1, "was ended by SIGSEGV")),
        (-6, 1, False, (0, "was ended by SIGABRT")),
        (1, 1, False, None),
    ],
)
def test_the_process_that_a_signal_has_ended_is_told_apart_from_those_that_miss_it(
    tmp_path: Path, first: int, other: int, told: bool, lost: tuple[int, str] | None
) -> None:
    log = tmp_path / "train.log"
    earlier = SUMMARY.format(first=-11, other=-11, name="")
    log.write_text(earlier + SUMMARY.format(first=first, other=other, name=""))
    assert process._lost(log, len(earlier), told=told) == lost


@pytest.mark.slow
def test_a_job_that_ends_well_is_not_failed_by_what_stands_in_its_log(tmp_path: Path) -> None:
    said = SUMMARY.format(first=-9, other=1, name="")
    torchrun = {"launcher": "pytorch", "python": str(tmp_path / "srun"), "gpus": 2}
    found, _, work = _launched(tmp_path, login=said, **torchrun)
    assert found.loss == 0.5
    assert process._lost(work / "train.log", 0, told=False), "the log reads as if one was lost"


@pytest.mark.slow
def test_srun_gets_the_words_and_variables_that_its_ranks_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    found, note, work = _launched(
        tmp_path, launcher="slurm", gpus=2, nnodes=2, partition="long", device="cpu"
    )
    assert found.loss == 0.5
    assert note["words"] == [
        "--nodes=2",
        "--ntasks=4",
        "--ntasks-per-node=2",
        "--partition=long",
        "--kill-on-bad-exit=1",
        "--input=all",
        sys.executable,
        "-u",
        "-m",
        "stub_trainer",
        "job.json",
    ]
    assert note["variables"] == {
        "PYTHONPATH": f"{work.absolute()}/.job/path:/elsewhere",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "COCO_RECIPE_ENDS_WITH_STDIN": "1",
    }
    events_ = (work / ".job/events.jsonl").read_text()
    assert events_.count('"event":"done"') == 1, "one of the ranks reports"


@pytest.mark.slow
def test_torchrun_gets_the_place_of_this_machine_among_several(tmp_path: Path) -> None:
    found, note, work = _launched(
        tmp_path,
        launcher="pytorch",
        python=str(tmp_path / "srun"),
        gpus=2,
        nnodes=3,
        node_rank=0,
        master_addr="10.1.1.1",
        master_port=29511,
        deterministic=True,
    )
    assert found.loss == 0.5
    line = [
        "-m",
        "torch.distributed.run",
        "--nnodes=3",
        "--node_rank=0",
        "--master_addr=10.1.1.1",
        "--master_port=29511",
        "--nproc_per_node=2",
        "-m",
        "stub_trainer",
        "job.json",
    ]
    assert note["words"] == line
    assert note["variables"] == {
        "PYTHONPATH": f"{work.absolute()}/.job/path",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "COCO_RECIPE_ENDS_WITH_STDIN": "1",
    }
    words = shlex.split((work / "command.txt").read_text())
    assert words[0] == f"PYTHONPATH={work.absolute()}/.job/path"
    assert words[-len(line) :] == line, "the others run this line with their own --node_rank"


@pytest.mark.slow
def test_the_command_does_the_job_again_and_leaves_the_folder_as_it_is(tmp_path: Path) -> None:
    assert _run(tmp_path, epochs=2).returncode == 0
    step = _step(tmp_path)
    before = sorted(step.rglob("*"))
    done = subprocess.run(
        ["sh", "command.txt"], cwd=step, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = Path(done.stdout.splitlines()[-1])
    for name in ("checkpoints/epoch_1.pth", "checkpoints/epoch_2.pth"):
        assert (made / name).read_bytes() == (step / name).read_bytes()
    assert sorted(step.rglob("*")) == before
    shutil.rmtree(made)
