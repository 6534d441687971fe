"""The shipped knowledge base and its network, built once per process."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fascinet.model.disk_cache import remember
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge


@lru_cache(maxsize=1)
def shipped_knowledge() -> "Knowledge":
    """Return the shipped knowledge base."""
    return _shipped()[0]


@lru_cache(maxsize=1)
def shipped_network() -> Network:
    """Return the shipped network."""
    return _shipped()[1]


@lru_cache(maxsize=1)
def _shipped() -> "tuple[Knowledge, Network]":
    return remember("shipped", _build)


def _build() -> "tuple[Knowledge, Network]":
    from fascinet.model.build import build_network
    from fascinet.model.load import load_knowledge

    knowledge = load_knowledge()
    return knowledge, build_network(knowledge)


def load(path: str | Path | None = None) -> Network:
    """Return the shipped network, or read one from a file.

    Parameters
    ----------
    path : path, optional
        A network file; the suffix names the format (.bif, .xmlbif, .net, .uai, .xdsl, .json,
        each also with .gz).

    Examples
    --------
    >>> import fascinet as fn
    >>> network = fn.load()
    >>> network.states("weakness")
    ('none', 'subjective', 'objective')
    """
    if path is None:
        return shipped_network()
    from fascinet.model.formats import read

    return read(path)
