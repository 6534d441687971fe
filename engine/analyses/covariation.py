"""Co-variation: how the rest of a row gives way when one of its entries moves.

Three schemes. All keep the row a distribution; all reduce to the same thing for two states.

`proportional`       the others keep their ratios (Laskey 1995); the only one that minimises the
                     Chan–Darwiche distance (Chan & Darwiche 2005, "A distance measure for bounding
                     probabilistic belief change", IJAR 38).
`uniform`            the others share the change equally.
`order_preserving`   the order of the row's entries never changes, after Renooij (2014,
                     doi:10.1016/j.ijar.2014.02.009): a straight line to the last row with that
                     order, so t is bounded.
"""

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Array
from fascinet.engine.analyses.scratch import scratch
from fascinet.model.errors import ArgumentError, OptionError

SCHEMES = ("proportional", "uniform", "order_preserving")


def check_scheme(scheme: str) -> str:
    """Return `scheme`, or raise `OptionError` with the nearest one."""
    if scheme not in SCHEMES:
        raise OptionError("co-variation scheme", scheme, SCHEMES)
    return scheme


def vary(row: Array, entry: int, value: float, scheme: str = "proportional") -> Array:
    """Return the row with `row[entry] = value`, the others moved by the scheme.

    Raises
    ------
    OptionError
        For an unknown scheme, or a value outside `bounds(row, entry, scheme)`.
    """
    low, high = bounds(row, entry, check_scheme(scheme))
    if not low - 1e-12 <= value <= high + 1e-12:
        raise ArgumentError("parameter value", f"{low:.6g} to {high:.6g}", value)
    value = min(max(value, low), high)
    if scheme == "order_preserving":
        out = _order_preserving(row, entry, value)
    else:
        out = row + (value - row[entry]) * direction(row, entry, scheme)
        out[entry] = value
    return np.maximum(out, 0.0)  # rounding may leave -1e-16 of what becomes zero


def direction(row: Array, entry: int, scheme: str = "proportional") -> Array:
    """Return d with d[entry] = 1 and sum zero: the row at t is row + (t - row[entry]) d.

    A row whose entry is 1 leaves the others no ratios to keep: they share equally.
    """
    others = np.delete(np.arange(row.size), entry)
    rest = row[others].sum()
    d = np.zeros(row.size)
    d[entry] = 1.0
    even = scheme == "uniform" or rest <= 0.0
    d[others] = -1.0 / max(others.size, 1) if even else -row[others] / rest
    return d


def bounds(row: Array, entry: int, scheme: str = "proportional") -> tuple[float, float]:
    """Return the smallest and the largest value that the entry can take under the scheme."""
    if scheme == "uniform":
        others = np.delete(row, entry)
        return 0.0, float(row[entry] + others.size * others.min(initial=1.0))
    if scheme == "order_preserving":
        low, high = _ends(row, entry)
        return float(low[entry]), float(high[entry])
    return 0.0, 1.0


def _ends(row: Array, entry: int) -> tuple[Array, Array]:
    """Return the last rows, down and up, in which the order of the entries is kept."""
    rank = np.lexsort((np.arange(row.size), row))
    place = int(np.flatnonzero(rank == entry)[0])
    above = rank[place + 1 :]
    low = np.zeros(row.size)
    if above.size:
        low[above] = row[above] / row[above].sum()
    else:
        low[:] = 1.0 / row.size
    high = np.zeros(row.size)
    high[rank[place:]] = 1.0 / (row.size - place)
    return low, high


def _order_preserving(row: Array, entry: int, value: float) -> Array:
    low, high = _ends(row, entry)
    end = high if value >= row[entry] else low
    span = end[entry] - row[entry]
    return row.copy() if span == 0.0 else row + (value - row[entry]) / span * (end - row)


def slopes(
    gradient: Array, values: Array, row: NDArray[np.int64], out: Array | None = None
) -> Array:
    """Return the derivative along proportional co-variation, for every parameter at once.

    Parameters
    ----------
    gradient : array, shape (…, P)
        Plain derivatives by every parameter.
    values, row : arrays, shape (P,)
        The parameters and the row that each belongs to.
    out : array, shape (…, P), optional
        Where to write the result.

    Returns
    -------
    array, shape (…, P)
        g_j - Σ_{k≠j} g_k θ_k / (1 - θ_j); where θ_j = 1 the others share equally.
    """
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    products = np.multiply(gradient, values, out=scratch("products", *gradient.shape))
    rest = np.add.reduceat(values, starts)[row] - values
    held = rest > 1e-15
    sums = np.add.reduceat(products, starts, axis=-1)
    others = np.take(sums, row, axis=-1, out=scratch("others", *gradient.shape), mode="clip")
    others -= products
    others /= np.where(held, rest, 1.0)
    lone = np.flatnonzero(~held)
    if lone.size:
        width = np.diff(np.append(starts, row.size))[row[lone]]
        plain = np.add.reduceat(gradient, starts, axis=-1)[..., row[lone]]
        others[..., lone] = (plain - gradient[..., lone]) / np.maximum(width - 1, 1)
    return np.subtract(gradient, others, out=out)
