"""Evidence by name to evidence by number: the border that names do not cross."""

import inspect
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from fascinet.engine.tables.request import Request
from fascinet.model.errors import EvidenceError, SettingWarning, kind_of, shown
from fascinet.model.gates import Array
from fascinet.model.network import Network

NONE: Mapping[str, str] = {}
State = str | bool | int  # a number or truth value stands for the state that spells it
Hard = Mapping[str, str] | Mapping[str, bool] | Mapping[str, int] | Mapping[str, State]
Likelihood = Mapping[str, float] | Sequence[float] | Array  # by state, or in state order
Soft = Mapping[str, Likelihood]


def likelihood(network: Network, variable: str, given: Likelihood) -> Array:
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
    evidence, soft, do = (
        checked("evidence", evidence), checked("soft", soft), checked("do", do)
    )  # fmt: skip
    for one, two in ((evidence, soft), (evidence, do), (soft, do)):
        twice = [v for v in two if v in one]
        if twice:
            raise EvidenceError(f"{twice[0]!r} is given twice among evidence, soft and do")
    states: dict[int, int] = {}
    for v, s in (*evidence.items(), *do.items()):
        place = network.state_index(v, s)
        states[network.index[v]] = place
    likelihoods: dict[int, Array] = {}
    for v, given in soft.items():
        network.check(v)
        likelihoods[network.index[v]] = likelihood(network, v, given)
    cut = frozenset(network.index[v] for v in do)
    return Request(states, likelihoods, cut)


def checked(name: str, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return what is given if it is a mapping, or nothing at all; else raise `EvidenceError`."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  (callers err)
        what = "likelihoods" if name == "soft" else "state"
        hint = ""
        if isinstance(given, str):
            left, _, right = given.partition("=")
            hint = f"; write {{{left.strip()!r}: {right.strip()!r}}}" if right else ""
        raise EvidenceError(
            f"{name}: expected a mapping of variable to {what}, got {kind_of(given)}{hint}"
        )
    return given


def as_text(network: Network, evidence: Hard | None) -> dict[str, str]:
    """Return hard evidence with each state as the network spells it.

    Raises
    ------
    EvidenceError, UnknownVariableError, UnknownStateError
    """
    given = checked("evidence", evidence)
    return {v: network.states(v)[network.state_index(v, s)] for v, s in given.items()}


def spelled(network: Network, evidence: Hard | None) -> dict[str, str]:
    """Return hard evidence that was checked, with each state as the network spells it."""
    return {
        v: s if isinstance(s, str) else network.states(v)[network.state_index(v, s)]
        for v, s in (evidence or NONE).items()
    }


def pairs_of(cases: object) -> list[tuple[Any, Any]]:
    """Return cases as pairs of hard and soft evidence.

    Raises
    ------
    EvidenceError
        If one is no pair.
    """
    found: list[Any] = (
        list(cast("Iterable[Any]", cases)) if isinstance(cases, Iterable) else [cases]
    )
    for case in found:
        if not isinstance(case, tuple | list) or len(cast("Sequence[Any]", case)) != 2:
            raise EvidenceError(
                f"cases: expected pairs (evidence, soft), got {shown(case)}; for a table call "
                "posteriors"
            )
    return [(e, s) for e, s in found]


def names_of(targets: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of targets, each once; a single name stands for a list of one.

    Raises
    ------
    EvidenceError
        If they are no list of names.
    """
    if isinstance(targets, str):
        return (targets,)
    try:
        return tuple(dict.fromkeys(targets))
    except TypeError:
        raise EvidenceError(
            f"targets: expected a list of variables, got {kind_of(targets)}"
        ) from None


def chosen_variables(network: Network) -> tuple[str, ...]:
    """Return the variables that one picks, and whose table is thus no frequency, while open."""
    return tuple(
        v
        for v in network.variables
        if network.meta.get(v, {}).get("picked") and network.cpt(v).max() < 1.0
    )


def warn_unset(chosen: tuple[str, ...], *given: Mapping[str, Any] | None) -> None:
    """Warn the caller of the package of what one picks and has not: the answer averages over it."""
    unset = [v for v in chosen if not any(g and v in g for g in given)]
    if unset:
        warnings.warn(
            f"{unset[0]} is not given: the answer is an average over all settings, and differs "
            f"from that of diagnose; give it as evidence, or use fascinet.load({unset[0]}=...)",
            SettingWarning,
            stacklevel=_depth(),
        )


def _depth() -> int:
    """Return how many calls up the caller of `warn_unset`'s caller is outside the package."""
    frame, depth = inspect.currentframe(), 0
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("fascinet."):
        frame, depth = frame.f_back, depth + 1
    return depth
