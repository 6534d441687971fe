"""Rows of probabilities with their ranges, and the gates that rows make up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from fascinet.model.errors import NetworkError
from fascinet.model.gates import Array, Gate, NoisyMax, Table
from fascinet.model.schema import Figure, Spread

SPREAD_Z = 1.96
COARSE_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Ranged:
    """A gate, and the low and high ends of its parameters (NaN: no range), gate-shaped."""

    gate: Gate
    low: tuple[Array, ...]
    high: tuple[Array, ...]


def exact(gate: NoisyMax) -> Ranged:
    """Return a gate without noise: each parameter is its own range."""
    arrays = (*gate.links, gate.leak)
    return Ranged(gate, arrays, arrays)


@dataclass(frozen=True, eq=False)
class Row:
    """One distribution with the ranges of its entries."""

    p: Array
    low: Array
    high: Array

    def as_table(self) -> Ranged:
        """Return the gate of a variable without parents."""
        return Ranged(Table(self.p), (self.low,), (self.high,))


def state_row(link: Mapping[str, Figure], states: Sequence[str], normal: str | None = None) -> Row:
    """Return the distribution that a link describes; what it leaves goes to the resting state.

    Raises
    ------
    NetworkError
        If the link names a state that is none; `fascinet check` says where.
    """
    unknown = [state for state in link if state not in states]
    if unknown:
        raise NetworkError(f"expected the states {', '.join(states)}, got {unknown[0]!r}")
    rest = 0 if normal is None else list(states).index(normal)
    p, low, high = (np.zeros(len(states)) for _ in range(3))
    for state, figure in link.items():
        i = list(states).index(state)
        p[i], low[i], high[i] = figure.p, *figure.range
    p[rest] = max(0.0, 1.0 - p.sum())
    low[rest] = max(0.0, 1.0 - high.sum())
    high[rest] = 1.0 - (low.sum() - low[rest])
    if not link:
        low[:] = high[:] = np.nan
    return Row(p, low, high)


def coarsened(row: Row, states: Sequence[str], coarse: Mapping[str, Sequence[str]]) -> Row:
    """Return the row with most of the fine states told as their coarse one.

    P(coarse | cause) is then proportional to P(any of its states | cause), whatever the cause:
    being told less than the fine state never speaks against what makes it.
    """
    parts = [row.p.copy(), row.low.copy(), row.high.copy()]
    for state, of in coarse.items():
        to, fine = list(states).index(state), [list(states).index(s) for s in of]
        for part in parts:
            part[to] = COARSE_SHARE * part[fine].sum()
            part[fine] *= 1.0 - COARSE_SHARE
    return Row(*parts)


def spread_row(spread: Spread, states: Sequence[str]) -> Row:
    """Return a distribution with the normal approximation of its Dirichlet's 95% ranges."""
    p = np.array([spread.p.get(s, 0.0) for s in states])
    half = SPREAD_Z * np.sqrt(p * (1.0 - p) / (spread.weight + 1.0))
    return Row(p, np.clip(p - half, 0.0, 1.0), np.clip(p + half, 0.0, 1.0))


def stack(links: Sequence[Sequence[Row]], leak: Row) -> Ranged:
    """Return a noisy-MAX: one list of rows a parent, one row a parent's state."""

    def arrays(part: str) -> tuple[Array, ...]:
        made = [np.stack([getattr(row, part) for row in rows]) for rows in links]
        return (*made, getattr(leak, part))

    gate = NoisyMax(tuple(np.stack([row.p for row in rows]) for rows in links), leak.p)
    return Ranged(gate, arrays("low"), arrays("high"))


def mixture(links: Sequence[Sequence[Row]], leak: Row) -> Ranged:
    """Return a table: the mean of what the active parents' links say, the leak where none is."""
    cards = [len(rows) for rows in links]
    out = {part: np.zeros((*cards, len(leak.p))) for part in ("p", "low", "high")}
    for config in product(*(range(c) for c in cards)):
        chosen = [rows[s] for rows, s in zip(links, config, strict=True)]
        # a row without a figure is a resting parent
        active = [row for row in chosen if not np.isnan(row.low).any()] or [leak]
        for part, array in out.items():
            array[config] = np.mean([getattr(row, part) for row in active], axis=0)
    return Ranged(Table(out["p"]), (out["low"],), (out["high"],))
