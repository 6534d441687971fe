"""BIF's ``property function max``: a noisy-MAX gate from the rows of single causes.

The block lists one row in which every parent rests, whose numbers are the leak, and rows in which
one parent departs from rest. As everywhere in BIF, a row is P(x | the states it names), so the leak
is in it; our gates hold net effects (Díez), so it is divided out:

    P(Z_i ≤ k | u_i) = P(X ≤ k | u_i, others at rest) / P(L ≤ k)
"""

from collections.abc import Mapping, Sequence

import numpy as np

from fascinet.model.gates import Array, NoisyMax

MAX = ("max", "noisymax")
OR = ("or", "noisyor")
LOOSE = 1e-9


class NotMax(ValueError):
    """Rows that are not those of a noisy-MAX gate, with what was expected."""


def is_max(function: str, states: int) -> bool:
    """Tell whether the name of a function means the maximum of its causes' effects."""
    name = function.strip().lower().replace("-", "").replace("_", "").replace(" ", "")
    return name in MAX or (name in OR and states == 2)


def gate_of(
    rows: Mapping[tuple[int, ...], Sequence[float]], shape: Sequence[int], default: Array | None
) -> NoisyMax:
    """Return the gate of the rows, each by the places of its parents' states.

    Raises
    ------
    NotMax
        If a row is missing, has two parents away from rest, or is weaker than the leak.
    """
    cards = tuple(shape[:-1])
    rest = rest_of(rows, cards)
    leak = np.asarray(rows[rest], dtype=np.float64)
    links: list[Array] = []
    for axis, card in enumerate(cards):
        wanted = [(*rest[:axis], k, *rest[axis + 1 :]) for k in range(card)]
        given = [rows.get(at, default) for at in wanted]
        lacking = [at for at, row in zip(wanted, given, strict=True) if row is None]
        if lacking:
            raise NotMax(f"no row for states number {', '.join(str(k + 1) for k in lacking[0])}")
        links.append(net_effects(np.asarray(given, dtype=np.float64), leak))
    return NoisyMax(tuple(links), leak)


def rest_of(rows: Mapping[tuple[int, ...], object], cards: tuple[int, ...]) -> tuple[int, ...]:
    """Return the configuration at rest: all other rows depart from it in one parent.

    Where more than one fits, that of the first states.
    """
    first = (0,) * len(cards)
    fits = [at for at in (first, *rows) if at in rows and all(_steps(at, x) <= 1 for x in rows)]
    if not fits:
        raise NotMax("expected rows in which at most one parent departs from rest")
    return fits[0]


def _steps(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))


def net_effects(rows: Array, leak: Array) -> Array:
    """Return the effects of one parent with the leak divided out, state by state.

    Raises
    ------
    NotMax
        If a row is not at least as strong as the leak in every state.
    """
    below, over = np.cumsum(rows, axis=1), np.cumsum(leak)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(over > 0.0, below / over, 0.0)
    ratio[:, -1] = 1.0
    if ((below > LOOSE) & (over <= 0.0)).any() or (ratio > 1.0 + LOOSE).any():
        raise NotMax("a cause makes the variable weaker than the leak alone")
    effects = np.diff(np.minimum(ratio, 1.0), axis=1, prepend=0.0)
    if (effects < -LOOSE).any():
        raise NotMax("the rows are not those of a maximum of independent effects")
    effects = np.maximum(effects, 0.0)
    return effects / effects.sum(axis=1, keepdims=True)
