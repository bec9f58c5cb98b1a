"""Where a step's work runs: in this process, in local worker processes, or on Dask.

The results are the same.
"""

import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from coco_recipe.engines.local import Local
from coco_recipe.errors import RunError

Item = TypeVar("Item")
Result = TypeVar("Result")
NAMES = "local, local:forkserver, local:spawn, dask or dask://HOST:PORT"


class Engine(Protocol):
    """Applies a function to items, many at a time."""

    def prepare(self, preload: Sequence[str]) -> None:
        """Begin to import heavy packages that functions will need, by import name."""
        ...

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Callable[[Item, str], Result] | None = None,
        preload: Sequence[str] = (),
    ) -> Iterator[Result]:
        """Yield the results in the items' order; few items are taken ahead, whatever their number.

        Args:
            function: a module-level function, or a partial of one; running it twice on an item must
                do no harm.
            items: taken one after another as they are needed; must be picklable.
            lost: makes the result of an item whose worker died each time that it was tried; called
                with the reason.
            preload: as for ``prepare``, if that wasn't called.

        Raises:
            StepError: a worker died, and ``lost`` isn't given; names the item.
            Exception: what the function raised, with the worker's traceback as its cause.
        """
        ...


def parse(
    text: str,
    jobs: int,
    *,
    environment: Mapping[str, str] | None = None,
    item_timeout: float = 0,
) -> Engine:
    """Return the engine that ``--engine`` names.

    Args:
        text: what stands behind ``--engine``.
        jobs: number of workers.
        environment: variables that workers started here must have. Those of a Dask scheduler have
            what they were started with.

    Raises:
        RunError: there is no such engine, or it isn't installed.
    """
    kind, _, rest = text.partition(":")
    if kind == "local" and rest in ("", "forkserver", "spawn") and text != "local:":
        return local(jobs, rest or "forkserver", environment=environment, item_timeout=item_timeout)
    if text == "dask" or re.fullmatch(r"dask://[^\s/:]+:\d{1,5}", text):
        address = text.removeprefix("dask://") if rest else None
        return dask(address, jobs, environment=environment, item_timeout=item_timeout)
    raise RunError(f"--engine: there is no engine '{text}'; allowed are {NAMES}")


def local(
    jobs: int,
    start: str = "forkserver",
    *,
    environment: Mapping[str, str] | None = None,
    item_timeout: float = 0,
) -> Engine:
    """Return an engine with that many processes of this machine; 0 is this process.

    Args:
        jobs: number of workers.
        start: "forkserver" imports heavy packages once for all workers, "spawn" in each. Never
            "fork": the threads of native libraries don't survive it.
        environment: variables that the workers must have.
        item_timeout: seconds that a worker may be at work on an item before it is replaced; 0 for
            any. This process can't be replaced.
    """
    return Local(jobs, start, environment or {}, item_timeout)


def dask(
    address: str | None,
    jobs: int,
    *,
    environment: Mapping[str, str] | None = None,
    item_timeout: float = 0,
) -> Engine:
    """Return an engine that runs on Dask.

    Args:
        address: the scheduler's host:port; None starts a cluster of this machine.
        jobs: the processes of that cluster.
        environment: variables that these must have.
        item_timeout: as of `local`, for the workers of that cluster; those of another scheduler
            have several threads, of which none can be ended alone.

    Raises:
        RunError: Dask isn't installed.
    """
    # a cluster of this machine speaks TLS, for which Dask makes certificates with cryptography
    for package in ("distributed",) if address else ("distributed", "cryptography"):
        if importlib.util.find_spec(package) is None:
            name = "Dask" if package == "distributed" else f"{package}, which --engine dask needs,"
            raise RunError(f"--engine: {name} is not installed; pip install 'coco-recipe[dask]'")
    from coco_recipe.engines.on_dask import Dask

    return Dask(address, max(1, jobs), environment or {}, 0 if address else item_timeout)
