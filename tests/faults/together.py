"""F15 to F17: several runs at once, and locks that are lost."""

import json
import time

from outcome import Outcome, row
from subject import Running, Subject


@row("F15", "two runs of one run directory, 0 to 200 ms apart", 100, 4)
def one_directory(subject: Subject, times: int) -> Outcome:
    outcome, held = Outcome(), 0
    for n in range(times):
        subject.clear()
        first = subject.again()
        time.sleep(subject.rng.uniform(0, 0.2))
        both = [subject.again().wait(), first.wait()]
        codes = sorted(done.code for done in both)
        held += codes == [0, 3]
        wrong = "" if codes in ([0, 3], [0, 0]) else f"exit codes {codes}"
        for done in both:
            if done.code == 3 and "is at work" not in done.told:
                wrong = wrong or f"doesn't say who: {done.told[-200:]}"
        outcome.add(n, wrong or subject.differs())
    outcome.seen = f"{held} were held up"
    return outcome


@row("F15w", "the same with --wait", 20, 1)
def one_waits(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    for n in range(times):
        subject.clear()
        both = [subject.again("--jobs", "0", "--wait") for _ in range(3)]
        codes = [running.wait().code for running in both]
        outcome.add(n, f"exit codes {codes}" if any(codes) else subject.differs())
    return outcome


@row("F16", "four runs at once, each its own directory, one cache", 25, 1)
def one_cache(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    for n in range(times):
        given = {"XDG_CACHE_HOME": str(subject.folder / f"cache {n}")}
        places = [subject.folder / f"disk {k}/run" for k in range(4)]
        words = ("run", subject.recipe, "-q", "--jobs", "0", "--out")
        runs = [Running(*words, place, cwd=subject.folder, variables=given) for place in places]
        codes = [running.wait().code for running in runs]
        wrong = f"exit codes {codes}" if any(codes) else ""
        for place in places:
            wrong = wrong or subject.differs(place)
        outcome.add(n, wrong)
    return outcome


@row("F17", "a lock file that was left, removed while held, or is of another machine", 3, 3)
def lost_locks(subject: Subject, times: int) -> Outcome:
    outcome, lock = Outcome(), subject.out / ".lock"
    other = {"pid": 1, "host": "elsewhere", "started": "1", "since": 1e9}
    for name, text in {"left": "", "of another machine": json.dumps(other)}.items():
        subject.clear()
        assert subject.run().code == 0
        lock.write_text(text)
        outcome.add(name, subject.goes_on())
    subject.clear()
    first = subject.again()
    while not lock.exists():
        time.sleep(0.001)
    lock.unlink()
    second, done = subject.run(), first.wait()
    codes = sorted([second.code, done.code])
    wrong = "" if codes in ([0, 3], [0, 0]) else f"exit codes {codes}"
    outcome.add("removed", wrong or subject.goes_on())
    return outcome
