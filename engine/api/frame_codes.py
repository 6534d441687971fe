"""A DataFrame's cells as state numbers: by identity, dictionary or bytes, never one by one."""

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fascinet.engine.core import core
from fascinet.model.errors import UnknownStateError
from fascinet.model.network import Network

States = NDArray[np.int16]


def encode(network: Network, frame: Any) -> States:
    """Return the state of each variable, shape (rows, variables), -1 where the cell is missing.

    Raises
    ------
    UnknownVariableError, UnknownStateError
    """
    table = nw.from_native(frame, eager_only=True)
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
        known = np.array([*(self._state(name) for name in names), -1], np.int16)
        self.out[:] = known[codes]  # what is missing has code -1: the last

    def _factorize(self, values: NDArray[Any]) -> None:
        codes, names = pd.factorize(values)
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
                codes = part.indices.fill_null(-1).to_numpy(zero_copy_only=False)
                target._codes(codes, part.dictionary.to_pylist())
            elif core is not None and is_text(part.type):
                target._text(part.cast(pa.large_string()))
            else:
                target._factorize(np.array(part.to_pylist(), object))

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

    def _state(self, value: object) -> int:
        if not isinstance(value, str):
            states = self.network.states(self.name)
            raise UnknownStateError(self.name, value, states)
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
