"""What faults are tried on: a recipe with every data step, `augment` and `repair`, and its judge.

A command runs in a fork of this process, which has imported what steps need, so that hundreds of
trials take minutes.
"""

import contextlib
import faulthandler
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from builders import coco, command, tree

from coco_recipe import cli
from coco_recipe.running.verification import verify
from coco_recipe.testing import draw

RECIPE = """\
coco_recipe: 1
name: faults
seed: 5
inputs:
  raw: {annotations: raw.json, images: images}
  more: {annotations: more.json, images: images}
steps:
  - {id: mended, use: repair, in: raw, with: {area: recompute}}
  - {id: kept, use: filter_categories, in: mended, with: {drop: [bird]}}
  - {id: large, use: filter_annotations, in: kept, with: {min_area_px: 2}}
  - {id: named, use: map_categories, in: large, with: {map: {dog: hound}}}
  - {id: shaped, use: add_segmentation, in: named}
  - id: turned
    use: augment
    in: shaped
    with: {pipeline: [{HorizontalFlip: {p: 0.5}}], format: png}
  - {id: tiles, use: tile, in: shaped, with: {slice_width: 40, slice_height: 40, format: png}}
  - {id: other, use: map_categories, in: more, with: {map: {dog: hound, bird: cat}}}
  - {id: all, use: merge, in: [shaped, turned, tiles, other]}
  - {id: numbered, use: reindex, in: all}
  - {id: parts, use: split, in: numbered, with: {fractions: {train: 0.6, val: 0.4}}}
  - {id: out, use: export_coco, in: {train: parts.train, val: parts.val}, with: {to: dataset}}
"""
GOES_ON = "the same command goes on from here"
HANGS_SECONDS = 120.0
COMMAND = "from coco_recipe import cli; cli.main()"


def make(folder: Path, images: int = 5) -> Path:
    """Write the recipe, its inputs and its pictures into a folder; return the recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    classes = ("cat", "dog", "bird")
    pairs = [(1 + n % images, 1 + n % 3) for n in range(2 * images)]
    raw, more = coco(images, pairs, classes), coco(images, pairs[:images], classes)
    raw["annotations"][0]["area"] = 1
    for n, image in enumerate(more["images"]):
        image["file_name"] = f"other {n}.jpg"
    draw(folder / "images", raw)
    draw(folder / "images", more)
    (folder / "raw.json").write_text(json.dumps(raw), "utf-8")
    (folder / "more.json").write_text(json.dumps(more), "utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    return folder / "recipe.yaml"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code (below 0 by a signal), and what it said."""

    code: int
    told: str

    def refused(self, *words: str) -> str:
        """Say what is wrong with a refusal: its code, a traceback, words that it lacks."""
        if self.code not in (1, 2):
            return f"exit code {self.code}: {self.told[-300:]}"
        for word in ("Traceback", "BUG"):
            if word in self.told:
                return f"{word} in {self.told[-300:]}"
        lacking = [word for word in words if word not in self.told]
        return f"{lacking} isn't in {self.told[-300:]}" if lacking else ""


def environment(**more: str) -> dict[str, str]:
    """Return what a process has around it: no cache remembers what was seen before."""
    return {**os.environ, "XDG_CACHE_HOME": "none", **more}


class Running:
    """A command in a fork of this process, at the head of a process group of its own.

    Args:
        words: of the command line, without the program's name.
        cwd: its current folder.
        first: is called in the fork before the command.
        variables: of its environment, besides this process's.
    """

    def __init__(
        self,
        *words: str | Path,
        cwd: Path,
        first: Callable[[], object] = bool,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115, closed in `wait`
        sys.stdout.flush()
        sys.stderr.flush()
        if pid := os.fork():
            self.pid = pid
            return
        try:
            os.setsid()
            faulthandler.disable()
            forkserver._forkserver.__init__()  # type: ignore[attr-defined]  # has one of its own
            signal.signal(signal.SIGINT, signal.default_int_handler)
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
            for stream in (1, 2):
                os.dup2(self.log.fileno(), stream)
            os.chdir(cwd)
            os.environ.update({"XDG_CACHE_HOME": "none", **(variables or {})})
            sys.argv = ["coco-recipe", *map(str, words)]
            first()
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
            sys.stdout.flush()
            os._exit(code)
        except BaseException:
            traceback.print_exc()
        os._exit(1)

    def wait(self, seconds: float = HANGS_SECONDS) -> Ended:
        """Wait for its end; one that takes longer is killed, and its code is -9."""
        until = time.monotonic() + seconds
        while not (done := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() > until:
                os.killpg(self.pid, signal.SIGKILL)
                done = os.waitpid(self.pid, 0)
                break
            time.sleep(0.005)
        self.log.seek(0)
        told = self.log.read().decode("utf-8", "replace")
        self.log.close()
        return Ended(os.waitstatus_to_exitcode(done[1]), told)

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the command, or to all of its group, as a terminal does."""
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)

    def alive(self) -> list[int]:
        """Return the processes of its session that aren't at their end."""
        return [pid for pid, session, state in processes() if session == self.pid and state != "Z"]

    def left_after(self, seconds: float = 5.0) -> str:
        """Say which processes of its session are alive after so many seconds."""
        until = time.monotonic() + seconds
        while (left := self.alive()) and time.monotonic() < until:
            time.sleep(0.02)
        return f"processes are alive: {', '.join(map(_words, left))}" if left else ""


def _words(pid: int) -> str:
    with contextlib.suppress(OSError):
        return f"{pid} " + Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[-70:]
    return str(pid)


def processes() -> Iterator[tuple[int, int, str]]:
    """Yield pid, session and state of each process of this machine."""
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, session = place.read_text("latin-1").rpartition(")")[2].split()[:4]
            yield int(place.parent.name), int(session), state


class Subject:
    """A project and what an undisturbed run of it leaves.

    Attributes:
        folder: where trials may write.
        recipe: its recipe's file.
        disk: a folder beside the recipe's, on which a small file system may be mounted.
        out: the run directory in it.
        rng: of the random choices.
        seconds: how long an undisturbed run took.
    """

    def __init__(self, folder: Path, images: int = 5) -> None:
        self.folder, self.rng = folder, random.Random(12)
        self.recipe = make(folder / "project", images)
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.out = self.disk / "run"
        done = command("run", self.recipe, "--out", self.out, "--jobs", "0", cwd=folder)
        assert done.returncode == 0, done.stderr  # now everything is imported here
        self.clear()
        began = time.monotonic()
        ended = self.run()
        self.seconds = time.monotonic() - began
        assert ended.code == 0, ended.told
        self.expected = tree(self.out)
        self.clear()

    def clear(self) -> None:
        """Remove the run directory."""
        shutil.rmtree(self.out, ignore_errors=True)

    def again(
        self,
        *more: str | Path,
        recipe: Path | None = None,
        out: Path | None = None,
        **how: Any,
    ) -> Running:
        """Start the command, with ``--jobs 0`` or other arguments."""
        words = ("run", recipe or self.recipe, "--out", out or self.out, "-q")
        words += more or ("--jobs", "0")
        return Running(*words, cwd=self.folder, **how)

    def run(self, *more: str | Path, **how: Any) -> Ended:
        """Run the command to its end."""
        return self.again(*more, **how).wait()

    def goes_on(self, *more: str | Path) -> str:
        """Run the same command again; say what is wrong, nothing if all is as it must be."""
        done = self.run(*more)
        if done.code:
            return f"the next run ended with {done.code}: {done.told[-300:]}"
        return self.differs()

    def differs(self, out: Path | None = None) -> str:
        """Say which files of a run directory aren't as they must be; an empty text for none."""
        out = out or self.out
        found = tree(out)
        names = {*found, *self.expected}
        wrong = [name for name in sorted(names) if found.get(name) != self.expected.get(name)]
        wrong += [name for name in leftovers(out) if name not in wrong]
        if wrong:
            return f"other files: {', '.join(wrong[:5])}"
        told = verify(out).wrong
        return f"verify: {told[0]}" if told else ""


def leftovers(out: Path) -> list[str]:
    """Return what a killed run may leave, and the next one must sweep."""
    return [
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if path.name.endswith((".partial", ".old"))
    ]
