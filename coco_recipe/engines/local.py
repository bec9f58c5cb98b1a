"""Local worker processes: each has a pipe, none outlives its parent, a dead one is replaced."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any, TypeVar

from coco_recipe.engines import dies_with_parent, safe_path, worker
from coco_recipe.errors import StepError
from coco_recipe.failure import WorkerTraceback
from coco_recipe.with_parent import PARENT

Item = TypeVar("Item")
Result = TypeVar("Result")
IN_FLIGHT = 2  # items that a worker holds: one at work, one that waits in its pipe
# items taken and not yet yielded, for each worker: a slow item holds up the order, not the others
WINDOW = 8
# a worker may die without its item's fault: killed from outside, or for memory that another took
RETRIES = 2
FAILED_STARTS = 3
END_SECONDS = 5.0
FILES_OF_A_START = 10  # two sockets of our pipe, five ends of the forkserver's, and some more
START_SECONDS = 120.0  # a worker that imports for longer is taken for one that hangs
# Between two looks at the workers. Time counts as at work while we wait for them, not while
# somebody is slow to take results; what passes beyond two looks, as while the terminal's Ctrl-Z
# holds all of us, doesn't count either.
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Local:
    """An engine of ``jobs`` processes of this machine that ``start`` by "forkserver" or "spawn".

    0 is this process. The others start with the variables of ``environment``. A worker that is at
    work on one item for longer than ``item_timeout`` seconds is replaced; 0 lets it take its time.
    """

    jobs: int
    start: str
    environment: Mapping[str, str] = field(default_factory=dict)
    item_timeout: float = 0

    def prepare(self, preload: Sequence[str]) -> None:
        """See Engine."""
        if self.jobs and self.start == "forkserver":
            _start_forkserver(preload, self.environment)

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Callable[[Item, str], Result] | None = None,
        preload: Sequence[str] = (),
    ) -> Iterator[Result]:
        """See Engine."""
        if not self.jobs:
            for item in items:
                yield worker.here(function, item)
            return
        self.prepare(preload)
        pool = _Pool(self, worker.Call.of(function), lost)
        try:
            yield from pool.run(items)
        finally:
            pool.close()


def _start_forkserver(preload: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start the process that workers are forked from, if there is none yet.

    It imports ``preload`` while we go on.

    It only imports, with one thread, so that a fork of it is safe. It dies with us at once, if the
    thread that starts it is one that lasts.
    """
    forkserver.set_forkserver_preload([dies_with_parent.__name__, worker.__name__, *preload])
    lasts = threading.current_thread() is threading.main_thread()
    parent = {PARENT: str(os.getpid())} if lasts else {}
    with worker.environment({**environment, **parent}), _signals_held():
        forkserver.ensure_running()


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Start processes that a Ctrl-C in the terminal doesn't reach: the parent ends them."""
    resource_tracker.ensure_running()  # it would take the signal out of the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _refuse_too_few_files() -> None:
    """See that this process may open the files that the start of a worker takes.

    Without them the start would fail half-way, and the process that forks with a traceback.

    Raises:
        OSError: it may not.
    """
    opened: list[int] = []
    try:
        while len(opened) < FILES_OF_A_START:
            opened += os.pipe()
    finally:
        for each in opened:
            os.close(each)


@dataclass(slots=True)
class _Task:
    """An item on its way: its place in the order, its bytes, how many workers it has outlived."""

    index: int
    item: Any
    data: bytes
    deaths: int = 0


@dataclass(slots=True)
class _Worker:
    """A worker process, and the tasks that it holds: the first is at work.

    ``busy`` is for how many seconds it was seen to be at work on the first, or to start.
    """

    process: Any
    connection: Connection
    held: deque[_Task] = field(default_factory=deque)
    ready: bool = False
    busy: float = 0.0

    def is_stopped(self) -> bool:
        """Report whether somebody has stopped the process (SIGSTOP)."""
        try:
            status = Path(f"/proc/{self.process.pid}/stat").read_text("latin-1")
        except OSError:
            return False
        return status.rpartition(")")[2].split()[0] in ("T", "t")


class _Pool:
    """Worker processes, each with a pipe of its own: so it is known which item a dead one held."""

    def __init__(
        self, engine: Local, call: worker.Call, lost: Callable[[Any, str], Any] | None
    ) -> None:
        self.jobs, self.environment = engine.jobs, engine.environment
        self.item_timeout = engine.item_timeout
        self.call, self.lost = call, lost
        self.context: Any = multiprocessing.get_context(engine.start)
        self.selector = DefaultSelector()
        self.workers: list[_Worker] = []
        self.again: deque[_Task] = deque()
        self.answers: dict[int, tuple[bool, Any, WorkerTraceback | None]] = {}
        self.taken, self.more, self.failed_starts = 0, True, 0

    def run(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the results in order; raise the first error when its turn comes."""
        source, turn = enumerate(items), 0
        while self.more or turn < self.taken:
            while self._has_room() and (task := self._next(source, turn)):
                self._give(task)
            if turn in self.answers:
                self._collect(wait=False)
                yield worker.unpack(*self.answers.pop(turn))
                turn += 1
            elif turn < self.taken:
                self._collect(wait=True)

    def _has_room(self) -> bool:
        return len(self.workers) < self.jobs or any(
            len(each.held) < IN_FLIGHT for each in self.workers
        )

    def _next(self, source: Iterator[tuple[int, Any]], turn: int) -> _Task | None:
        if self.again:
            return self.again.popleft()
        if self.taken - turn >= self.jobs * WINDOW:
            return None
        if (entry := next(source, None)) is None:
            self.more = False
            return None
        self.taken += 1
        return _Task(*entry, pickle.dumps(entry[1]))

    def _give(self, task: _Task) -> None:
        """Send a task to the worker with the least to do, or to a new one if there are too few."""
        target = min(self.workers, key=lambda each: len(each.held), default=None)
        if target is None or (target.held and len(self.workers) < self.jobs):
            target = self._start()
        if not target.held and target.ready:
            target.busy = 0.0
        target.held.append(task)
        with contextlib.suppress(OSError):  # it is dead: reading from it will tell
            target.connection.send_bytes(task.data)

    def _start(self) -> _Worker:
        _refuse_too_few_files()
        connection, theirs = self.context.Pipe()
        process = self.context.Process(
            target=worker.serve,
            args=(theirs, self.call, dict(self.environment)),
            daemon=True,
            name=safe_path.NAME,
        )
        with worker.environment(self.environment), _signals_held():
            process.start()
        theirs.close()
        self.workers.append(_Worker(process, connection))
        self.selector.register(connection, EVENT_READ, self.workers[-1])
        return self.workers[-1]

    def _collect(self, *, wait: bool) -> None:
        """Read an answer from each worker that has one; replace those that take too long."""
        began = time.monotonic()
        ready = self.selector.select(self._patience() if wait else 0)
        passed = min(time.monotonic() - began, 2 * LOOK_SECONDS)
        for each in self.workers:
            each.busy += passed if each.held else 0.0
        for key, _ in ready:
            try:
                answer = key.data.connection.recv_bytes()
            except (EOFError, OSError):
                self._bury(key.data)
                continue
            if key.data.ready:
                self.answers[key.data.held.popleft().index] = pickle.loads(answer)
            key.data.ready, key.data.busy, self.failed_starts = True, 0.0, 0
        self._replace_hanging()

    def _limit(self, each: _Worker) -> float:
        """Return for how many seconds a worker may be busy."""
        return self.item_timeout if each.ready else max(self.item_timeout, START_SECONDS)

    def _patience(self) -> float | None:
        """Return for how many seconds to wait for an answer; None as long as it takes."""
        if not self.item_timeout:
            return None
        left = (self._limit(each) - each.busy for each in self.workers if each.held)
        return max(0.01, min(LOOK_SECONDS, *left, LOOK_SECONDS))

    def _replace_hanging(self) -> None:
        """Replace the workers that were at work for too long, or were stopped."""
        for each in self.workers.copy():
            if self.item_timeout and each.held and each.busy > self._limit(each):
                was_stopped = each.is_stopped()
                each.process.kill()
                self._bury(each, was_stopped=was_stopped, took_too_long=True)

    def _bury(
        self, dead: _Worker, *, was_stopped: bool = False, took_too_long: bool = False
    ) -> None:
        """Try a dead worker's item again or give it up; hand what waited behind it to others.

        An item that took too long isn't tried again, but where it is not at fault.
        """
        self.selector.unregister(dead.connection)
        self.workers.remove(dead)
        reason = f"a worker process died ({_end(dead)})"
        if was_stopped:
            reason = "a worker process was stopped from outside (SIGSTOP)"
        elif took_too_long and dead.ready:
            reason = f"a worker process was at work for more than {self.item_timeout:g} s"
            reason += " (--item-timeout)"
        elif took_too_long:
            reason = f"a worker process took more than {self._limit(dead):g} s"
        if dead.ready and dead.held:
            task = dead.held.popleft()
            task.deaths += 1
            if task.deaths <= RETRIES and (was_stopped or not took_too_long):
                self.again.appendleft(task)
            elif self.lost:
                self.answers[task.index] = (True, self.lost(task.item, reason), None)
            else:
                self.answers[task.index] = (False, StepError(f"{reason} on {task.item}"), None)
        self.again.extend(dead.held)
        self.failed_starts += not dead.ready
        if self.failed_starts >= FAILED_STARTS:
            raise StepError(f"{reason} while it started; its own message is above")

    def close(self) -> None:
        """End the workers: at once those that are at work."""
        for each in self.workers:
            if each.held:
                each.process.kill()
            else:
                with contextlib.suppress(OSError):
                    each.connection.send_bytes(worker.END)
        for each in self.workers:
            _end(each)
        self.selector.close()


def _end(each: _Worker) -> str:
    """See a worker process to its end; tell how it ended."""
    each.process.join(END_SECONDS)
    if each.process.is_alive():
        each.process.kill()
        each.process.join(END_SECONDS)
    each.connection.close()
    code = each.process.exitcode
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
