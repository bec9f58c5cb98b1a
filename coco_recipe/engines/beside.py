"""Work beside what goes on: a function in a copy of this process, with all its memory."""

import gc
import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from coco_recipe.engines import safe_path
from coco_recipe.with_parent import die_with

Result = TypeVar("Result")
MOST = 4  # copies: each costs memory


def copies() -> int:
    """Return how many copies of this process may work at once.

    A copy is safe on Linux while this process has one thread; it pays with a second core. Without
    these it is 1: the work is done here.
    """
    if sys.platform != "linux" or len(os.listdir("/proc/self/task")) > 1:
        return 1
    return min(len(os.sched_getaffinity(0)), MOST)


class Beside(Generic[Result]):
    """A function without side effects, which runs in a copy of this process.

    Where no copy can be made it runs in this process, when its result is asked for.

    Args:
        function: what to run; its result must be picklable.
    """

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self._answer: Connection | None = None
        if copies() > 1:
            context = get_context("fork")
            self._answer, theirs = context.Pipe(duplex=False)
            self._process = context.Process(
                target=_work, args=(theirs, function, os.getpid()), daemon=True
            )
            self._process.start()
            theirs.close()

    @property
    def is_at_work(self) -> bool:
        """Whether a copy is still at work on it."""
        return self._answer is not None and not self._answer.closed and not self._answer.poll()

    def result(self) -> Result:
        """Return the result.

        What a copy couldn't do is done again here, so that its error comes from here.
        """
        if self._answer is None:
            return self._function()
        try:
            result: Result = self._answer.recv()
        except EOFError:
            return self._function()
        finally:
            self._answer.close()
            self._process.join()
        return result


def _work(answer: Connection, function: Callable[[], object], parent: int) -> None:
    die_with(parent)  # it had one thread
    sys.path[:] = safe_path.entries()
    gc.freeze()  # the collector writes into what it looks at, and pages that are written are copied
    with open(os.devnull, "w") as sys.stderr:
        answer.send(function())
