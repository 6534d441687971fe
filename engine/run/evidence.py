"""Evidence by name to evidence by number: the border that names do not cross."""

from collections.abc import Mapping, Sequence

import numpy as np

from fascinet.engine.tables.request import Request
from fascinet.model.errors import EvidenceError, UnknownStateError
from fascinet.model.gates import Array
from fascinet.model.network import Network

Hard = Mapping[str, str]
Soft = Mapping[str, Mapping[str, float] | Sequence[float]]


def likelihood(
    network: Network, variable: str, given: Mapping[str, float] | Sequence[float]
) -> Array:
    """Return a likelihood vector in state order.

    Raises
    ------
    EvidenceError
        If a state is missing, a number negative or not finite, or all are zero.
    """
    states = network.states(variable)
    if isinstance(given, Mapping):
        for s in given:
            network.state_index(variable, s)
        missing = [s for s in states if s not in given]
        if missing:
            raise EvidenceError(
                f"soft evidence on {variable!r}: expected a likelihood for each state, "
                f"missing {', '.join(missing)}"
            )
        given = [given[s] for s in states]
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise EvidenceError(
            f"soft evidence on {variable!r}: expected numbers, got {given}"
        ) from None
    if values.shape != (len(states),):
        raise EvidenceError(
            f"soft evidence on {variable!r}: expected {len(states)} likelihoods, got {values.size}"
        )
    if not (values.min() >= 0.0 and 0.0 < values.max() < np.inf):  # false for NaN, too
        raise EvidenceError(
            f"soft evidence on {variable!r}: expected finite likelihoods of at least 0, "
            f"not all 0, got {values.tolist()}"
        )
    return values


def read_request(
    network: Network, evidence: Hard | None, soft: Soft | None, do: Hard | None
) -> Request:
    """Return a case by number, every name and number checked.

    Raises
    ------
    UnknownVariableError, UnknownStateError, EvidenceError
    """
    evidence, soft, do = evidence or {}, soft or {}, do or {}
    for one, two in ((evidence, soft), (evidence, do), (soft, do)):
        twice = [v for v in two if v in one]
        if twice:
            raise EvidenceError(f"{twice[0]!r} is given twice among evidence, soft and do")
    states: dict[int, int] = {}
    for v, s in (*evidence.items(), *do.items()):
        network.check(v)
        if not isinstance(s, str):  # pyright: ignore[reportUnnecessaryIsInstance]  (callers err)
            raise UnknownStateError(v, s, network.states(v))
        states[network.index[v]] = network.state_index(v, s)
    likelihoods: dict[int, Array] = {}
    for v, given in soft.items():
        network.check(v)
        likelihoods[network.index[v]] = likelihood(network, v, given)
    cut = frozenset(network.index[v] for v in do)
    return Request(states, likelihoods, cut)
