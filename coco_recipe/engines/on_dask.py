"""Run a step's work on Dask: on a scheduler, or on a cluster of this machine's processes."""

import contextlib
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from coco_recipe.engines import worker
from coco_recipe.errors import StepError

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")
IN_FLIGHT = 4  # items for each thread of the workers: a scheduler far away must not leave them idle
LOOK_EVERY = 100  # items: workers come and go
CONNECT_SECONDS = 15
SILENT_SECONDS = 30
LOOPBACK = "127.0.0.1"
ALLOWED_FAILURES = (
    1  # of workers, before an item is held to be at fault; a scheduler elsewhere has its own number
)


@dataclass(frozen=True, slots=True)
class Dask:
    """An engine on Dask.

    ``address`` is a scheduler's host:port, without it ``jobs`` local processes do the work.

    Those listen on this machine's loopback only, and speak TLS with a certificate of this run.

    The workers of a scheduler need the same files under the same paths, and coco-recipe and the
    step's packages in the same versions: those that are there when the work begins are asked.
    """

    address: str | None
    jobs: int
    environment: Mapping[str, str] = field(default_factory=dict)
    item_timeout: float = 0

    def prepare(self, preload: Sequence[str]) -> None:
        """Nothing: each worker imports on its own."""

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Callable[[Item, str], Result] | None = None,
        preload: Sequence[str] = (),
    ) -> Iterator[Result]:
        """See Engine."""
        with self._client() as client:
            if self.address:
                _check_versions(client, preload)
            call = worker.Call.of(function)
            yield from _Stream(client, call, lost, self.item_timeout).run(items)

    @contextlib.contextmanager
    def _client(self) -> Iterator["Client"]:
        import dask
        from distributed import Client, LocalCluster
        from distributed.security import Security

        if self.address:
            try:
                client = Client(
                    f"tcp://{self.address}", timeout=CONNECT_SECONDS, set_as_default=False
                )
            except OSError as error:
                raise StepError(
                    f"--engine: there is no Dask scheduler at {self.address}: {error}"
                ) from error
            with client:
                yield client
            return
        with (
            worker.environment(self.environment),  # Dask leaves in ours what its workers start with
            dask.config.set(
                {
                    "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
                    "distributed.nanny.pre-spawn-environ": {
                        **worker.ENVIRONMENT,
                        **self.environment,
                    },
                    # a worker that somebody stopped is given up when it is silent for so long
                    "distributed.scheduler.worker-ttl": self.item_timeout + SILENT_SECONDS
                    if self.item_timeout
                    else None,
                }
            ),
            LocalCluster(
                host=LOOPBACK,
                # whoever reaches a scheduler can have it run anything: only who has this run's
                # certificate, which is never written to disk, is let in
                protocol="tls",
                security=Security.temporary(),
                n_workers=self.jobs,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=50,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client


def _check_versions(client: "Client", preload: Sequence[str]) -> None:
    here = worker.versions(preload)
    try:
        found = client.run(worker.versions, tuple(preload))
    except Exception as error:
        raise StepError(
            f"a Dask worker can't do the step's work: {type(error).__name__}: {error}"
        ) from error
    for address, there in found.items():
        if odd := [
            f"{name} {there[name]} (here {here[name]})"
            for name in here
            if there[name] != here[name]
        ]:
            raise StepError(
                f"the Dask worker {address} has {', '.join(odd)}; "
                "its results could differ, install the same"
            )


@dataclass(slots=True)
class _Flight:
    """An item that is with Dask."""

    item: Any
    data: bytes
    future: "Future"


@dataclass(slots=True)
class _Stream:
    """Items out and results back, in order."""

    client: "Client"
    call: worker.Call
    lost: Callable[[Any, str], Any] | None
    item_timeout: float
    flights: deque[_Flight] = field(default_factory=deque)

    def run(self, items: Iterable[Any]) -> Iterator[Any]:
        room = 0
        for index, item in enumerate(items):
            if index % LOOK_EVERY == 0:
                room = IN_FLIGHT * max(1, sum(self.client.nthreads().values()))
            self.flights.append(self._send(item, pickle.dumps(item)))
            while len(self.flights) >= room:
                yield self._land(self.flights.popleft())
        while self.flights:
            yield self._land(self.flights.popleft())

    def _send(self, item: Any, data: bytes) -> _Flight:
        given = (self.call, data, self.item_timeout)
        return _Flight(item, data, self.client.submit(worker.answer_in_time, *given, pure=False))

    def _land(self, flight: _Flight) -> Any:
        """Wait for an item's answer.

        If workers died, try it again with nothing beside it to be suspected.
        """
        from distributed.scheduler import KilledWorker

        try:
            try:
                answer = flight.future.result()
            except KilledWorker:
                for other in self.flights:
                    other.future.exception()  # waits until it has ended, well or not
                flight = self._send(flight.item, flight.data)
                answer = flight.future.result()
        except KilledWorker as error:
            reason = "a Dask worker process died each time"
            if self.item_timeout:
                reason += f", or was at work for more than {self.item_timeout:g} s (--item-timeout)"
            if self.lost is None:
                raise StepError(f"{reason} on {flight.item}") from error
            return self.lost(flight.item, reason)
        except Exception as error:  # not the function's: worker.answer keeps those
            raise StepError(f"Dask failed: {type(error).__name__}: {error}") from error
        return worker.unpack(*pickle.loads(answer))
