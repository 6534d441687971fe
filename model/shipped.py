"""The shipped knowledge base and its network, made once per process.

What set-up laid out is read where it fits (`fascinet.model.prebuilt`), else the YAML files.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fascinet.model.arguments import text_of
from fascinet.model.digest import FACTS, Digest, digest_of
from fascinet.model.errors import ArgumentError, OptionError
from fascinet.model.foreign import refusal
from fascinet.model.gates import KINDS as GATES
from fascinet.model.network import Network
from fascinet.model.prebuilt import prebuilt

if TYPE_CHECKING:
    from fascinet.model.formats.continuous import Cuts
    from fascinet.model.schema import Knowledge

SETTING = "setting"


@lru_cache(maxsize=1)
def shipped_knowledge() -> "Knowledge":
    """Return the shipped knowledge base."""
    from fascinet.model.load import load_knowledge
    from fascinet.model.schema import Knowledge

    raw = prebuilt("knowledge")
    return load_knowledge() if raw is None else Knowledge.model_validate(raw)


@lru_cache(maxsize=1)
def shipped_digest() -> Digest:
    """Return what a diagnosis needs of the shipped knowledge base."""
    found = prebuilt("digest", FACTS)
    return digest_of(shipped_knowledge()) if found is None else found


@lru_cache(maxsize=1)
def shipped_network() -> Network:
    """Return the shipped network."""
    parts = prebuilt("network", GATES.values())
    return _build() if parts is None else Network(**parts)


def _build() -> Network:
    from fascinet.model.build import build_network

    return build_network(shipped_knowledge())


def load(
    path: str | Path | None = None, *, setting: str | None = None, encoding: str | None = None,
    cuts: "Cuts | None" = None,
) -> Network:  # fmt: skip
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
    cuts : mapping of name to increasing numbers, or to a number of quantiles, optional
        Where continuous nodes of a HUGIN or GeNIe file are cut into states; a warning says what
        that loses.

    Raises
    ------
    FormatError, OptionError

    Examples
    --------
    >>> import fascinet as fn
    >>> network = fn.load()
    >>> network.states("als")
    ('no', 'yes')
    >>> fn.load(setting="primary_care").cpt("setting").tolist()
    [0.0, 1.0, 0.0]
    """
    if setting is not None:
        text_of("setting", setting)
    if path is not None and not isinstance(path, str | os.PathLike):  # pyright: ignore
        raise refusal("the path of a network file", path)
    if path is None:
        if cuts is not None:
            raise ArgumentError("cuts", "a file with continuous nodes beside it", "none")
        return shipped_network() if setting is None else _in_setting(setting)
    from fascinet.model.formats import read

    network = read(path, encoding, cuts)
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
