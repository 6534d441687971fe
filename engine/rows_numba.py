"""Sums over a clique's rows for eight leaf queries at once.

A row is one state of the separator, its columns are the states of the residual variables:

    sent[row, lane] = Σ_column P(column | row) · ∏_operands sent[place(operand, entry), lane]

where an operand is a kid's message or the links on one variable, and `places` tells for each entry
of the clique's table which row of it is met. The eight sums of a row are one vector of
`batch_vectors.py`: left to itself, LLVM would gather single lanes of several columns, at two to
three times the cost.
"""

# pyright: basic
from fascinet.engine.kernels_numba import U
from fascinet.engine.machine_code import later, njit

add, load, pointer, same, spread, store, times = later(
    "fascinet.engine.batch_vectors", "add load pointer same spread store times"
)


@njit(cache=True)
def sum_one(work, w0, rows, cols, places, m0, sent, low0):
    """Sum the rows of a clique with one operand."""
    table, buffer, place = pointer(work), pointer(sent), pointer(places)
    p, m, low = U(w0), U(m0), U(low0)
    for s in range(U(rows)):
        total = same(table, 0.0)
        for _ in range(U(cols)):
            total = add(total, times(spread(table, p), load(buffer, U(place[m]))))
            p += U(1)
            m += U(1)
        store(buffer, low + s, total)


@njit(cache=True)
def sum_two(work, w0, rows, cols, places, m0, n0, sent, low0):
    """Sum the rows of a clique with two operands."""
    table, buffer, place = pointer(work), pointer(sent), pointer(places)
    p, m, n, low = U(w0), U(m0), U(n0), U(low0)
    for s in range(U(rows)):
        total = same(table, 0.0)
        for _ in range(U(cols)):
            x = times(spread(table, p), load(buffer, U(place[m])))
            total = add(total, times(x, load(buffer, U(place[n]))))
            p += U(1)
            m += U(1)
            n += U(1)
        store(buffer, low + s, total)


@njit(cache=True)
def sum_many(work, w0, rows, cols, places, first, last, stride, sent, low0):
    """Sum the rows of a clique with three operands or more: records `first` … `last`."""
    table, buffer, place = pointer(work), pointer(sent), pointer(places)
    at, low = U(0), U(low0)
    for s in range(U(rows)):
        total = same(table, 0.0)
        for _ in range(U(cols)):
            x = spread(table, U(w0) + at)
            for k in range(first, last):
                x = times(x, load(buffer, U(place[U(place[U(stride * k)]) + at])))
            total = add(total, x)
            at += U(1)
        store(buffer, low + s, total)
