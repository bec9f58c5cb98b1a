"""What code of a plugin must leave as it found it: the process that it shares with the run.

A step that replaces ``os.replace`` or ``json.dumps`` for everybody would let wrong files be written
long after it. What is replaced is put back and told; the state that the system keeps of a process
(timers, handlers of signals, the mask of rights, limits, the environment) is only put back, so that
later steps find the same whether this one was made or reused.
"""

import builtins
import contextlib
import gc
import locale
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from coco_recipe.errors import StepError

_NAMED = 5  # changes that an error names
_PACKAGES = frozenset({"click", "coco_recipe", "msgspec", "pluggy", "rich", "yaml"})
_LOADED = frozenset(sys.modules)  # what Python itself and the core need, before any plugin is
_HOOKS = frozenset(  # which are there to be replaced
    {
        "sys.breakpointhook",
        "sys.displayhook",
        "sys.excepthook",
        "sys.unraisablehook",
        "threading.excepthook",
        "warnings.formatwarning",
        "warnings.showwarning",
    }
)
# what importing changes: importlib_metadata takes a method away from ``PathFinder``
_IMPORTING = frozenset(
    {"_frozen_importlib", "_frozen_importlib_external", "importlib", "zipimport"}
)
_MEMBERS = (classmethod, property, staticmethod)
Owner = ModuleType | type
_BUILTINS = vars(builtins)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the state that the system, or Python, keeps of a process.

    Attributes:
        name: what to call it.
        read: gives it.
        write: puts it back.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


@contextlib.contextmanager
def kept(label: str, *, of: str | None) -> Iterator[None]:
    """Put back what a step changes of this process.

    Functions that another library replaced, as torch does one of ``inspect``, stay as they are.

    Args:
        label: the step, for an error.
        of: the module of the plugin that has the step. None for a step of coco-recipe, of which
            only the current folder is put back.

    Raises:
        StepError: it replaced functions, closed files that it didn't open, or set a limit that
            can't be raised again.
    """
    here = os.open(".", getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY)
    changed: list[str] = []
    try:
        with _put_back_after(of, changed) if of else contextlib.nullcontext():
            yield
    finally:
        try:
            os.fchdir(here)
            os.close(here)
        except OSError as error:
            told = "closed files of the process that it didn't open; close your own, one by one"
            raise StepError(f"{label}: {told}") from error
    if changed:
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        raise StepError(
            f"{label}: changed {', '.join(changed[:_NAMED])}{more}, which the run and other steps "
            "work with; its code must leave that alone, and can call functions of its own"
        )


@contextlib.contextmanager
def _put_back_after(of: str, changed: list[str]) -> Iterator[None]:
    """Put back what changes; add to a list what was replaced, and what can't be put back."""
    parts = [(part, part.read()) for part in _PARTS]
    names, functions, modules = dict(_BUILTINS), _functions(), dict(sys.modules)
    try:
        yield
    finally:
        _stop_timers()
        for name in names:  # without a call of what may have been replaced
            if _BUILTINS.get(name) is not names[name] and name != "_":
                changed += [f"builtins.{name}"]
                _BUILTINS[name] = names[name]
        for name, module in modules.items():
            if name in _LOADED and sys.modules.get(name) is None:
                changed.append(f"sys.modules[{name!r}]")
                sys.modules[name] = module
        changed += _put_back(functions, of)
        for part, before in parts:
            if part.read() != before:
                try:
                    part.write(before)
                except (OSError, ValueError):
                    changed.append(part.name)


def _functions() -> list[tuple[Owner, str, str, Any]]:
    """Return the functions and classes that the run works with: where each stands, and its name."""
    found: list[tuple[Owner, str, str, Any]] = []
    for place, module in list(sys.modules.items()):
        top = place.partition(".")[0]
        is_pythons = top in sys.stdlib_module_names and place in _LOADED
        is_ours = top in _PACKAGES or (is_pythons and top not in _IMPORTING)
        if not is_ours or not isinstance(module, ModuleType):
            continue
        for name, value in list(vars(module).items()):
            if not callable(value):
                continue
            found.append((module, place, name, value))
            if isinstance(value, type) and value.__module__ == place:
                found += [
                    (value, f"{place}.{name}", member, inner)
                    for member, inner in list(vars(value).items())
                    if callable(inner) or isinstance(inner, _MEMBERS)
                ]
    return found


def _put_back(functions: list[tuple[Owner, str, str, Any]], of: str) -> list[str]:
    """Put functions back where they stood; return the names of those that weren't there."""
    changed = []
    for owner, place, name, value in functions:
        now = vars(owner).get(name)
        if now is value or f"{place}.{name}" in _HOOKS or _is_of_a_library(now, of):
            continue
        setattr(owner, name, value)
        changed.append(f"{place}.{name}")
    return changed


def _is_of_a_library(value: Any, of: str) -> bool:
    """Say whether code is neither a plugin's own nor Python's."""
    value = getattr(value, "fget", value)  # of a property
    place = getattr(value, "__module__", None)
    top = place.partition(".")[0] if isinstance(place, str) else ""
    return bool(top) and top not in sys.stdlib_module_names and top != of.partition(".")[0]


def _stop_timers() -> None:
    """Stop the timers; once more where the handler of one has raised meanwhile."""
    for _ in range(3):
        try:
            _set_timers(dict.fromkeys(_TIMERS, (0.0, 0.0)))
            return
        except Exception:  # of the step's own handler
            continue


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _umask() -> int:
    """Return the mask of rights; where it can be read, without setting it under other threads."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _set_handlers(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        if _is_main() and handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)


_TIMERS = tuple(
    getattr(signal, name)
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
    if hasattr(signal, name)
)


def _set_timers(before: dict[int, tuple[float, float]]) -> None:
    for timer, (delay, interval) in before.items():
        if signal.getitimer(timer) != (delay, interval):
            signal.setitimer(timer, delay, interval)


def _environment() -> dict[str, str]:
    return dict(os.environ)


def _set_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _limits() -> dict[int, tuple[int, int]]:
    """Return the limits of the process; none where the system has no such thing."""
    try:
        import resource
    except ImportError:
        return {}
    kinds = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
    return {kind: resource.getrlimit(kind) for kind in kinds}


def _set_limits(before: dict[int, tuple[int, int]]) -> None:
    import resource

    for kind, limits in before.items():
        if resource.getrlimit(kind) != limits:
            resource.setrlimit(kind, limits)


def _set_locale(before: str) -> None:
    locale.setlocale(locale.LC_ALL, before)


def _set_collecting(is_on: bool) -> None:
    (gc.enable if is_on else gc.disable)()


def _set_streams(before: tuple[Any, Any, Any]) -> None:
    sys.stdin, sys.stdout, sys.stderr = before


_PARTS = (
    _Part("a limit of the process", _limits, _set_limits),
    _Part("the limit of recursion", sys.getrecursionlimit, sys.setrecursionlimit),
    _Part("the tracing of the process", sys.gettrace, sys.settrace),
    _Part("the profiling of the process", sys.getprofile, sys.setprofile),
    _Part("the handlers of signals", _handlers, _set_handlers),
    _Part(
        "the mask of signals",
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        lambda mask: signal.pthread_sigmask(signal.SIG_SETMASK, mask),
    ),
    _Part("the environment", _environment, _set_environment),
    _Part("the mask of rights", _umask, os.umask),
    _Part("the locale", lambda: locale.setlocale(locale.LC_ALL), _set_locale),
    _Part("the collecting of garbage", gc.isenabled, _set_collecting),
    _Part("the streams", lambda: (sys.stdin, sys.stdout, sys.stderr), _set_streams),
)
