"""A batch program ready to run with Numba: buffers, blocks, threads."""

# pyright: basic
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from fascinet.engine.batch_program import ANSWER, BELIEF, LIKELIHOOD, BatchProgram
from fascinet.engine.batch_vectors import LINE
from fascinet.engine.batch_walk_numba import Walk, run_vectors
from fascinet.model.gates import Array

BLOCK = 512  # cases that one thread takes at a time
LIMITS = {"float64": (1e-60, 1e-150), "float32": (1e-10, 1e-24)}


def aligned(rows: int, columns: int, dtype: np.dtype) -> np.ndarray:
    """Return an array that starts on a cache line."""
    size = rows * columns * dtype.itemsize
    raw = np.empty(size + LINE, np.uint8)
    skip = -raw.ctypes.data % LINE
    return raw[skip : skip + size].view(dtype).reshape(rows, columns)


def leaves_of(program: BatchProgram) -> np.ndarray:
    """Return 1 for each clique with one residual variable and no message from below.

    Such a clique needs no table of its own: only the marginal of that variable is read from it,
    and at most its likelihood is multiplied into it.
    """
    out = np.zeros(len(program.cliques), np.int64)
    for c, record in enumerate(program.cliques.tolist()):
        kinds = program.operands[record[5] : record[6]]
        sums = program.sums[record[9] : record[10]]
        if len(sums) != 1 or sums[0, 0] != BELIEF or sums[0, 2] != ANSWER:
            continue
        v = sums[0, 3]
        mine = [[LIKELIHOOD, v]] == kinds[:, :2].tolist()
        out[c] = mine and program.cards[v] == record[2]
    return out


@dataclass(frozen=True)
class BatchTree:
    """A batch program with its float64 and float32 arrays for the kernels.

    Attributes
    ----------
    program : BatchProgram
    walks : dict of str to Walk
    """

    program: BatchProgram
    walks: dict[str, Walk]

    def run(
        self, states: np.ndarray, dtype: str, threads: int, posteriors: bool
    ) -> tuple[Array, Array, np.ndarray]:
        """Return posteriors (places, cases), ln P(e) and status of cases.

        Parameters
        ----------
        states : int16 array, shape (cases, variables)
            Best in Fortran order.
        """
        walk, cases = self.walks[dtype], len(states)
        kind = np.dtype(dtype)
        width = LINE // kind.itemsize
        program = self.program
        padded = -(-cases // width) * width
        columns = np.full((states.shape[1], padded), -1, np.int16)
        columns[:, :cases] = states.T
        out = aligned(int(program.starts[-1]) if posteriors else 0, padded, kind)
        logs, status = np.empty(cases), np.empty(cases, np.uint8)
        most = max(len(program.cliques), len(program.cards), len(program.operands)) + 1
        rows = program.entries + 3 * program.separators + int(program.starts[-1])

        def part(begin: int, end: int) -> None:
            work = aligned(rows, width, kind)
            marks, numbers = np.zeros((3, most), np.uint8), np.zeros((3, most), np.int64)
            run_vectors(
                walk, columns, begin, end, work, marks, numbers, out, logs, status, program.constant
            )

        share = -(-cases // (threads * BLOCK)) * BLOCK
        spans = [(k, min(k + share, cases)) for k in range(0, cases, max(share, 1))]
        if len(spans) < 2:
            for span in spans:
                part(*span)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(lambda span: part(*span), spans))
        return out[:, :cases], logs, status


def make_tree(program: BatchProgram) -> BatchTree:
    """Return a program with what the kernels need."""
    leaf = leaves_of(program)
    columns = (*program.cliques.T, *program.operands.T, *program.sums.T)
    ints: Any = [np.ascontiguousarray(x) for x in columns]
    walks: dict[str, Walk] = {}
    for name, limits in LIMITS.items():
        arrays: list[Any] = [
            program.table.astype(name), program.maps, program.terms, program.settle,
            program.settle_ptr, program.cards, program.starts, *ints, leaf, np.array(limits),
        ]  # fmt: skip
        walks[name] = Walk(*arrays)
    return BatchTree(program, walks)
