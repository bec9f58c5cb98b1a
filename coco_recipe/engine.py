"""Local worker processes: results in the items' order, few items in flight, no worker that outlives its parent."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from coco_recipe.errors import StepError

Item = TypeVar("Item")
Result = TypeVar("Result")
IN_FLIGHT_PER_WORKER = 4


def run(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    """Apply a module-level function to items, in this process (``jobs`` 1) or in several.

    Workers are spawned, not forked: OpenCV's and torch's threads don't survive a fork.

    Raises:
        StepError: a worker died; names the items that were in flight.
    """
    if jobs <= 1:
        yield from map(function, items)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)
    pending: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            pending.append((item, pool.submit(function, item)))
            if len(pending) >= jobs * IN_FLIGHT_PER_WORKER:
                yield pending.popleft()[1].result()
        while pending:
            yield pending.popleft()[1].result()
    except BrokenProcessPool as error:
        names = ", ".join(str(item) for item, _ in pending)
        raise StepError(f"a worker process died; in flight were: {names or 'the last items'}") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    """In a worker: one thread for each library, and an end when the parent ends, however it ends."""
    os.environ.update(OMP_NUM_THREADS="1", NO_ALBUMENTATIONS_UPDATE="1")
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
