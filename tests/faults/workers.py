"""F5 to F10, F27: workers that die, hang or raise; signals; a parent that is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from outcome import Outcome, row
from subject import GOES_ON, HANGS_SECONDS, Ended, Running, Subject

PLUGIN = """\
import ctypes, os, sys, time
from functools import partial
from coco_recipe import Dataset, Port, Step, hookimpl

class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one)

class Held(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.held = lambda: 1

def deep():
    deep()

def work(item, *, how):
    if item != 10:
        return item
    match how:
        case "crash": ctypes.string_at(0)
        case "hang": time.sleep(1000)
        case "loop":
            while True: pass
        case "fifo": open(os.environ["FAULT_FIFO"]).read()
        case "ValueError": raise ValueError("it is bad")
        case "odd": raise Odd("a", "b")
        case "held": raise Held("it is bad")
        case "SystemExit": sys.exit(0)
        case "KeyboardInterrupt": raise KeyboardInterrupt
        case "os._exit": os._exit(0)
        case "RecursionError": deep()
        case "MemoryError": raise MemoryError
        case "StopIteration": raise StopIteration

def run(ctx, *, dataset, how):
    out = os.environ["FAULT_DONE"]
    for item in ctx.map(partial(work, how=how), range(40), lost=lambda item, why: why):
        with open(out, "a") as file:
            file.write(f"{item}\\n")
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    ports = {"dataset": Port(Dataset)}
    yield Step(name="odd", run=run, inputs=ports, outputs=ports,
               params={"type": "object", "properties": {"how": {"type": "string"}}})
"""
RECIPE = """\
coco_recipe: 1
name: odd
inputs: {raw: {annotations: raw.json}}
steps:
  - {id: it, use: odd, in: raw, with: {how: HOW}}
"""


def odd_run(subject: Subject, how: str, *more: str) -> tuple[Ended, list[str], float]:
    """Run a step whose item 10 is odd; return its end, the items done and the seconds taken."""
    folder = subject.recipe.parent
    recipe, done = folder / "odd.yaml", subject.folder / "done.txt"
    recipe.write_text(RECIPE.replace("HOW", how), "utf-8")
    (folder / "odd_step.py").write_text(PLUGIN, "utf-8")
    done.write_text("")
    given = {"FAULT_DONE": str(done), "FAULT_FIFO": str(subject.folder / "fifo")}
    out = subject.folder / "odd"
    words = ("run", recipe, "--out", out, "--plugin", folder / "odd_step.py", "-q", "--force")
    began = time.monotonic()
    ended = Running(*words, *more, cwd=subject.folder, variables=given).wait()
    return ended, done.read_text("utf-8").splitlines(), time.monotonic() - began


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def below(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from below(child)


def workers_of(running: Running) -> list[int]:
    """Return the worker processes: those that the processes which a command has started started."""
    known = [child for own in children(running.pid) for child in children(own)]
    return [pid for one in known for pid in children(one)]


@row("F5", "a worker is killed at a random moment", 50, 2)
def worker_dies(subject: Subject, times: int) -> Outcome:
    outcome, hits = Outcome(), 0
    for n in range(times):
        subject.clear()
        running = subject.again("--jobs", "2")
        until = time.monotonic() + 20
        while not (found := workers_of(running)) and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(subject.rng.uniform(0, 0.2))
        if found := workers_of(running) or found:
            hits += _kill(subject.rng.choice(found))
        done = running.wait(60)
        outcome.add(n, subject.differs() if done.code == 0 else f"{done.code} {done.told[-300:]}")
    outcome.seen = f"{hits} were alive"
    return outcome


def _kill(pid: int, number: int = signal.SIGKILL) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


@row("F6", "an item that crashes its worker every time; the others are done", 3, 1)
def poison(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    for jobs in ("1", "2", "4")[:times]:
        done, items, _ = odd_run(subject, "crash", "--jobs", jobs)
        wrong = "" if done.code == 0 else f"{done.code}: {done.told[-300:]}"
        if len(items) != 40 or "signal 11" not in items[10]:
            wrong = wrong or f"{len(items)} items, the tenth {items[10:11]}"
        outcome.add(f"--jobs {jobs}", wrong)
    return outcome


@row("F7", "an item that hangs: asleep, at work, at a FIFO", 3, 1)
def hangs(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    os.mkfifo(subject.folder / "fifo")
    for how in ("fifo", "hang", "loop")[:times]:
        done, items, seconds = odd_run(subject, how, "--jobs", "2", "--item-timeout", "2")
        wrong = "" if done.code == 0 else f"{done.code}: {done.told[-300:]}"
        if len(items) != 40 or "--item-timeout" not in items[10]:
            wrong = wrong or f"{len(items)} items, the tenth {items[10:11]}"
        outcome.add(how, wrong or (f"took {seconds:.0f} s" if seconds > 30 else ""))
    (subject.folder / "fifo").unlink()
    return outcome


RAISED = {
    "ValueError": "it is bad",
    "odd": "Odd",
    "held": "it is bad",
    "SystemExit": "SystemExit",
    "KeyboardInterrupt": "",
    "os._exit": "",
    "RecursionError": "RecursionError",
    "MemoryError": "MemoryError",
    "StopIteration": "StopIteration",
}


@row("F8", "an item's code raises: nine ways, in a worker and in this process", 18, 4)
def raises(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    cases = [(how, jobs) for jobs in ("0", "2") for how in RAISED]
    for how, jobs in cases if times >= len(cases) else cases[:times]:
        done, items, _ = odd_run(subject, how, "--jobs", jobs)
        if how == "os._exit" and jobs == "2":
            lost = len(items) == 40 and "exit code 0" in items[10] and done.code == 0
            outcome.add(f"{how} {jobs}", "" if lost else f"{done.code} {items[10:11]}")
        elif how == "KeyboardInterrupt":
            outcome.add(f"{how} {jobs}", "" if done.code in (1, 130) else f"{done.code}")
        else:
            lacking = "" if RAISED[how] in done.told and "'it'" in done.told else done.told[-300:]
            outcome.add(f"{how} {jobs}", lacking if done.code == 1 else f"exit code {done.code}")
    return outcome


SIGNALS = {
    "SIGINT": (signal.SIGINT, 130),
    "SIGINT twice": (signal.SIGINT, 130),
    "SIGTERM": (signal.SIGTERM, 143),
    "SIGHUP": (signal.SIGHUP, 129),
}


@row("F9", "SIGINT once and twice, SIGTERM, SIGHUP at random moments", 80, 4)
def signals(subject: Subject, times: int) -> Outcome:
    outcome, hits = Outcome(), 0
    assert subject.run("--jobs", "2").code == 0
    for n in range(times):
        name, (number, code) = list(SIGNALS.items())[n % 4]
        subject.clear()
        running = subject.again("--jobs", "2")
        time.sleep(0.1 + subject.rng.uniform(0, 2) * subject.seconds)
        for _ in range(2 if "twice" in name else 1):
            running.signal(number, group=number == signal.SIGINT)
            time.sleep(0.05)
        began = time.monotonic()
        done = running.wait(60)
        seconds, left = time.monotonic() - began, running.left_after()
        hits += done.code == code
        wrong = "" if done.code in (0, code) else f"exit code {done.code}: {done.told[-300:]}"
        wrong = wrong or left
        wrong = wrong or (done.told[-3000:] if "Traceback" in done.told else "")
        wrong = wrong or (f"took {seconds:.0f} s" if seconds > 10 else "")
        if done.code == code and GOES_ON not in done.told:
            wrong = wrong or f"doesn't say how to go on: {done.told[-200:]}"
        outcome.add(f"{n} {name}", wrong or subject.goes_on("--jobs", "0"))
    outcome.seen = f"{hits} were at work"
    return outcome


@row("F10", "kill -9 of the parent, its child or a worker: no process is left", 30, 3)
def parent_dies(subject: Subject, times: int) -> Outcome:
    outcome, engines = Outcome(), ("local", "local:spawn")
    for n in range(times):
        subject.clear()
        engine, whom = engines[n // 3 % 2], ("parent", "child", "helper")[n % 3]
        running = subject.again("--jobs", "2", "--engine", engine)
        until = time.monotonic() + 20
        while not [*below(running.pid)] and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(subject.rng.uniform(0, 1))
        if whom == "parent":
            running.signal(signal.SIGKILL)
        else:
            found = children(running.pid) if whom == "child" else [*below(running.pid)][1:]
            if found:
                _kill(subject.rng.choice(found))
        done = running.wait(60)
        wrong = running.left_after(5)
        outcome.add(f"{n} {engine} {whom} {done.code}", wrong or subject.goes_on("--jobs", "0"))
    return outcome


THREADED = """\
import sys, threading, time
import cv2, numpy
import coco_recipe
if __name__ == "__main__":
    cv2.setNumThreads(4)
    is_done = threading.Event()
    def busy():
        while not is_done.is_set():
            cv2.GaussianBlur(numpy.zeros((300, 300, 3), numpy.uint8), (9, 9), 3)
            time.sleep(0.01)
    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        coco_recipe.run(sys.argv[1], out=sys.argv[2], jobs=2, force=True)
    finally:
        is_done.set()
        for thread in threads:
            thread.join()
"""


@row("F27", "the program that calls has threads at work, OpenCV's too", 10)
def threads(subject: Subject, times: int) -> Outcome:
    outcome, script = Outcome(), subject.folder / "threaded.py"
    script.write_text(THREADED)
    for n in range(times):
        words = [sys.executable, script, subject.recipe, subject.out]
        try:
            done = subprocess.run(words, capture_output=True, check=False, timeout=HANGS_SECONDS)
        except subprocess.TimeoutExpired:
            outcome.add(n, "hangs")
            continue
        outcome.add(n, subject.differs() if done.returncode == 0 else str(done.stderr[-300:]))
    return outcome
