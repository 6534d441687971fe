"""Cited ranges of parameters, and the Beta and Dirichlet distributions that they stand for.

`Network.meta[v]["ranges"]`, where present, holds two tuples of arrays shaped like the gate's
parameters: the low and the high ends of each, NaN where no range is cited.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from fascinet.engine.analyses.parameters import Parameters, gate_figures
from fascinet.engine.analyses.results import Array, frozen
from fascinet.model.arguments import interval_of, mapping_of


@lru_cache(maxsize=8)
def cited_ranges(figures: Parameters) -> tuple[Array, Array]:
    """Return low and high of every parameter, NaN where the network cites no range."""
    network = figures.network
    low, high = (np.full(figures.values.shape, np.nan) for _ in range(2))
    at = 0
    for v in network.variables:
        size = sum(a.size for a in gate_figures(network.gate(v)))
        cited = network.meta.get(v, {}).get("ranges")
        if cited is not None and size:
            for out, arrays in zip((low, high), cited, strict=True):
                out[at : at + size] = np.concatenate([np.ravel(x) for x in arrays])
        at += size
    return frozen(low), frozen(high)


def ranges_of(
    figures: Parameters, given: Mapping[int, tuple[float, float]] | None = None
) -> tuple[Array, Array]:
    """Return low and high of every parameter: given, else cited.

    Where neither is there: 0 and 1 in a network that cites nothing; NaN in one that cites ranges,
    since what it does not cite is part of its structure (no leak, no link), not an uncertain
    figure.
    """
    low, high = cited_ranges(figures)
    blank = np.isnan(low).all()
    if given is not None and mapping_of("ranges", given, "parameter index to (low, high)"):
        low, high = low.copy(), high.copy()
        for index, bounds in given.items():
            low[index], high[index] = interval_of(f"range of {index}", bounds)
    if blank:
        low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), 1.0, high)
    return low, high
