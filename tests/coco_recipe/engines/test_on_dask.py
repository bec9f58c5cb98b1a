"""A Dask cluster gives what local workers give, and names the item at fault."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from raising import raise_kind

from coco_recipe.engines import engine
from coco_recipe.errors import StepError


def _signal_at_bad(number: int, *, code: int) -> int:
    if number == BAD:
        os.kill(os.getpid(), code)
    return number


BAD = 7


def _double(number: int) -> int:
    return 2 * number


def _summary(number: int) -> dict[str, Any]:
    return {"number": number, "square": number**2}


@pytest.mark.slow
def test_dask_gives_what_local_workers_give_and_names_the_item_at_fault() -> None:
    pytest.importorskip("distributed")
    pytest.importorskip("cryptography")
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(30):
            taken += 1
            yield number

    results = engine.dask(None, 2).map(_summary, items())
    first = next(results)
    assert taken <= 10
    assert [first, *results] == list(engine.local(2).map(_summary, range(30)))
    with pytest.raises(ValueError, match="it is bad"):
        list(engine.dask(None, 2).map(raise_kind, ["ValueError"]))


@pytest.mark.slow
def test_dask_loses_the_item_that_ends_its_workers_and_does_the_others() -> None:
    pytest.importorskip("distributed")
    pytest.importorskip("cryptography")
    results = list(
        engine.dask(None, 2).map(
            partial(_signal_at_bad, code=signal.SIGKILL), range(20), lambda item, reason: -item
        )
    )
    assert results == [*range(BAD), -BAD, *range(BAD + 1, 20)]


def _pretend_another_numpy() -> None:
    import numpy as np

    np.__version__ = "0.1"


@pytest.mark.slow
def test_a_scheduler_that_is_already_there_does_the_work() -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        there = engine.parse(f"dask://{address}", 1)
        assert list(there.map(_double, range(20), preload=("numpy",))) == list(range(0, 40, 2))
        with distributed.Client(cluster) as client:
            client.run(_pretend_another_numpy)
        with pytest.raises(
            StepError,
            match=r"the Dask worker .* has numpy 0\.1 \(here [\d.]+\); its results could differ",
        ):
            list(there.map(_double, range(20), preload=("numpy",)))


@pytest.mark.slow
def test_the_cluster_of_a_run_listens_on_loopback_and_lets_no_stranger_in() -> None:
    distributed = pytest.importorskip("distributed")
    pytest.importorskip("cryptography")
    from coco_recipe.engines.on_dask import Dask

    with Dask(None, 1)._client() as client:
        addresses = [client.scheduler.address, *client.scheduler_info()["workers"]]
        assert len(addresses) == 2
        assert {address.rpartition(":")[0] for address in addresses} == {"tls://127.0.0.1"}
        place = client.scheduler.address.removeprefix("tls://")
        for stranger in (f"tcp://{place}", f"tls://{place}"):
            other = distributed.Security.temporary() if stranger.startswith("tls") else None
            with pytest.raises(OSError):
                distributed.Client(stranger, security=other, timeout=2, set_as_default=False)
