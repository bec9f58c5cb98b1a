"""F19 to F24: what changes under a run, clocks that jump, damage, a log that is cut off."""

import json
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import corrupt
from builders import tree
from deaths import number_of_changes
from dying import Changes
from outcome import Outcome, row
from subject import Subject

PAGE = "report.html"
Tree = dict[str, Any]
YEAR = 365 * 24 * 3600


def changed_while_at_work(
    subject: Subject, times: int, names: tuple[str, ...], other: Callable[[bytes], bytes]
) -> Outcome:
    """Replace a file of the inputs at a random moment of a run.

    Right is a run that stops and names the file, or one whose tree is of the old bytes or of the
    new ones throughout; its page may say that it doesn't show the picture. The next run has the
    tree of the new ones.
    """
    outcome, stopped, expected = Outcome(), 0, subject.expected
    for n in range(times):
        path = subject.recipe.parent / names[n % len(names)]
        before = path.read_bytes()
        new = path.with_name(f"new {path.name}")
        subject.clear()
        running = subject.again()
        time.sleep(subject.rng.uniform(0, 1) * subject.seconds)
        new.write_bytes(other(before))
        os.replace(new, path)
        done = running.wait()
        stopped += done.code != 0
        found = tree(subject.out) if done.code == 0 else {}
        wrong = "" if done.code == 0 else done.refused(path.name, "changed")
        whole = subject.run(out=subject.folder / "new/run")
        subject.expected = tree(subject.folder / "new/run")
        shutil.rmtree(subject.folder / "new/run")
        if found and found not in (
            _but_for_page(found, whole) for whole in (expected, subject.expected)
        ):
            wrong = "a run that ended well has a mix of both"
        wrong = wrong or (whole.told[-300:] if whole.code else "") or subject.goes_on()
        path.write_bytes(before)
        subject.expected = expected
        outcome.add(f"{n} {path.name}", wrong)
    outcome.seen = f"{stopped} runs were stopped"
    return outcome


def _but_for_page(found: Tree, whole: Tree) -> Tree:
    """Return a whole tree with a page that names what has changed since, where that was found."""
    page = found.get(PAGE, b"")
    return (
        {**whole, PAGE: page} if isinstance(page, bytes) and b"not shown: it has" in page else whole
    )


@row("F19", "a picture is replaced while the run is at work", 50, 3)
def picture_changes(subject: Subject, times: int) -> Outcome:
    names = tuple(f"images/{name}.jpg" for name in ("1", "3", "5", "other 2"))
    return changed_while_at_work(subject, times, names, _darker)


def _darker(data: bytes) -> bytes:
    """Return a picture of the same size and another colour."""
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return bytes(cv2.imencode(".png", picture // 2 + 1)[1].tobytes())


@row("F20", "an annotation file is replaced while the run is at work", 20, 1)
def annotations_change(subject: Subject, times: int) -> Outcome:
    return changed_while_at_work(subject, times, ("raw.json", "more.json"), _more)


def _more(data: bytes) -> bytes:
    found = json.loads(data)
    found["info"] = {"description": "another"}
    return json.dumps(found).encode()


@row("F21", "bytes change, size and mtime don't", 10, 1)
def restored_times(subject: Subject, times: int) -> Outcome:
    outcome, cache = Outcome(), {"XDG_CACHE_HOME": str(subject.folder / "cache")}
    path = subject.recipe.parent / "raw.json"
    for n in range(times):
        subject.clear()
        time.sleep(2.1)  # what is younger isn't remembered
        assert subject.run(variables=cache).code == 0
        before, stamp = path.read_bytes(), path.stat()
        path.write_bytes(before.replace(b'"cat"', b'"cow"'))
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        subject.run(variables=cache)
        log = (subject.out / "provenance.jsonl").read_text("utf-8")
        outcome.add(n, "" if "cow" in log else "wasn't seen")
        path.write_bytes(before)
    return outcome


def _clock_jumps(seconds: float) -> None:
    """Let the clock be wrong, and jump by as much at each look."""
    now, count = time.time, iter(range(10**9))
    time.time = lambda: now() + seconds * next(count)


@row("F22", "clocks that jump, files of the future and of 1970, time zones", 9, 2)
def clocks(subject: Subject, times: int) -> Outcome:
    outcome, path = Outcome(), subject.recipe.parent / "raw.json"
    stamp = path.stat()
    cases: dict[str, dict[str, Any]] = {
        "a year on": {"first": partial(_clock_jumps, YEAR)},
        "a year back": {"first": partial(_clock_jumps, -YEAR)},
        "a second back": {"first": partial(_clock_jumps, -1)},
        "mtime of 1970": {"first": partial(os.utime, path, (0, 0))},
        "mtime of 2100": {"first": partial(os.utime, path, (4.1e9, 4.1e9))},
        "mtime before 1970": {"first": partial(os.utime, path, (-1e6, -1e6))},
        "Asia/Kathmandu": {"variables": {"TZ": "Asia/Kathmandu"}, "first": time.tzset},
        "a zone that is none": {"variables": {"TZ": "no/where"}, "first": time.tzset},
        "summer time": {"variables": {"TZ": "CET-1CEST,M3.5.0,M10.5.0"}, "first": time.tzset},
    }
    for name, how in list(cases.items())[:times]:
        subject.clear()
        done = subject.run(**how)
        wrong = done.told[-300:] if done.code else subject.differs()
        outcome.add(name, wrong or subject.goes_on())
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    return outcome


@row("F23", "files of a finished run are damaged: `verify` finds it, no run uses it", 1000)
def damage(subject: Subject, times: int) -> Outcome:
    folder = subject.folder / "damaged"
    run = corrupt.make(folder)
    tally = corrupt.attempt(folder, run, times, seed=subject.rng.randrange(10**6))
    wrong = [f"not found: {told}" for told in tally.missed]
    wrong += [f"used: {told}" for told in tally.used]
    return Outcome(times, wrong, f"{tally.mended} mended, {tally.stopped} stopped")


@row("F24", "the log is cut off at each byte of its last three lines", 10**6, 4)
def torn_log(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    subject.clear()
    assert subject.run().code == 0
    log = subject.out / "provenance.jsonl"
    data = log.read_bytes()
    first = len(b"".join(data.splitlines(keepends=True)[:-3]))
    places = range(first, len(data))
    step = max(1, len(places) // min(times, 250))  # 250 places of about 6,000 bytes
    for at in places[::step]:
        log.write_bytes(data[:at])
        outcome.add(at, subject.goes_on())
    outcome.seen = f"every {step}th byte of {len(places)}"
    return outcome


@row("F24j", "lines of a step's journal are cut off while a run is dead", 20)
def torn_journal(subject: Subject, times: int) -> Outcome:
    """Cut what an interrupted `augment` left at a random byte, and go on."""
    outcome, last = Outcome(), number_of_changes(subject)
    for n in range(times):
        journals: list[Path] = []
        while not journals:
            subject.clear()
            subject.run(first=partial(Changes, subject.out, subject.rng.randint(1, last)))
            found = subject.out.glob("steps/.*/augmented.journal")
            journals = [path for path in found if path.stat().st_size]
        for path in journals:
            path.write_bytes(path.read_bytes()[: subject.rng.randrange(path.stat().st_size)])
        outcome.add(n, subject.goes_on())
    return outcome
