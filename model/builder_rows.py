"""What users write for a gate, read into arrays: each fault names the variable and the row."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from fascinet.model.errors import NetworkError, UnknownStateError, shown
from fascinet.model.gates import SUM_TOLERANCE, Array, Function, NoisyMax, Table, frozen
from fascinet.model.plural import counted

States: TypeAlias = tuple[str, ...]
Parents: TypeAlias = Mapping[str, States]  # in the order of the table's axes


def probability(value: Any, where: str) -> float:
    """Return a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise NetworkError(f"{where}: expected a probability, got {shown(value)}")
    if not 0.0 <= float(value) <= 1.0:
        raise NetworkError(f"{where}: expected a probability from 0 to 1, got {value:.6g}")
    return float(value)


def place(states: States, name: Any, what: str) -> int:
    """Return the index of a state."""
    if name not in states:
        raise UnknownStateError(what, name, states)
    return states.index(name)


def row(value: Any, states: States, variable: str, where: str, *, rest: bool = False) -> Array:
    """Return one distribution over `states`.

    Parameters
    ----------
    value : float, sequence or mapping
        P(second state) of a variable with two; one number a state; or a mapping of state to number.
    variable, where : str
        Whose distribution it is, and what to call it in a message.
    rest : bool
        Whether a mapping may leave states out: the first, resting one then takes what is left.
    """
    if isinstance(value, Mapping):
        values = _by_state(value, states, variable, where, rest)
    elif isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        p = probability(value, where)
        if len(states) != 2:
            raise NetworkError(
                f"{where}: one number is enough for two states alone, got {p:.6g} for "
                f"{len(states)}: {', '.join(states)}"
            )
        return np.array([1.0 - p, p])
    else:
        values = [probability(x, where) for x in np.asarray(value, dtype=object).ravel()]
        if len(values) != len(states):
            raise NetworkError(
                f"{where}: expected {len(states)} numbers ({', '.join(states)}), got {len(values)}"
            )
    total = math.fsum(values)
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise NetworkError(f"{where}: expected to sum to 1, got {total:.9g}")
    return np.array(values)


def _by_state(
    value: Mapping[Any, Any], states: States, variable: str, where: str, rest: bool
) -> list[float]:
    for s in value:
        place(states, s, variable)
    missing = [s for s in states if s not in value]
    if missing and not rest:
        raise NetworkError(f"{where}: no probability for {', '.join(missing)}")
    values = [probability(value.get(s, 0.0), f"{where}, state {s}") for s in states]
    if states[0] in missing:
        values[0] = max(1.0 - math.fsum(values), 0.0)
    return values


# -------------------------------------------------------------------- configurations


def spelled(parents: Parents, config: Sequence[str]) -> str:
    """Return a configuration of the parents for a message.

    >>> spelled({"flu": ("no", "yes"), "cold": ("no", "yes")}, ("no", "yes"))
    'flu=no, cold=yes'
    """
    return ", ".join(f"{u}={s}" for u, s in zip(parents, config, strict=True))


def configurations(parents: Parents) -> list[tuple[str, ...]]:
    """Return all configurations of the parents, the last parent's states fastest."""
    return list(product(*parents.values()))


def _key(key: Any, parents: Parents, what: str) -> tuple[str, ...]:
    """Return a key of a mapping as a configuration: a state, or one a parent."""
    config = (key,) if isinstance(key, str) or not isinstance(key, tuple | list) else tuple(key)
    if len(config) != len(parents):
        raise NetworkError(
            f"{what}: row {shown(key)}: expected a state each of {', '.join(parents)}"
        )
    for u, s in zip(parents, config, strict=True):
        place(parents[u], s, u)
    return config


def by_configuration(
    rows: Mapping[Any, Any], parents: Parents, what: str
) -> dict[tuple[str, ...], Any]:
    """Return what a mapping holds for every configuration; one that is missing is an error."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in rows.items():
        config = _key(key, parents, what)
        if config in found:
            raise NetworkError(f"{what}: row {spelled(parents, config)} is given twice")
        found[config] = value
    missing = [c for c in configurations(parents) if c not in found]
    if missing:
        more = f" (and {counted(len(missing) - 1, 'more row')})" if len(missing) > 1 else ""
        raise NetworkError(f"{what}: no row for {spelled(parents, missing[0])}{more}")
    return found


# -------------------------------------------------------------------- gates


def table(variable: str, states: States, parents: Parents, rows: Any) -> Table:
    """Return a table from a mapping of configurations to rows, or from nested numbers."""
    what = f"table of {variable!r}"
    if not parents:
        return Table(row(rows, states, variable, what))
    if isinstance(rows, Mapping):
        given = by_configuration(rows, parents, what)
        values = [
            row(given[c], states, variable, f"{what}, row {spelled(parents, c)}")
            for c in configurations(parents)
        ]
    else:
        values = _nested(rows, states, variable, parents, what)
    shape = (*(len(s) for s in parents.values()), len(states))
    return Table(np.array(values).reshape(shape))


def _nested(rows: Any, states: States, variable: str, parents: Parents, what: str) -> "list[Array]":
    cards = tuple(len(s) for s in parents.values())
    try:
        array = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        raise NetworkError(f"{what}: expected nested lists of numbers, got {shown(rows)}") from None
    if array.shape == cards and len(states) == 2:  # P(second state) of each configuration
        array = np.stack([1.0 - array, array], axis=-1)
    want = (*cards, len(states))
    if array.shape != want:
        axes = ", ".join([*parents, variable])
        raise NetworkError(f"{what}: expected shape {want} ({axes}), got {array.shape}")
    flat = array.reshape(-1, len(states))
    return [
        row(values, states, variable, f"{what}, row {spelled(parents, config)}")
        for config, values in zip(configurations(parents), flat, strict=True)
    ]


def noisy_max(
    variable: str, states: States, parents: Parents, links: Mapping[str, Any], leak: Any
) -> NoisyMax:
    """Return a leaky noisy-MAX; see `NetworkBuilder.noisy_max`."""
    found = tuple(_link(variable, states, u, parents[u], links[u]) for u in parents)
    where = f"leak of {variable!r}"
    return NoisyMax(found, row({} if leak is None else leak, states, variable, where, rest=True))


def _link(variable: str, states: States, parent: str, above: States, given: Any) -> Array:
    what = f"link {parent} → {variable}"
    rows = (
        given if isinstance(given, Mapping) and _is_by_parent(given, above, states, what) else None
    )
    if rows is None:
        if len(above) != 2:
            raise NetworkError(
                f"{what}: expected a row each for the states of {parent!r} "
                f"({', '.join(above[1:])}), got {shown(given)}"
            )
        rows = {above[1]: given}
    for s in rows:
        place(above, s, parent)
    missing = [s for s in above[1:] if s not in rows]
    if missing:
        raise NetworkError(f"{what}: no row for {parent}={missing[0]}")
    rest = np.eye(len(states))[0]
    return np.array([
        row(rows[s], states, variable, f"{what}, row {parent}={s}", rest=True)
        if s in rows
        else rest
        for s in above
    ])  # fmt: skip


def _is_by_parent(given: Mapping[Any, Any], above: States, states: States, what: str) -> bool:
    """Whether a mapping has a row a state of the parent, not a number a state of the child."""
    if any(isinstance(x, Mapping | Sequence | np.ndarray) for x in given.values()):
        return True
    by_parent = len(states) == 2 and all(s in above for s in given)
    if by_parent and above[0] in given and all(s in states for s in given):
        raise NetworkError(
            f"{what}: {shown(dict(given))} may mean the states of either; write "
            f"{{parent's state: {{state: probability}}}}"
        )
    return by_parent


def function(
    variable: str, states: States, parents: Parents,
    outcome: Callable[..., Any] | Mapping[Any, Any],
) -> Function:  # fmt: skip
    """Return a deterministic function of the parents' states."""
    what = f"function of {variable!r}"
    configs = configurations(parents)
    if isinstance(outcome, Mapping):
        given = by_configuration(outcome, parents, what)
        results = [given[c] for c in configs]
    elif callable(outcome):
        results = [outcome(*c) for c in configs]
    else:
        raise NetworkError(f"{what}: expected a function or a mapping, got {shown(outcome)}")
    places = [_result(x, states, c, parents, what) for x, c in zip(results, configs, strict=True)]
    return Function(np.array(places).reshape([len(s) for s in parents.values()]), len(states))


def _result(value: Any, states: States, config: Sequence[str], parents: Parents, what: str) -> int:
    """Return the index of a function's result; a truth value is one of two states."""
    if isinstance(value, bool | np.bool_) and len(states) == 2:
        return int(value)
    if value not in states:
        raise NetworkError(
            f"{what}, row {spelled(parents, config)}: expected one of {', '.join(states)}, "
            f"got {shown(value)}"
        )
    return states.index(value)


def logistic(
    variable: str, states: States, parents: Parents, weights: Mapping[str, Any], intercept: float
) -> Table:
    """Return the table of a logistic regression on the parents' states."""
    what = f"logistic gate of {variable!r}"
    if len(states) != 2:
        raise NetworkError(f"{what}: expected two states, got {', '.join(states)}")
    columns = [_weights(u, parents[u], weights[u], what) for u in parents]
    score = np.full([1] * len(columns), number(intercept, f"{what}: intercept"))
    for axis, column in enumerate(columns):
        shape = [1] * len(columns)
        shape[axis] = -1
        score = score + column.reshape(shape)
    low, high = (np.exp(-np.logaddexp(0.0, sign * score)) for sign in (1.0, -1.0))
    return Table(np.stack([low, high], axis=-1) / (low + high)[..., None])


def _weights(parent: str, above: States, given: Any, what: str) -> Array:
    if not isinstance(given, Mapping):
        if len(above) != 2:
            raise NetworkError(
                f"{what}: expected a weight a state of {parent!r}: {{state: weight}}"
            )
        given = {above[1]: given}
    for s in given:
        place(above, s, parent)
    missing = [s for s in above[1:] if s not in given]
    if missing:
        raise NetworkError(f"{what}: no weight for {parent}={missing[0]}")
    return np.array([number(given.get(s, 0.0), f"{what}: {parent}={s}") for s in above])


def worths(name: str, parents: Parents, values: Any) -> Array:
    """Return what each configuration is worth, shape (parents' states …)."""
    what, cards = f"utility {name!r}", tuple(len(s) for s in parents.values())
    if not parents:
        return frozen(number(values, what))
    if isinstance(values, Mapping):
        given = by_configuration(values, parents, what)
        flat = [number(given[c], f"{what}, row {spelled(parents, c)}") for c in given]
        order = {c: i for i, c in enumerate(given)}
        return frozen(np.array([flat[order[c]] for c in configurations(parents)]).reshape(cards))
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise NetworkError(f"{what}: expected numbers, got {shown(values)}") from None
    if array.shape != cards or not np.isfinite(array).all():
        want = f"finite numbers of shape {cards} ({', '.join(parents)})"
        raise NetworkError(f"{what}: expected {want}, got shape {array.shape}")
    return frozen(array)


def number(value: Any, where: str) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise NetworkError(f"{where}: expected a number, got {shown(value)}")
    if not math.isfinite(value):
        raise NetworkError(f"{where}: expected a finite number, got {value}")
    return float(value)
