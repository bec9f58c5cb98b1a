"""Rows that tests hold already: F34, F35 and the training rows are those, run as they are."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from builders import REPOSITORY
from outcome import CannotTry, Outcome, row
from subject import COMMAND, HANGS_SECONDS, Subject, environment

TRAIN = "tests/coco_recipe_mmdet/test_train.py"
KILLS = (
    f"{TRAIN}::test_the_same_training_gives_the_same_bytes_wherever_it_is_killed",
    f"{TRAIN}::test_a_damaged_checkpoint_is_not_resumed_from",
)
NOT_CHANGES = ("O_RDONLY", "ENOENT", "/dev/null", "/dev/tty", "/proc/")


def _tests(outcome: Outcome, *names: str, times: int = 1) -> Outcome:
    for n in range(times):
        for name in names:
            words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", name]
            done = subprocess.run(
                words, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=1800
            )
            last = "\n".join(done.stdout.strip().splitlines()[-3:])
            if " skipped" in last and " passed" not in last:
                raise CannotTry(last)
            outcome.add(f"{n} {name.rpartition('/')[2]}", last if done.returncode else "")
    return outcome


def _needs_training() -> None:
    if importlib.util.find_spec("mmdet") is None:
        raise CannotTry("the training stack isn't installed")


@row("F29", "a training is killed within an epoch, and while a checkpoint is written", 5)
def training_is_killed(subject: Subject, times: int) -> Outcome:
    _needs_training()
    return _tests(Outcome(), *KILLS, times=times)


@row("F29w", "one of two processes of a training is killed", 2)
def training_process_is_killed(subject: Subject, times: int) -> Outcome:
    _needs_training()
    name = "test_two_processes_go_on_after_one_was_killed_as_if_nothing_had_happened"
    return _tests(Outcome(), f"{TRAIN}::{name}", times=times)


@row("F29n", "a loss that is not finite, a crash, a parent that is killed", 1)
def training_goes_wrong(subject: Subject, times: int) -> Outcome:
    _needs_training()
    names = (
        "test_a_loss_that_is_not_finite_stops_the_training_at_once",
        "test_a_crash_is_reported_with_the_place_of_the_log",
        "test_a_child_ends_when_its_parent_is_killed",
    )
    return _tests(Outcome(), *(f"{TRAIN}::{name}" for name in names), times=times)


@row("F34", "upgrades: a library, the core's code, a plugin's code, the CPU", 1)
def upgrade(subject: Subject, times: int) -> Outcome:
    return _tests(Outcome(), "tests/end_to_end/test_kinds_of_change.py", times=times)


@row("F35", "validate, plan and verify write nothing and ask no network (strace)", 3)
def looking_writes_nothing(subject: Subject, times: int) -> Outcome:
    outcome, log = Outcome(), subject.folder / "calls"
    assert subject.run().code == 0
    (subject.folder / "temporary").mkdir()
    before = _times(subject.folder)
    for words in (
        ("validate", subject.recipe),
        ("plan", subject.recipe, "--out", subject.out),
        ("verify", subject.out),
    ):
        options = ["-f", "-y", "-qq", "-o", str(log), "-e", f"trace={CALLS}"]
        done = subprocess.run(
            ["strace", *options, sys.executable, "-BPc", COMMAND, *map(str, words)],
            check=False,
            cwd=subject.folder,
            capture_output=True,
            text=True,
            timeout=HANGS_SECONDS,
            env=environment(TMPDIR=str(subject.folder / "temporary")),
        )
        lines = [line for line in log.read_text("utf-8", "replace").splitlines() if _acts(line)]
        log.unlink()
        wrong = lines[0] if lines else ""
        wrong = wrong or ("" if done.returncode == 0 else done.stderr[-300:])
        if _times(subject.folder) != before:
            wrong = wrong or "a file was changed"
        outcome.add(words[0], wrong)
    return outcome


CALLS = "open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,connect,bind"


def _acts(line: str) -> bool:
    """Say whether a line of strace changes a file, or asks the network."""
    is_call = "(" in line and "resumed>" not in line
    if "/temporary/" in line:
        return False
    if any(word in line for word in NOT_CHANGES) and "O_CREAT" not in line:
        return False
    return is_call and " = -1 " not in line and "AF_UNIX" not in line


def _times(folder: Path) -> dict[str, int]:
    return {
        os.path.join(top, name): os.lstat(os.path.join(top, name)).st_mtime_ns
        for top, _, names in os.walk(folder)
        for name in names
    }
