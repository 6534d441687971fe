"""Slow oracle: the joint distribution by enumeration. Small networks only."""

from collections.abc import Mapping, Sequence

import numpy as np

from fascinet.model.network import Network

Joint = np.ndarray


def joint(network: Network) -> Joint:
    """Return P over all variables, one axis a variable in network order."""
    order = network.variables
    total = np.ones([len(network.states(v)) for v in order])
    for v in order:
        axes = [order.index(u) for u in (*network.parents(v), v)]
        table = np.transpose(network.cpt(v), np.argsort(axes))
        shape = [1] * len(order)
        for axis in axes:
            shape[axis] = len(network.states(order[axis]))
        total = total * table.reshape(shape)
    return total


def weigh(
    network: Network,
    hard: Mapping[str, str],
    soft: Mapping[str, Sequence[float]] | None = None,
) -> Joint:
    """Return P(all variables, evidence): the joint times each finding's likelihood."""
    table = joint(network)
    order = network.variables
    likelihoods = {
        v: np.eye(len(network.states(v)))[network.states(v).index(s)] for v, s in hard.items()
    }
    likelihoods |= {v: np.asarray(x, float) for v, x in (soft or {}).items()}
    for v, likelihood in likelihoods.items():
        shape = [1] * len(order)
        shape[order.index(v)] = -1
        table = table * likelihood.reshape(shape)
    return table


def posteriors(
    network: Network,
    hard: Mapping[str, str],
    soft: Mapping[str, Sequence[float]] | None = None,
) -> tuple[dict[str, np.ndarray], float]:
    """Return every posterior marginal and P(evidence)."""
    table = weigh(network, hard, soft)
    total = float(table.sum())
    axes = range(table.ndim)
    marginals = {
        v: table.sum(axis=tuple(a for a in axes if a != i)) / total
        for i, v in enumerate(network.variables)
    }
    return marginals, total
