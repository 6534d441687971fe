"""From the cells of a table to evidence: each cell allows some states of some variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fascinet.cohort.tables import Table
from fascinet.engine.api.frame_codes import is_missing
from fascinet.model.errors import FascinetError, FormatError
from fascinet.model.network import Network
from fascinet.model.quantity import Quantity, told_states

if TYPE_CHECKING:
    import pandas as pd

BLANKS = frozenset("na n/a nan none null <na> #n/a #na".split())
"""Words for a missing cell, where the variable has no state of that name."""
Allowed = Mapping[str, tuple[int, ...]]
"""The states of each variable that a cell leaves possible."""


class Reader(Protocol):
    """What some columns of a table, read together, say.

    Attributes
    ----------
    columns : tuple of int
    """

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns that are read."""
        ...

    def read(self, cells: tuple[Any, ...]) -> Allowed:
        """Return what the cells of one row say; raise a FascinetError if they say nothing known."""
        ...


@dataclass(frozen=True)
class StateCells:
    """A column of states of one variable, or of numbers where the variable has cut points.

    Attributes
    ----------
    columns : tuple of int
    variable : str
    states : tuple of str
    network : Network
    words : mapping of str to str
        What a cell stands for, if it is no state itself; "" for an unknown one.
    quantity : Quantity, optional
    """

    columns: tuple[int, ...]
    variable: str
    network: Network
    words: Mapping[str, str] = field(default_factory=dict)
    quantity: Quantity | None = None

    def read(self, cells: tuple[Any, ...]) -> Allowed:
        """Return the state that a cell names, or nothing for a blank one."""
        value = cells[0]
        if not is_missing(value):
            value = self.words.get(str(value).strip(), value)
        states = told_states(value, self.quantity, self.network.states(self.variable))
        if states is not None:
            return {self.variable: states}
        state = cell_state(self.network, self.variable, value)
        return {} if state < 0 else {self.variable: (state,)}


def cell_state(network: Network, variable: str, value: Any) -> int:
    """Return the number of the state that a cell names; -1 for a cell that is blank.

    Words such as NA or None are states where the variable has them, else they are blanks.

    Raises
    ------
    UnknownStateError
    """
    if not isinstance(value, str):
        return -1 if is_missing(value) else network.state_index(variable, value)
    states = network.states(variable)
    text = value if value in states else value.strip()
    if text.casefold() in BLANKS and text not in states:
        alike = [s for s in states if s.casefold() == text.casefold()]
        return states.index(alike[0]) if len(alike) == 1 else -1
    return network.state_index(variable, text) if text else -1


@dataclass(frozen=True)
class Cases:
    """Evidence read from rows of a table.

    Attributes
    ----------
    variables : tuple of str
        Those that some row tells of.
    codes : array of int16, shape (rows, variables)
        The state of each; -1 where it is unknown or in `partly`.
    partly : mapping of row to variable to states
        Where several states remain possible.
    wrong : mapping of row to str
        Why a row cannot be read.
    """

    variables: tuple[str, ...]
    codes: NDArray[np.int16]
    partly: dict[int, dict[str, tuple[int, ...]]]
    wrong: dict[int, FascinetError]

    def frame(self, network: Network, rows: Any = slice(None)) -> "pd.DataFrame":
        """Return rows as categories of the variables' states."""
        import pandas as pd

        codes = self.codes[rows]
        return pd.DataFrame(
            {
                v: pd.Categorical.from_codes(codes[:, k], categories=network.states(v))
                for k, v in enumerate(self.variables)
            },
            index=range(len(codes)),
        )

    def hard(self, network: Network, row: int) -> dict[str, str]:
        """Return the states that are known of a row."""
        told = zip(self.variables, self.codes[row].tolist(), strict=True)
        return {v: network.states(v)[s] for v, s in told if s >= 0}

    def soft(self, network: Network, row: int) -> dict[str, dict[str, float]]:
        """Return likelihoods, 1 for each state that remains possible and 0 for the others."""
        return {
            v: {s: float(k in some) for k, s in enumerate(network.states(v))}
            for v, some in self.partly.get(row, {}).items()
        }


def read_cases(table: Table, readers: Sequence[Reader], network: Network) -> Cases:
    """Return what the rows of a table say; rows that cannot be read are told, not raised."""
    places: dict[str, int] = {}
    columns: list[NDArray[np.int16]] = []
    partly: dict[int, dict[str, tuple[int, ...]]] = {}
    wrong: dict[int, FascinetError] = {}
    for reader in readers:
        which, distinct = _distinct(table, reader.columns)
        meanings: list[Allowed] = []
        for k, cells in enumerate(distinct):
            try:
                meanings.append(reader.read(cells))
            except FascinetError as error:
                meanings.append({})
                for row in np.flatnonzero(which == k).tolist():
                    wrong.setdefault(row, error)
        for v in dict.fromkeys(v for m in meanings for v in m):
            whole = np.array([_one(m.get(v)) for m in meanings], np.int16)[which]
            if v not in places:
                places[v] = len(columns)
                columns.append(np.full(len(table), -1, np.int16))
            _merge(network, v, columns[places[v]], whole, partly, wrong)
            for k, m in enumerate(meanings):
                if len(m.get(v, ())) > 1:
                    for row in np.flatnonzero(which == k).tolist():
                        _narrow(network, v, row, m[v], columns[places[v]], partly, wrong)
    codes = np.stack(columns, 1) if columns else np.zeros((len(table), 0), np.int16)
    return Cases(tuple(places), codes, partly, dict(sorted(wrong.items())))


def _one(states: tuple[int, ...] | None) -> int:
    return states[0] if states is not None and len(states) == 1 else -1


def _merge(
    network: Network, v: str, old: Any, new: Any, partly: dict[int, Any], wrong: dict[int, Any]
) -> None:
    """Take one state a row; another one than was said before, or was ruled out, is wrong."""
    for row in np.flatnonzero((old >= 0) & (new >= 0) & (old != new)).tolist():
        wrong.setdefault(row, _contradiction(network, v, (int(old[row]),), (int(new[row]),)))
    np.copyto(old, new, where=(new >= 0) & (old < 0))
    for row in [r for r, some in partly.items() if v in some and new[r] >= 0]:
        if int(new[row]) not in partly[row][v]:
            wrong.setdefault(row, _contradiction(network, v, partly[row][v], (int(new[row]),)))
        _forget(partly, row, v)


def _narrow(
    network: Network, v: str, row: int, states: tuple[int, ...], column: Any,
    partly: dict[int, Any], wrong: dict[int, Any],
) -> None:  # fmt: skip
    """Take what one more cell leaves possible."""
    known = int(column[row])
    before = (known,) if known >= 0 else partly.get(row, {}).get(v, states)
    left = tuple(s for s in before if s in states)
    if not left:
        wrong.setdefault(row, _contradiction(network, v, before, states))
    elif len(left) == 1:
        column[row] = left[0]
        _forget(partly, row, v)
    else:
        partly.setdefault(row, {})[v] = left


def _forget(partly: dict[int, Any], row: int, v: str) -> None:
    if v in partly.get(row, {}):
        del partly[row][v]
        if not partly[row]:
            del partly[row]


def _contradiction(
    network: Network, v: str, one: Sequence[int], other: Sequence[int]
) -> FormatError:
    said = (" or ".join(network.states(v)[s] for s in some) for some in (one, other))
    return FormatError(f"contradictory: {v} is given as {' and as '.join(said)}")


def _distinct(table: Table, columns: tuple[int, ...]) -> tuple[Any, list[tuple[Any, ...]]]:
    """Return which distinct cells each row has, and these."""
    import pandas as pd

    values = [_values(table.columns[k], len(table)) for k in columns]
    if len(values) > 1:
        rows = np.empty(len(table), object)
        rows[:] = list(zip(*(v.tolist() for v in values), strict=True))
    else:
        rows = values[0]
    try:
        which, distinct = pd.factorize(rows, use_na_sentinel=False)
        found = list(distinct)
    except TypeError:  # a Parquet file may hold lists, which cannot be hashed
        which, found = pd.factorize(np.array([repr(v) for v in rows], object))
        found = [*found]
    return which, [v if len(values) > 1 else (v,) for v in found]


def _values(cells: Any, count: int) -> Any:
    return np.fromiter(getattr(cells, "to_pylist", lambda: cells)(), object, count)


def evidence_of(table: Table, known: Sequence[int], network: Network) -> "pd.DataFrame":
    """Return the findings, each column categories of the variable's states.

    Raises
    ------
    FormatError
        Naming the first cell that is no state, by row, line and column.
    """
    readers = [StateCells((k,), table.names[k], network) for k in known]
    cases = read_cases(table, readers, network)
    if cases.wrong:
        row, error = next(iter(cases.wrong.items()))
        raise FormatError(f"{table.path}: {table.place(row)}: {error}")
    frame = cases.frame(network)
    import pandas as pd

    for k in known:  # a column without any known cell is one, too
        if table.names[k] not in frame:
            names = network.states(table.names[k])
            frame[table.names[k]] = pd.Categorical([None] * len(table), categories=names)
    return frame


def column_of(column: Any) -> Any:
    """Return a column as it was read, a Parquet file's with its type."""
    import pandas as pd

    if hasattr(column, "to_pandas"):
        return column.to_pandas(types_mapper=pd.ArrowDtype).reset_index(drop=True)
    return list(column)
