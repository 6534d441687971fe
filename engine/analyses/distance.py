"""How far apart two versions of a network are.

Chan–Darwiche   D = ln max_x P'(x)/P(x) - ln min_x P'(x)/P(x). It bounds every answer: the odds of
                anything given anything change at most by the factor e^D (Chan & Darwiche 2005,
                "A distance measure for bounding probabilistic belief change", IJAR 38). For a
                change of one row it is the same formula on that row.
Kullback–Leibler  KL = Σ_v Σ_u P(u) Σ_x P(x | u) ln P(x | u)/P'(x | u).
"""

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.access import log_probs, vectors_of
from fascinet.engine.analyses.results import Array
from fascinet.model.errors import NetworkError
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


def cd_distance(old: Network, new: Network) -> float:
    """Return the Chan–Darwiche distance of two networks of one structure.

    Exact if they differ in one variable's table and every configuration of its parents is
    possible; else the sum over variables, an upper bound.

    Raises
    ------
    NetworkError
        If the structures differ.
    """
    return float(sum(_table_distance(old, new, v) for v in changed_variables(old, new)))


def changed_variables(old: Network, new: Network) -> tuple[str, ...]:
    """Return the variables whose tables differ, or raise if the structures do."""
    if old.variables != new.variables:
        raise NetworkError("expected two networks over the same variables")
    for v in old.variables:
        if old.parents(v) != new.parents(v) or old.states(v) != new.states(v):
            raise NetworkError(f"variable {v!r}: expected the same parents and states in both")
    return tuple(v for v in old.variables if not np.array_equal(old.cpt(v), new.cpt(v)))


def _table_distance(old: Network, new: Network, v: str) -> float:
    states = len(old.states(v))
    rows = zip(old.cpt(v).reshape(-1, states), new.cpt(v).reshape(-1, states), strict=True)
    highest, lowest = 0.0, 0.0
    for a, b in rows:
        if ((a > 0) != (b > 0)).any():
            return float("inf")
        ratio = np.log(b[a > 0]) - np.log(a[a > 0])
        highest, lowest = max(highest, float(ratio.max())), min(lowest, float(ratio.min()))
    return highest - lowest


def bound_on_change(posterior: float, distance: float) -> tuple[float, float]:
    """Return the least and the most that a probability can become after a change of distance D.

    p e^-D / (p (e^-D - 1) + 1) ≤ p' ≤ p e^D / (p (e^D - 1) + 1)
    """
    low, high = np.exp(-distance), np.exp(min(distance, 700.0))
    return (
        float(posterior * low / (posterior * (low - 1.0) + 1.0)),
        float(posterior * high / (posterior * (high - 1.0) + 1.0)),
    )


def kl_divergence(engine: "Engine", new: Network) -> float:
    """Return KL(engine's network, new) in nats; ∞ where the new one forbids what the old allows."""
    old, total = engine.network, 0.0
    for v in changed_variables(old, new):
        states = len(old.states(v))
        a, b = (n.cpt(v).reshape(-1, states) for n in (old, new))
        weight = _configurations(engine, v)
        live = (a > 0) & (weight[:, None] > 0)
        if (live & (b <= 0)).any():
            return float("inf")
        safe_a, safe_b = np.where(live, a, 1.0), np.where(live, b, 1.0)
        total += float((weight[:, None] * a * np.log(safe_a / safe_b))[live].sum())
    return total


def _configurations(engine: "Engine", v: str) -> Array:
    """Return P(u) of every configuration of the parents of `v`."""
    network = engine.network
    parents = network.parents(v)
    cases = [
        vectors_of(network, dict(zip(parents, config, strict=True)))
        for config in product(*(network.states(u) for u in parents))
    ]
    return np.exp(log_probs(engine, cases))


def diameter(network: Network, v: str) -> float:
    """Return the largest total variation between two rows of P(v | parents), 0 to 1.

    0: the parents do not matter; 1: they can decide (Leonelli, Smith & Wright 2024,
    arXiv:2407.04667).
    """
    rows = network.cpt(v).reshape(-1, len(network.states(v)))
    rows = np.unique(rows, axis=0)
    return float(max((np.abs(rows - row).sum(axis=1).max() / 2.0 for row in rows), default=0.0))


def edge_influence(network: Network, parent: str, child: str) -> float:
    """Return the largest total variation that the parent alone can make, the others held."""
    axis = network.parents(child).index(network.check(parent))
    table = np.moveaxis(network.cpt(child), axis, 0)
    gaps = [np.abs(table - row).sum(axis=-1).max() / 2.0 for row in table]
    return float(max(gaps, default=0.0))
