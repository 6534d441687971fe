"""Elimination orders by the compiled search."""

from collections.abc import Sequence

import numpy as np

from fascinet.engine.native_leaves import rows_of
from fascinet.engine.order import Elimination
from fascinet.engine.order_numba import eliminate


def native_eliminate(
    scopes: Sequence[Sequence[int]], cards: Sequence[int], measure: str
) -> Elimination:
    """Return the same order as `order.eliminate`, by the compiled search."""
    ptr, flat = rows_of(scopes)
    weight = np.log2(np.array(cards, dtype=np.float64))
    order, rows, work = eliminate(
        ptr, flat, len(cards), weight, measure == "fill", np.zeros(len(cards))
    )
    neighbours = tuple(int.from_bytes(row.tobytes(), "little") for row in rows)
    return Elimination(tuple(order.tolist()), neighbours, work)
