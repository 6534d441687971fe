"""A DataFrame's cells as state numbers: by identity, dictionary or bytes, never one by one."""

from collections.abc import Hashable
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fascinet.engine.core import core
from fascinet.model.errors import EvidenceError
from fascinet.model.network import Network

States = NDArray[np.int16]


def encode(network: Network, frame: Any) -> States:
    """Return the state of each variable, shape (rows, variables), -1 where the cell is missing.

    Numbers and truth values are matched to the states' text; of a dictionary's entries only those
    that some row holds must be states.

    Raises
    ------
    EvidenceError
        If it is no DataFrame, or two columns have the same name.
    UnknownVariableError, UnknownStateError
    """
    table = opened(frame)
    states = np.full((len(network.variables), len(table)), -1, np.int16)
    columns: Any = frame if isinstance(frame, pd.DataFrame) else table.to_arrow()
    objects = is_all_objects(columns)
    if objects:  # one block, without a Series of each column
        columns = dict(zip(table.columns, frame.to_numpy().T, strict=True))
    for name in table.columns:
        network.check(name)
        column = _Column(network, name, states[network.index[name]])
        if objects:
            column.read_objects(np.ascontiguousarray(columns[name]))
        else:
            column.read(columns[name])
    return states.T


def opened(frame: Any) -> "nw.DataFrame[Any]":
    """Return a DataFrame of any kind as one that narwhals knows.

    Raises
    ------
    EvidenceError
        If it is something else, or two columns have the same name.
    """
    try:
        table = nw.from_native(frame, eager_only=True)
    except nw.exceptions.DuplicateError:
        names = [str(name) for name in getattr(frame, "column_names", None) or frame.columns]
        twice = next((name for i, name in enumerate(names) if name in names[:i]), "a name")
        raise EvidenceError(
            f"expected columns with different names: {twice!r} is there twice"
        ) from None
    except TypeError:
        kind = f"{type(frame).__module__.partition('.')[0]}.{type(frame).__name__}"
        hint = {"LazyFrame": "; call .collect() first", "Series": "; call .to_frame() first"}
        raise EvidenceError(
            "expected a DataFrame of pandas or polars, or an Arrow table, with a column for each "
            f"variable; got {kind.removeprefix('builtins.')}{hint.get(type(frame).__name__, '')}"
        ) from None
    return table


def is_all_objects(frame: Any) -> bool:
    """Whether a frame is of pandas and all its columns hold objects."""
    if not isinstance(frame, pd.DataFrame):
        return False
    return all(isinstance(d, np.dtype) and d.hasobject for d in frame.dtypes.to_numpy())


class _Column:
    """One column on its way into its row of states."""

    def __init__(self, network: Network, name: str, out: States) -> None:
        self.network, self.name, self.out = network, name, out

    def read(self, native: Any) -> None:
        """Write the states of a column, of pandas or Arrow."""
        if not isinstance(native, pd.Series):
            self._arrow(native)
        elif isinstance(native.dtype, pd.CategoricalDtype):
            self._codes(native.cat.codes.to_numpy(), native.cat.categories.tolist())
        elif native.dtype == object:
            self.read_objects(native.to_numpy())
        elif isinstance(native.dtype, pd.StringDtype) and native.dtype.storage == "pyarrow":
            texts: Any = native.array
            self._arrow(texts.__arrow_array__())
        else:
            self._factorize(native.to_numpy())

    def _codes(self, codes: NDArray[Any], names: Any) -> None:
        """Write the states of a dictionary's entries by number; -1 is a missing cell."""
        used = np.zeros(len(names) + 1, bool)
        used[codes] = True
        known = [
            self._state(name) if use and not is_missing(name) else -1
            for name, use in zip(names, used, strict=False)
        ]
        self.out[:] = np.array([*known, -1], np.int16)[codes]

    def _factorize(self, values: NDArray[Any]) -> None:
        try:
            codes, names = pd.factorize(values)
        except TypeError:  # a cell that cannot be hashed, such as a list
            bad = next(x for x in values if not isinstance(x, Hashable))
            self._state(bad)
            raise
        self._codes(codes, names)

    def read_objects(self, values: NDArray[Any]) -> None:
        """Write the states of a contiguous column of objects."""
        if core is None or not core.code_objects(values, self._code, self.out):
            self._factorize(values)

    def _arrow(self, column: Any) -> None:
        import pyarrow as pa

        at = 0
        for part in getattr(column, "chunks", [column]):
            target = _Column(self.network, self.name, self.out[at : at + len(part)])
            at += len(part)
            if pa.types.is_dictionary(part.type):
                codes = part.indices.cast(pa.int64()).fill_null(-1).to_numpy()
                target._codes(codes, part.dictionary.to_pylist())
            elif core is not None and is_text(part.type):
                target._text(part.cast(pa.large_string()))
            else:
                target._factorize(np.fromiter(part.to_pylist(), object, len(part)))

    def _text(self, part: Any) -> None:
        valid, offsets, text = part.buffers()
        names = [s.encode() for s in self.network.states(self.name)]
        bad = core.code_strings(
            np.frombuffer(offsets, np.int64)[part.offset :], bytes_of(text), bytes_of(valid),
            part.offset, np.array([len(n) for n in names], np.int64), bytes_of(b"".join(names)),
            self.out,
        )  # fmt: skip
        if bad >= 0:
            self._state(part[bad].as_py())

    def _code(self, value: object) -> int:
        return -1 if is_missing(value) else self._state(value)

    def _state(self, value: Any) -> int:
        return self.network.state_index(self.name, value)


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is a string."""
    return str(kind) in ("string", "large_string", "string_view")


def is_missing(value: Any) -> bool:
    """Whether a cell is None, NaN or NA."""
    return value is None or (not isinstance(value, str) and pd.isna(value) is True)


def bytes_of(buffer: Any) -> NDArray[np.uint8]:
    """Return a buffer's bytes; none if there is no buffer."""
    return np.frombuffer(buffer, np.uint8) if buffer else np.zeros(0, np.uint8)
