"""The batch program on any array-API namespace: the seam for a GPU, and the kernels' oracle.

`xp` is a namespace of the Python array API (data-apis.org/array-api): NumPy, CuPy, JAX, PyTorch by
way of array-api-compat. Cases lie in the last axis; only `take`, `reshape`, `sum`, `max`, `where`,
`minimum`, `log` and products are used, so that nothing depends on a device.
"""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.batch_program import BELIEF, LIKELIHOOD, SEPARATOR, BatchProgram
from fascinet.model.gates import Array

LEAST = 1e-150  # the smallest scale of a message that keeps all digits
ENTRY, ROWS, COLUMNS, SEAT, PARENT = 0, 1, 2, 3, 4


class BatchRun:
    """One pass of a program over a block of cases; call `run` once.

    Parameters
    ----------
    xp : module
    program : BatchProgram
    dtype : dtype of `xp`
    device : device of `xp`, optional
        Where the arrays live.
    """

    def __init__(
        self, xp: ModuleType, program: BatchProgram, dtype: Any, device: Any = None
    ) -> None:
        self.xp, self.program, self.dtype, self.device = xp, program, dtype, device
        self.kernel = xp.asarray(program.table, dtype=dtype, device=device)
        self.tables: dict[int, Any] = {}
        self.sums: dict[int, Any] = {}
        self.sent: dict[int, Any] = {}
        self.beliefs: dict[int, Any] = {}

    def run(self, states: Any) -> tuple[Any, Any]:
        """Return posteriors (places, cases) and ln P(e) (cases,), -inf where impossible.

        Parameters
        ----------
        states : int array of `xp`, shape (variables, cases)
            -1 for unknown.
        """
        xp, program = self.xp, self.program
        self.likelihood = [self._rows(states[v, :], int(k)) for v, k in enumerate(program.cards)]
        ones = xp.ones(states.shape[1], dtype=self.dtype, device=self.device)
        self.total, self.lowest = program.constant * ones, ones
        for c in range(len(program.cliques)):
            self._up(c)
        self.answer: list[Any] = [
            xp.ones((int(k), states.shape[1]), dtype=self.dtype, device=self.device)
            for k in program.cards
        ]
        for c in range(len(program.cliques) - 1, -1, -1):
            self._down(c)
        return xp.concat(self.answer, axis=0), self.total

    def _rows(self, seen: Any, card: int) -> Any:
        levels = self.xp.reshape(self.xp.arange(card, device=self.device), (card, 1))
        return self.xp.astype((levels == seen) | (seen < 0), self.dtype)

    def _index(self, rows: NDArray[np.uint32]) -> Any:
        return self.xp.asarray(rows.astype(np.int64), device=self.device)

    def _operand(self, kind: int, number: int) -> Any:
        return self.likelihood[number] if kind == LIKELIHOOD else self.sent[number]

    def _times(self, table: Any, first: int, last: int) -> Any:
        program, size = self.program, table.shape[0]
        for kind, number, at in program.operands[first:last].tolist():
            rows = program.maps[at : at + size]
            picked = self.xp.take(self._operand(kind, number), self._index(rows), axis=0)
            table = table * picked
        return table

    def _up(self, c: int) -> None:
        xp, program = self.xp, self.program
        record = program.cliques[c].tolist()
        size = record[ROWS] * record[COLUMNS]
        for d in program.settle[program.settle_ptr[c] : program.settle_ptr[c + 1]].tolist():
            first, last = program.cliques[d, 7:9].tolist()
            self.sent[d] = self._scaled(self._times(self.sums[d], first, last))
        table = xp.reshape(self.kernel[record[ENTRY] : record[ENTRY] + size], (size, 1))
        table = self._times(table * xp.ones_like(self.total), record[5], record[6])
        self.tables[c] = table
        self.sums[c] = xp.sum(xp.reshape(table, (record[ROWS], record[COLUMNS], -1)), axis=1)

    def _scaled(self, message: Any) -> Any:
        xp = self.xp
        top = xp.max(message, axis=0)
        top = xp.where(top > 0.0, top, xp.ones_like(top))
        self._count(top)
        return message / top

    def _count(self, scale: Any) -> None:
        self.total = self.total + self.xp.log(scale)
        self.lowest = self.xp.minimum(self.lowest, scale)

    def _down(self, c: int) -> None:
        xp, program = self.xp, self.program
        record = program.cliques[c].tolist()
        sums = self.sums[c]
        positive = sums > 0.0
        if record[PARENT] < 0:
            top = xp.where(positive, sums, xp.ones_like(sums))[0, :]
            self._count(top)
            impossible = -xp.inf * xp.ones_like(self.total)
            self.total = xp.where(positive[0, :], self.total, impossible)
            above = xp.astype(positive, self.dtype)
        else:
            above = self.beliefs[c]
        weight = above / xp.where(positive, sums, xp.ones_like(sums))
        weight = xp.where(positive, weight, xp.zeros_like(weight))
        shape = (record[ROWS], record[COLUMNS], -1)
        belief = xp.reshape(self.tables[c], shape) * xp.reshape(weight, (record[ROWS], 1, -1))
        belief = xp.reshape(belief, (record[ROWS] * record[COLUMNS], -1))
        for kind, number, to, target, count, at in program.sums[record[9] : record[10]].tolist():
            source = belief if kind == BELIEF else self.beliefs[number]
            rows = source.shape[0] if to == SEPARATOR else int(program.cards[target]) * count
            rows = int(program.cliques[target, ROWS]) * count if to == SEPARATOR else rows
            terms = self._index(program.terms[at : at + rows])
            parts = xp.reshape(xp.take(source, terms, axis=0), (rows // count, count, -1))
            if to == SEPARATOR:
                self.beliefs[target] = xp.sum(parts, axis=1)
            else:
                self.answer[target] = xp.sum(parts, axis=1)


def run_batch(xp: ModuleType, program: BatchProgram, states: Any) -> tuple[Any, Any]:
    """Return posteriors (places, cases) and ln P(e) (cases,); see `BatchRun.run`."""
    device = getattr(states, "device", None)
    return BatchRun(xp, program, xp.float64, device).run(states)


def run_rows_numpy(
    program: BatchProgram, states: NDArray[np.int16], dtype: str, posteriors: bool
) -> tuple[Array, Array, NDArray[np.uint8]]:
    """Return posteriors (places, cases), ln P(e) and status of cases, by NumPy in float64.

    The status is 1 for an answer, 0 for impossible, 2 where a scale left the range that is safe.
    """
    cases = len(states)
    out = np.empty((int(program.starts[-1]) if posteriors else 0, cases), dtype)
    logs, status = np.empty(cases), np.empty(cases, np.uint8)
    step = max(16, 2**22 // max(program.entries, 1))
    for begin in range(0, cases, step):
        rows = slice(begin, begin + step)
        seen = np.ascontiguousarray(states[rows].T)
        run = BatchRun(np, program, np.float64)
        values, logs[rows] = run.run(seen)
        status[rows] = np.where(run.lowest < LEAST, 2, np.isfinite(logs[rows]))
        if posteriors:
            known = np.repeat(seen, program.cards, axis=0)
            state = np.concatenate([np.arange(k) for k in program.cards])
            out[:, rows] = np.where(known < 0, values, known == state[:, None])
    return out, logs, status
