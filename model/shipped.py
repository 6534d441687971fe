"""The shipped knowledge base and its network, built once per process."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fascinet.model.digest import Digest, digest_of
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge


@lru_cache(maxsize=1)
def shipped_knowledge() -> "Knowledge":
    """Return the shipped knowledge base."""
    from fascinet.model.load import load_knowledge

    return load_knowledge()


@lru_cache(maxsize=1)
def shipped_digest() -> Digest:
    """Return what a diagnosis needs of the shipped knowledge base."""
    return digest_of(shipped_knowledge())


@lru_cache(maxsize=1)
def shipped_network() -> Network:
    """Return the shipped network."""
    return _build()


def _build() -> Network:
    from fascinet.model.build import build_network

    return build_network(shipped_knowledge())


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
