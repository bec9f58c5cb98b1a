"""What a worker process does, whichever engine started it: take an item, answer with a result."""

import contextlib
import faulthandler
import importlib
import os
import pickle
import platform
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import metadata
from multiprocessing.connection import Connection
from queue import SimpleQueue
from textwrap import shorten
from types import MappingProxyType
from typing import Any

from coco_recipe import failure, plugins
from coco_recipe.engines import safe_path
from coco_recipe.errors import StepError

ENVIRONMENT = {
    "PYTHONSAFEPATH": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # glibc: pictures come from memory that the last ones left, not from the system, page by page,
    # each time
    "MALLOC_MMAP_THRESHOLD_": str(64 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
}
READY = END = b""
MAX_ITEM = 500  # characters of an item that an error names
_SPOKEN = (
    StopIteration,
    StopAsyncIteration,
)  # exceptions that Python takes for the end of an iteration


@contextlib.contextmanager
def environment(more: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Let processes be started with the workers' environment, and more that steps need.

    Ours is then what it was, whatever others have put into it.
    """
    safe_path.install()
    before = dict(os.environ)
    if "PYTHONPATH" in before:
        os.environ.pop("PYTHONPATH")
    os.environ.update({**ENVIRONMENT, **more, **safe_path.environment(before)})
    try:
        yield
    finally:
        for name in os.environ.keys() - before:
            os.environ.pop(name)
        os.environ.update(before)


@dataclass(frozen=True, slots=True)
class Call:
    """A function on its way to workers: pickled, with the ``--plugin`` files that it may need."""

    function: bytes
    plugin_files: tuple[str, ...]

    @classmethod
    def of(cls, function: Callable[[Any], Any]) -> "Call":
        """Pack a module-level function, or a partial of one.

        Raises:
            StepError: it stands in the main script, which workers don't run again.
        """
        inner = function
        while isinstance(inner, partial):
            inner = inner.func
        if getattr(inner, "__module__", "") == "__main__":
            raise StepError(
                f"'{getattr(inner, '__name__', inner)}' stands in the main script, which workers "
                "don't "
                "import: put it into a module, or use --jobs 0 (jobs=0)"
            )
        return cls(pickle.dumps(function), plugins.loaded_files())


def here(function: Callable[[Any], Any], item: Any) -> Any:
    """Call the function in this process.

    What it raises is an error, as if a worker had raised it.

    Args:
        function: is given the item.
        item: what it works on; an error names it.

    Raises:
        StepError: the function raised what ends a process or an iteration.
        Exception: any other that it raised.
    """
    try:
        return function(item)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _name(item, error)
        if isinstance(error, Exception) and not isinstance(error, _SPOKEN):
            raise
        raise StepError(failure.told(error, failure.home_of(function))) from error


def answer(call: Call, item: bytes) -> bytes:
    """Call the function with a pickled item; pack what it returns or raises, whatever that is.

    With an error go its traceback and what is told of it, which need the frames that stay here.

    SystemExit and KeyboardInterrupt don't end the worker. An exception that pickle can't carry, or
    that would end the parent without a word, becomes a StepError with its type and text.
    """
    function, given = None, None
    try:
        function, given = _loaded(call), pickle.loads(item)
        return pickle.dumps((True, function(given), None))
    except BaseException as error:
        if given is not None:
            _name(given, error)
        told = failure.told(error, failure.home_of(function) if function else "")
        there = failure.WorkerTraceback(traceback.format_exc(), told)
        return pickle.dumps((False, _portable(error, told), there))


def answer_in_time(call: Call, item: bytes, seconds: float) -> bytes:
    """Answer as `answer`, or end this process after so many seconds; 0 for any.

    The process must have one thread that answers. Its clock is no thread of Python's, so that code
    in C can't hold it up.
    """
    if not seconds:
        return answer(call, item)
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            return answer(call, item)
        finally:
            faulthandler.cancel_dump_traceback_later()


def unpack(done: bool, value: Any, there: failure.WorkerTraceback | None) -> Any:
    """Return an answer's result, or raise its error, with the worker's traceback as the cause.

    Args:
        done: whether the function returned.
        value: what it returned or raised.
        there: the worker's traceback of an error.

    Raises:
        Exception: what the function raised.
    """
    if done:
        return value
    raise value from there


def _name(item: Any, error: BaseException) -> None:
    """Note with an error which item was in flight; its traceback then says so."""
    error.add_note(f"while at work on {shorten(str(item), MAX_ITEM, placeholder=' ...')}")


@lru_cache(maxsize=4)
def _loaded(call: Call) -> Callable[[Any], Any]:
    plugins.load_files(call.plugin_files)
    function: Callable[[Any], Any] = pickle.loads(call.function)
    return function


def versions(preload: Sequence[str]) -> dict[str, str]:
    """Import packages; return the version of each, of coco-recipe and of Python."""
    found = {
        name: str(getattr(importlib.import_module(name), "__version__", "")) for name in preload
    }
    return {
        "Python": platform.python_version(),
        "coco-recipe": metadata.version("coco-recipe"),
        **found,
    }


def _portable(error: BaseException, told: str) -> BaseException:
    try:
        is_plain = isinstance(error, Exception) and not isinstance(error, _SPOKEN)
        if is_plain and type(pickle.loads(pickle.dumps(error))) is type(error):
            return error
    except Exception:  # its class is local, or wants other arguments than it keeps
        pass
    return StepError(told)


def serve(connection: Connection, call: Call, more: Mapping[str, str]) -> None:
    """Answer items one after another until the parent says END.

    Args:
        connection: to the parent.
        call: what to do with an item.
        more: variables that steps need, beside the workers' own.
    """
    os.environ.update({**ENVIRONMENT, **more})
    os.dup2(2, 1)  # what the function prints is no result
    inbox: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, inbox), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # the parent is gone, and nobody waits
        connection.send_bytes(READY)
        while (item := inbox.get()) != END:
            connection.send_bytes(answer(call, item))
            sys.stdout.flush()


def _receive(connection: Connection, inbox: "SimpleQueue[bytes]") -> None:
    """Read ahead, so that parent and worker never wait for each other to read.

    End the process when the parent is gone.

    However the parent ends, its end of the pipe closes with it: nobody else holds it.
    """
    try:
        while True:
            inbox.put(connection.recv_bytes())
    except BaseException:
        os._exit(1)
