"""What readers of influence diagrams return, and what they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from fascinet.model.diagram import SuperValue, Utility
from fascinet.model.errors import FormatError
from fascinet.model.formats.xmltree import Node
from fascinet.model.gates import Array
from fascinet.model.network import Network

LIMITED = "fascinet_limited"
"""The attribute that says of a diagram that it is a LIMID."""


@dataclass(frozen=True)
class Parts:
    """What a file says of a diagram, before it is checked as one."""

    network: Network
    decisions: Mapping[str, Sequence[str]]
    utilities: Mapping[str, Utility | SuperValue]
    limited: bool = False


def fail(file: str, node: Node, message: str) -> NoReturn:
    """Raise `FormatError` with the line of an element."""
    raise FormatError(f"{file}:{node.line}: {message}")


def numbers(file: str, node: Node, words: list[str], shape: tuple[int, ...], name: str) -> Array:
    """Return the numbers of a utility in a shape, the last axis fastest."""
    try:
        values = np.array([float(w) for w in words])
    except ValueError as error:
        fail(file, node, f"utility {name!r}: expected numbers: {error}")
    if values.size != int(np.prod(shape)):
        fail(file, node, f"utility {name!r}: expected {np.prod(shape)} numbers, got {values.size}")
    return values.reshape(shape)


def cards(file: str, node: Node, network: Network, parents: list[str]) -> tuple[int, ...]:
    """Return the number of states of a utility's parents."""
    unknown = [u for u in parents if u not in network.index]
    if unknown:
        fail(file, node, f"unknown parent {unknown[0]!r} of a utility")
    return tuple(len(network.states(u)) for u in parents)


def terms_by_name(
    utilities: Mapping[str, Utility | SuperValue], terms: Sequence[Utility]
) -> "dict[str, Utility]":
    """Return the tables that add up under names of their own: as they are called where they can."""
    names = {id(u): k for k, u in utilities.items()}
    spare = (f"utility_{k}" for k in range(1, len(terms) + len(utilities) + 1))
    free = (k for k in spare if k not in utilities)
    return {names.get(id(t)) or next(free): t for t in terms}
