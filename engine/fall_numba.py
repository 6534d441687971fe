"""The downward pass over a warm program: separators' posteriors and marginals, roots first.

The layout is told in `ready_layout.py`. A clique's belief lives in one small buffer, only until its
children's separators and its marginals are read off it.
"""

# pyright: basic
from fascinet.engine.kernels_numba import CLIQUE, FAST, U
from fascinet.engine.machine_code import later, njit

add, first_of, high_half, high_twice, low_half, low_twice, pair, pointer = later(
    "fascinet.engine.pair_vectors",
    "add first_of high_half high_twice low_half low_twice pair pointer",
)
put, quad, same, second_of, times, word = later(
    "fascinet.engine.pair_vectors", "put quad same second_of times word"
)

RECORD = 7


@njit(cache=True)
def sum_pairs(ints, p, work, to, count, ratio):
    """Write pairs that are each the sum of `ratio` pairs of the buffer."""
    if ratio == U(4):
        for _ in range(count):
            x = add(pair(work, word(ints, p)), pair(work, word(ints, p + U(1))))
            y = add(pair(work, word(ints, p + U(2))), pair(work, word(ints, p + U(3))))
            put(work, to, add(x, y))
            p, to = p + U(4), to + U(2)
    elif ratio == U(2):
        for _ in range(count):
            put(work, to, add(pair(work, word(ints, p)), pair(work, word(ints, p + U(1)))))
            p, to = p + U(2), to + U(2)
    else:
        for _ in range(count):
            put(work, to, sum_terms(ints, p, work, ratio))
            p, to = p + ratio, to + U(2)


@njit(cache=True)
def sum_terms(ints, p, work, terms):
    """Return the sum of listed pairs."""
    x = pair(work, word(ints, p))
    if terms & U(3):
        for j in range(U(1), terms):
            x = add(x, pair(work, word(ints, p + j)))
        return x
    y, z = pair(work, word(ints, p + U(1))), pair(work, word(ints, p + U(2)))
    w = pair(work, word(ints, p + U(3)))
    for j in range(p + U(4), p + terms, U(4)):
        x = add(x, pair(work, word(ints, j)))
        y = add(y, pair(work, word(ints, j + U(1))))
        z = add(z, pair(work, word(ints, j + U(2))))
        w = add(w, pair(work, word(ints, j + U(3))))
    return add(add(x, y), add(z, w))


@njit(cache=True)
def sum_twice(ints, p, work, to, count, ratio):
    """Write numbers that are each the sum of all in `ratio` pairs of the buffer."""
    for i in range(count):
        x = sum_terms(ints, p, work, ratio)
        p += ratio
        work[to + i] = first_of(x) + second_of(x)


@njit(cache=True, fastmath=FAST)
def sum_items(ints, p, work, to, count, ratio):
    """Write numbers that are each the sum of `ratio` numbers of the buffer."""
    for i in range(count):
        x = y = 0.0
        for j in range(p, p + ratio - U(1), U(2)):
            x += work[word(ints, j)]
            y += work[word(ints, j + U(1))]
        p += ratio
        if ratio & U(1):
            x += work[word(ints, p - U(1))]
        work[to + i] = x + y


@njit(cache=True)
def believe_pairs(work, t, m, to, blocks):
    """Write the belief of a clique of pairs; return the sum of its rows."""
    total = same(0.0)
    for _ in range(blocks):
        weight = quad(work, m)
        x = times(quad(work, t), low_twice(weight))
        y = times(quad(work, t + U(4)), high_twice(weight))
        put(work, to, x)
        put(work, to + U(4), y)
        total = add(total, add(x, y))
        t, m, to = t + U(8), m + U(4), to + U(8)
    return add(low_half(total), high_half(total))


@njit(cache=True, fastmath=FAST)
def believe(work, t, m, to, rows, cols):
    """Write the belief of a clique of any shape."""
    for s in range(rows):
        x = work[m + s]
        if cols & U(3) == U(0):
            weight = same(x)
            for j in range(U(0), cols, U(4)):
                put(work, to + j, times(quad(work, t + j), weight))
        else:
            for j in range(cols):
                work[to + j] = work[t + j] * x
        t, to = t + cols, to + cols


@njit(cache=True, fastmath=FAST)
def sum_states(ints, p, work, out):
    """Write one marginal, read off a belief or a separator's posterior."""
    at, outer, card = word(ints, p), word(ints, p + U(1)), word(ints, p + U(2))
    inner, source, total = word(ints, p + U(3)), word(ints, p + U(4)), 0.0
    for s in range(card):
        d, x = source + s * inner, 0.0
        for _ in range(outer):
            for j in range(inner):
                x += work[d + j]
            d += card * inner
        out[at + s] = x
        total += x
    total = 1.0 / total
    for s in range(card):
        out[at + s] *= total


@njit(cache=True)
def fall_one(ints, p, work, to, out):
    """Read one clique's marginals and children's separators; return where the next record lies."""
    rows, cols, t = word(ints, p + U(1)), word(ints, p + U(2)), word(ints, p + U(3))
    m, marks, kids = word(ints, p + U(4)), word(ints, p + U(5)), word(ints, p + U(6))
    paired, p = word(ints, p) == U(1), p + U(RECORD)
    if paired:
        both = believe_pairs(work, t, m, to, (rows + U(3)) >> U(2))
        if marks:
            x, y, at = first_of(both), second_of(both), word(ints, p)
            out[at], out[at + U(1)] = x / (x + y), y / (x + y)
            marks, p = U(0), p + U(1)
    else:
        believe(work, t, m, to, rows, cols)
    for _ in range(kids):
        mode, low = word(ints, p), word(ints, p + U(1))
        count, ratio, p = word(ints, p + U(2)), word(ints, p + U(3)), p + U(4)
        if mode == U(1):
            sum_pairs(ints, p, work, low, count, ratio)
        elif mode == U(0):
            sum_twice(ints, p, work, low, count, ratio)
        else:
            sum_items(ints, p, work, low, count, ratio)
        p += count * ratio
    for _ in range(marks):
        sum_states(ints, p, work, out)
        p += U(5)
    return p


@njit(cache=True, nogil=True)
def fall(ready, space, answer):
    """Write every separator's posterior into the work space, every marginal into the answer.

    Parameters
    ----------
    ready : int32 array
    space : array
        Work space as `rise` left it.
    answer : array, shape (places,)
    """
    ints, work, out = pointer(ready), pointer(space), pointer(answer)
    p, to = word(ints, U(2)), word(ints, U(3))
    for _ in range(word(ints, U(4))):
        p = fall_one(ints, p, work, to, out)


@njit(cache=True)
def spread_beliefs(prog, work):
    """Write all beliefs into the second half of the work space, as `ask_all` reads them."""
    shift = prog[10]
    for c in range(prog[0]):
        q = prog[1] + CLIQUE * c
        t, m, cols = prog[q + 3], prog[q + 4], prog[q + 2]
        for s in range(prog[q + 1]):
            for j in range(t + s * cols, t + s * cols + cols):
                work[j + shift] = work[j] * work[m + s]
