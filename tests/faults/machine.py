"""F11 to F14, F18, F25, F26: the disk and the system say no."""

import contextlib
import errno
import fcntl
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from outcome import CannotTry, Outcome, row
from subject import COMMAND, GOES_ON, HANGS_SECONDS, Ended, Running, Subject, environment

WRITES = os.O_WRONLY | os.O_RDWR
CHANGES = ("os.rename", "os.link", "os.symlink", "os.mkdir")
FULL_KB = [4, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256]


def plain(subject: Subject, *before: str, out: Path | None = None, **how: Any) -> Ended:
    """Run the command in a process of its own, behind other words, as ``strace``."""
    words = ["run", subject.recipe, "--out", out or subject.out, "-q", "--jobs", "0"]
    done = subprocess.run(
        [*before, sys.executable, "-P", "-c", COMMAND, *map(str, words)],
        check=False,
        cwd=subject.folder,
        text=True,
        capture_output=True,
        timeout=HANGS_SECONDS,
        env=environment(),
        **how,
    )
    return Ended(done.returncode, done.stderr)


def traced(subject: Subject, inject: str) -> Ended:
    """Run the command below strace, which injects a fault into each of its threads."""
    if not shutil.which("strace"):
        raise CannotTry("strace isn't installed")
    calls = inject.partition("=")[2].partition(":")[0]
    options = ["-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}", "-e", inject]
    return plain(subject, "strace", *options)


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a small file system in memory."""
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        raise CannotTry("no file system may be mounted here (root's right)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _larger(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


class Refuses:
    """Lets the n-th change of a folder fail, or the n-th flush to disk."""

    def __init__(self, folder: Path, number: int, last: int, *, flushes: bool = False) -> None:
        self.folder, self.number, self.last, self.count = str(folder), number, last, 0
        if flushes:
            self.flush, os.fsync = os.fsync, self.fsync
        else:
            sys.addaudithook(self.hear)

    def refuse(self, path: str) -> None:
        self.count += 1
        if self.count == self.last:
            raise OSError(self.number, os.strerror(self.number), path)

    def fsync(self, handle: int) -> None:
        self.refuse(os.readlink(f"/proc/self/fd/{handle}"))
        self.flush(handle)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and arguments[2] & WRITES):
            names = [os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike)]
            if any(self.folder in name for name in names):
                self.refuse(names[0])


def _each_place(subject: Subject, times: int, number: int, **how: bool) -> Outcome:
    outcome, n = Outcome(), 0
    while outcome.tried < times:
        n += 1 if times > 1000 else subject.rng.randint(1, 30)
        subject.clear()
        done = subject.run(first=partial(Refuses, subject.out, number, n, **how))
        if done.code == 0 and not (wrong := subject.differs()):
            if n > 200:
                break
            continue  # what may be missed: a lock's text, a cache
        wrong = done.refused() if done.code else wrong
        outcome.add(n, wrong or _no_torn_file(subject) or subject.goes_on())
    return outcome


def _no_torn_file(subject: Subject) -> str:
    """Say which file stands under its final name that isn't as it must be."""
    for path in subject.out.glob("dataset/**/*"):
        name = path.relative_to(subject.out).as_posix()
        expected = subject.expected.get(name)
        ours = path.is_file() and not path.name.startswith(".")
        if ours and isinstance(expected, bytes) and path.read_bytes() != expected:
            return f"{name} is torn"
    return ""


@row("F11", "the disk is full: file systems of 20 sizes", 20, 2)
def full_disk(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    sizes = FULL_KB if times >= len(FULL_KB) else subject.rng.sample(FULL_KB, times)
    for size in sizes:
        with mounted(subject.disk, f"size={size}k") as small:
            done = subject.run()
            wrong = done.refused(GOES_ON, "the disk is full", "free")
            wrong = wrong or _no_torn_file(subject)
            _larger(small, "size=64m")
            outcome.add(f"{size} kB", wrong or subject.goes_on())
    return outcome


@row("F11n", "no room at each change of the run directory", 120, 5)
def no_room_at_each(subject: Subject, times: int) -> Outcome:
    return _each_place(subject, times, errno.ENOSPC)


@row("F12", "no inodes, a quota, a limit of a file's size", 6, 3)
def other_limits(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    with mounted(subject.disk, "nr_inodes=12") as small:
        done = subject.run()
        _larger(small, "nr_inodes=100000")
        outcome.add("inodes", done.refused("no inodes left", GOES_ON) or subject.goes_on())
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (500, 500))
    done = subject.run(first=limit)
    outcome.add("file size", done.refused("ulimit -f", GOES_ON) or subject.goes_on())
    for n in range(times - 2):
        subject.clear()
        done = subject.run(first=partial(Refuses, subject.out, errno.EDQUOT, 10 + 10 * n))
        # what may be missed, as a look at what the file system can, is no reason to stop
        wrong = done.refused("your quota", GOES_ON) if done.code else subject.differs()
        outcome.add(f"quota {n}", wrong or subject.goes_on())
    return outcome


@row("F13", "the disk fails while files are made", 60, 5)
def bad_disk(subject: Subject, times: int) -> Outcome:
    return _each_place(subject, times, errno.EIO)


@row("F13f", "the disk fails while it is flushed: what isn't durable isn't done", 60, 5)
def bad_flush(subject: Subject, times: int) -> Outcome:
    return _each_place(subject, times, errno.EIO, flushes=True)


def _as_nobody() -> None:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


@row("F14", "a folder that may not be written, a file in its place, a folder of others", 6, 6)
def no_place(subject: Subject, times: int) -> Outcome:
    outcome, folder = Outcome(), subject.folder / "places"
    folder.mkdir()
    locked, file, other = folder / "locked", folder / "file", folder / "other"
    locked.mkdir(mode=0o755)
    file.write_text("mine")
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    (folder / "dangling").symlink_to(folder / "gone/on")
    (folder / "circle").symlink_to(folder / "circle")
    cases: dict[str, tuple[Path, Any]] = {
        "a file": (file, bool),
        "below a file": (file / "run", bool),
        "another's folder": (other, bool),
        "a link in a circle": (folder / "circle", bool),
    }
    if os.getuid() == 0:
        cases["no right"] = (locked / "run", _as_nobody)
    before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
    out = subject.out
    for name, (place, first) in cases.items():
        subject.out = place
        done = subject.run(first=first)
        wrong = done.refused(place.name)
        if {path: path.lstat().st_mtime_ns for path in folder.rglob("*")} != before:
            wrong = wrong or "something was written"
        outcome.add(name, wrong)
    subject.out = out
    with mounted(subject.disk, "size=1m") as small:
        _larger(small, "ro")
        outcome.add("read-only", subject.run().refused("read-only", str(small)))
    return outcome


def _without_locks(number: int) -> None:
    def flock(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    fcntl.flock = flock


@row("F18", "a file system without locks", 3, 3)
def no_locks(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    for number in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)[:times]:
        subject.clear()
        words = ("run", subject.recipe, "--out", subject.out, "--jobs", "0")
        done = Running(*words, cwd=subject.folder, first=partial(_without_locks, number)).wait()
        said = "" if ".lease says that a run is at work" in done.told else "didn't say so"
        outcome.add(errno.errorcode[number], said or subject.differs())
    return outcome


@row("F25", "few open files: 32, 64, 128 with eight workers", 3)
def few_files(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    for limit in (32, 64, 128)[:times]:
        subject.clear()
        first = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (limit, limit))
        done = subject.run("--jobs", "8", first=first)
        wrong = subject.differs() if done.code == 0 else done.refused("ulimit -n")
        if limit >= 64 and done.code:
            wrong = wrong or f"must do with {limit}: {done.told[-200:]}"
        outcome.add(limit, wrong)
    return outcome


@row("F26", "a picture that would take all memory, in 1 GB", 1)
def bomb(subject: Subject, times: int) -> Outcome:
    import struct
    import zlib

    outcome, picture = Outcome(), subject.recipe.parent / "images/1.jpg"
    before = picture.read_bytes()
    head = struct.pack(">IIBBBBB", 2**15, 2**15, 8, 2, 0, 0, 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + end

    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b""))
    first = partial(resource.setrlimit, resource.RLIMIT_AS, (2**30, 2**30))
    try:
        outcome.add("bomb", plain(subject, preexec_fn=first).refused("1.jpg"))
    finally:
        picture.write_bytes(before)
    subject.clear()
    done = plain(subject, preexec_fn=first)
    outcome.add("sound", subject.differs() if done.code == 0 else done.told[-300:])
    return outcome
