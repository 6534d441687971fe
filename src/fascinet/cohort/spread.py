"""Blocks of a cohort on the workers of a dask scheduler, in the order they came."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from fascinet.cohort.run import in_order
from fascinet.cohort.tables import Table
from fascinet.cohort.work import Done, Job, Worker
from fascinet.model.errors import FascinetError, FormatError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 5  # seconds
AHEAD = 3  # blocks under way for each thread of the workers
WORKERS: dict[str, Worker] = {}
"""Of this process, by the name of the job: each keeps one engine, with its programs."""


def answer(table: Table, name: str) -> Done:
    """Return the answers to one block (run by a worker)."""
    return WORKERS[name].answer(table)


def spread(job: Job, where: "str | Client", key: str, blocks: Iterator[Table]) -> Iterator[Done]:
    """Yield the answers to each block, computed by the workers of a scheduler.

    The job is sent once to each worker, and to each that comes later; a block whose worker dies is
    answered by another.

    Parameters
    ----------
    where : str or Client
        The scheduler's address, or a client of it.

    Raises
    ------
    FormatError
        If dask is not installed.
    FascinetError
        If the scheduler cannot be reached or has no workers, or a worker fails.
    """
    client = connect(where) if isinstance(where, str) else where
    address = where if isinstance(where, str) else str(client.scheduler.address)  # pyright: ignore
    name = f"fascinet-{key[:16]}"
    with closing(client) if isinstance(where, str) else nullcontext(client):
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise FascinetError(f"--scheduler {address}: it has no workers")
        threads = sum(w["nthreads"] for w in workers.values())
        try:
            client.register_plugin(plugin(job, name), name=name)
            submit: Any = partial(client.submit, answer, name=name, pure=False)
            yield from in_order(submit, blocks, AHEAD * threads)
        except FascinetError:
            raise
        except GeneratorExit:
            raise
        except Exception as error:  # whatever a worker met; it must have fascinet installed
            first = str(error).partition("\n")[0]
            raise FascinetError(
                f"--scheduler {address}: a worker failed: {type(error).__name__}: {first}"
            ) from None
        finally:
            if client.status == "running":
                client.unregister_worker_plugin(name)


def plugin(job: Job, name: str) -> Any:
    """Return what prepares every worker, those that come later too."""
    from distributed import WorkerPlugin

    class Prepared(WorkerPlugin):
        def setup(self, worker: Any) -> None:
            from fascinet.cohort import spread as here

            here.WORKERS[name] = Worker(job, threads=1)

        def teardown(self, worker: Any) -> None:
            from fascinet.cohort import spread as here

            here.WORKERS.pop(name, None)

    return Prepared()


def connect(address: str) -> Any:
    """Return a client of the scheduler."""
    try:
        from distributed import Client, rpc
    except ImportError:
        raise FormatError("dask is not installed: pip install 'fascinet[cluster]'") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)

    async def greet() -> None:
        async with rpc(address) as scheduler:
            await scheduler.identity()

    try:
        # the client's own timeout does not cover its greeting: a port that never answers hangs it
        asyncio.run(asyncio.wait_for(greet(), PATIENCE))
        return Client(address, timeout=PATIENCE)
    except TimeoutError:
        raise FascinetError(
            f"--scheduler {address}: cannot be reached: no answer in {PATIENCE} s"
        ) from None
    except Exception as error:  # whatever is said there may be no dask at all
        first = str(error).partition("\n")[0] or type(error).__name__
        raise FascinetError(f"--scheduler {address}: cannot be reached: {first}") from None
