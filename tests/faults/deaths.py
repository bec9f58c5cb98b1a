"""F1 to F4: the command is killed at any moment, and the same command goes on."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dying import Changes
from outcome import Outcome, row
from subject import Subject

ALL = 10**6  # more places than there are: until none is left
NAIVE_FILES = 200


def killed(subject: Subject, seconds: float, *more: str, **how: object) -> bool:
    """Start the command, and kill all of its group after so many seconds; say if it was at work."""
    running = subject.again(*more, **how)
    time.sleep(seconds)
    running.signal(signal.SIGKILL, group=True)
    return running.wait().code == -signal.SIGKILL


@row("F1", "kill -9 of all processes at a random moment, in this process", 200, 4)
def random_moments(subject: Subject, times: int) -> Outcome:
    return _random_moments(subject, times, "--jobs", "0")


@row("F1w", "kill -9 of all processes at a random moment, with two workers", 50)
def random_moments_with_workers(subject: Subject, times: int) -> Outcome:
    return _random_moments(subject, times, "--jobs", "2")


def _random_moments(subject: Subject, times: int, *more: str) -> Outcome:
    outcome, hits = Outcome(), 0
    began = time.monotonic()
    assert subject.run(*more).code == 0
    length = time.monotonic() - began
    for n in range(times):
        subject.clear()
        hits += killed(subject, subject.rng.uniform(0, length), *more)
        outcome.add(n, subject.goes_on(*more))
    outcome.seen = f"{hits} were at work"
    return outcome


@row("F2", "dies before each change of the run directory, one after another", ALL, 4)
def every_change(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    places = range(1, times + 1) if times == ALL else _spread(subject, times)
    for n in places:
        subject.clear()
        if subject.run(first=partial(Changes, subject.out, n)).code == 0:
            break  # there is no n-th change
        outcome.add(n, subject.goes_on())
    return outcome


def _spread(subject: Subject, times: int) -> list[int]:
    """Return so many places at random out of those that there are."""
    last = number_of_changes(subject)
    return sorted(subject.rng.sample(range(1, last + 1), min(times, last)))


def number_of_changes(subject: Subject) -> int:
    """Return how often a whole run changes its directory: the last place at which it dies."""
    low, high = 1, 4096
    while low < high:
        middle = (low + high + 1) // 2
        subject.clear()
        died = subject.run(first=partial(Changes, subject.out, middle)).code != 0
        low, high = (middle, high) if died else (low, middle - 1)
    return low


@row("F2s", "dies within each write, sync and rename (strace)", 60)
def every_system_call(subject: Subject, times: int) -> Outcome:
    from machine import traced

    outcome = Outcome()
    for call in ("write", "fsync", "rename,renameat,renameat2", "mkdir,mkdirat"):
        for n in range(1, times // 4 + 1):
            subject.clear()
            at = n if call == "fsync" else subject.rng.randint(1, 40)
            traced(subject, f"inject={call}:signal=SIGKILL:when={at}")
            outcome.add(f"{call} {at}", subject.goes_on())
    return outcome


@row("F3", "dies again while it goes on from a death", 100, 1)
def twice(subject: Subject, times: int) -> Outcome:
    outcome, last = Outcome(), number_of_changes(subject)
    for n in range(times):
        subject.clear()
        places = subject.rng.randint(1, last), subject.rng.randint(1, last)
        for place in places:
            subject.run(first=partial(Changes, subject.out, place))
        outcome.add(f"{n} {places}", subject.goes_on())
    return outcome


@row("F4", "is killed twenty times in a row; what is done stays done", 20, 1)
def many_in_a_row(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    for n in range(times):
        subject.clear()
        done, wrong = 0, ""
        for _ in range(20):
            killed(subject, subject.rng.uniform(0.2, 0.9) * subject.seconds)
            now = len([*subject.out.glob("steps/[!.]*/manifest.json")])
            wrong = wrong or (f"{done} steps were done, now {now}" if now < done else "")
            done = now
        outcome.add(n, wrong or subject.goes_on())
    return outcome


@row("F1t", "the harness has teeth: a naive writer is caught", 20, 5)
def naive_writer_is_caught(subject: Subject, times: int) -> Outcome:
    """Kill what writes in place and takes a file that is there for whole; it must be caught."""
    folder, caught, hits = subject.folder / "naive", 0, 0
    for _ in range(times):
        hits += _killed_after(subject.rng.uniform(0.01, 0.1), partial(_write_naively, folder))
        _write_naively(folder)
        names = [path for path in folder.iterdir() if path.stat().st_size != NAIVE_FILES * 100]
        caught += bool(names)
        for path in folder.iterdir():
            path.unlink()
    outcome = Outcome(seen=f"{caught} of {hits} kills left a torn file")
    outcome.add("all", "" if caught else "no kill tore a file")
    return outcome


def _killed_after(seconds: float, work: Callable[[], object]) -> bool:
    if pid := os.fork():
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) < 0
    work()
    os._exit(0)


def _write_naively(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(NAIVE_FILES):
        if not (folder / str(n)).exists():
            with (folder / str(n)).open("wb") as file:
                for _ in range(NAIVE_FILES):
                    file.write(b"x" * 100)
                    file.flush()
