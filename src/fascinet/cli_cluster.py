"""Blocks of a cohort on the workers of a dask scheduler, in the order they came."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import FascinetError, FormatError
from fascinet.model.network import Network

if TYPE_CHECKING:
    import pandas as pd

PATIENCE = 5  # seconds
ENGINES: dict[str, Engine] = {}
"""Kept by a worker from block to block: one engine, with its programs, for each network."""


def answer(block: "pd.DataFrame", network: Network, targets: Sequence[str] | None) -> Any:
    """Return the posteriors of one block (run by a worker)."""
    if network.hash not in ENGINES:
        ENGINES.clear()
        ENGINES[network.hash] = Engine(network)
    return ENGINES[network.hash].posteriors(block, targets=targets, impossible="nan")


def spread(
    network: Network, blocks: Sequence["pd.DataFrame"], targets: Sequence[str] | None, address: str
) -> Iterator[Any]:
    """Yield the posteriors of each block, computed by the workers of the scheduler at `address`.

    Raises
    ------
    FormatError
        If dask is not installed.
    FascinetError
        If the scheduler cannot be reached or has no workers, or a worker fails.
    """
    client = connect(address)
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise FascinetError(f"--scheduler {address}: it has no workers")
        there = client.scatter(network, broadcast=True)
        done = client.map(answer, blocks, network=there, targets=targets, pure=False)
        for future in done:
            try:
                yield future.result()
            except FascinetError:
                raise
            except Exception as error:  # whatever a worker met; it must have fascinet installed
                first = str(error).partition("\n")[0]
                raise FascinetError(
                    f"--scheduler {address}: a worker failed: {type(error).__name__}: {first}"
                ) from None


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
