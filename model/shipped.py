"""The shipped knowledge base and its network, built once per process."""

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fascinet.model.digest import Digest, digest_of
from fascinet.model.disk_cache import remember
from fascinet.model.errors import OptionError
from fascinet.model.foreign import refusal
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge

SETTING = "setting"


@lru_cache(maxsize=1)
def shipped_knowledge() -> "Knowledge":
    """Return the shipped knowledge base."""
    from fascinet.model.load import load_knowledge

    return remember("knowledge", load_knowledge)


@lru_cache(maxsize=1)
def shipped_digest() -> Digest:
    """Return what a diagnosis needs of the shipped knowledge base."""
    return remember("digest", lambda: digest_of(shipped_knowledge()))


@lru_cache(maxsize=1)
def shipped_network() -> Network:
    """Return the shipped network."""
    return remember("network", _build)


def _build() -> Network:
    from fascinet.model.build import build_network

    return build_network(shipped_knowledge())


def load(
    path: str | Path | None = None, *, setting: str | None = None, encoding: str | None = None
) -> Network:
    """Return the shipped network, or read one from a file.

    Parameters
    ----------
    path : path, optional
        A network file; the suffix names the format (.bif, .xmlbif, .net, .uai, .xdsl, .json,
        each also with .gz).
    setting : str, optional
        Where the person is seen; the network then answers for that setting, as `diagnose` does.
        Without it, a setting is evidence like any other, and an answer without it is an average
        over settings, with a warning.
    encoding : str, optional
        Of the file's text ("latin-1", "cp1252"); by default UTF-8, or what the file itself says.

    Raises
    ------
    FormatError, OptionError

    Examples
    --------
    >>> import fascinet as fn
    >>> network = fn.load()
    >>> network.states("weakness")
    ('none', 'subjective', 'objective')
    >>> fn.load(setting="primary_care").cpt("setting").tolist()
    [0.0, 1.0, 0.0]
    """
    if path is not None and not isinstance(path, str | os.PathLike):  # pyright: ignore
        raise refusal("the path of a network file", path)
    if path is None:
        return shipped_network() if setting is None else _in_setting(setting)
    from fascinet.model.formats import read

    network = read(path, encoding)
    return network if setting is None else in_setting(network, setting)


@lru_cache(maxsize=8)
def _in_setting(setting: str) -> Network:
    return in_setting(shipped_network(), setting)


def in_setting(network: Network, setting: str) -> Network:
    """Return a network that answers for one setting.

    Raises
    ------
    OptionError
        If it has no such setting.
    """
    known = network.states(SETTING) if SETTING in network.index else ()
    if setting not in known:
        raise OptionError(SETTING, setting, known)
    return network.do({SETTING: setting})
