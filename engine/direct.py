"""The direct way for hard evidence on a network with gates: two compiled calls and no copying.

The first call reads a dict of names, folds absent leaves and makes the key of a program; the second
runs the passes of that program without the interpreter's lock. The leaf queries, which take longer
than both passes, wait until one of them is read. Then they are asked of the thread's work space if
that still holds the case; else the case is worked again from the places of its findings, which
gives the same bits, so that no tables have to be kept with an answer.
"""

# pyright: basic
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import log
from threading import local
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from fascinet.engine import hard_numba as hard
from fascinet.engine.decompose import Pattern
from fascinet.engine.native import DONE, NativeProgram, ask_leaves, hold, holds, scratch
from fascinet.engine.objects import WORD, objects_as_expected
from fascinet.engine.passes_numba import answer, enter
from fascinet.engine.posterior import Layout, Posterior
from fascinet.engine.request import Request, pattern_of
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.solver import Solver

Case: TypeAlias = tuple[bytes]  # the places of the findings; the tuple tells case from case
KEYS = 4096  # sets of findings whose pattern is remembered


@dataclass(frozen=True)
class Fixed:
    """What all threads read: arrays whose addresses a frame names.

    Attributes
    ----------
    names : mapping of variable to mapping of state to int
        Place in the answer of each state.
    arrays : dict of int to array
    numbers : dict of int to int
    """

    names: Mapping[str, Mapping[str, int]]
    arrays: dict[int, np.ndarray]
    numbers: dict[int, int]


def fixed_parts(solver: "Solver", layout: Layout) -> Fixed:
    """Return what the frames of a network have in common."""
    net, folder = solver.net, solver.folder
    spine = folder.spine
    count = len(net.cards)
    rows = np.full(count, -1, np.int64)
    rows[list(folder.rows)] = list(folder.rows.values())
    seats = [p.start for p in spine.values()]
    width = folder.factors.shape[1] - 1
    arrays = {
        hard.FACTORS: folder.factors, hard.ROW: rows,
        hard.OWNER: np.repeat(np.arange(count), net.cards), hard.STARTS: longs(solver.starts),
        hard.IS_MAX: longs([b.is_max for b in net.blocks]),
        hard.ABOVE: longs(list(spine)), hard.SEAT: longs([*seats, width]),
    }  # fmt: skip
    numbers = {
        hard.NAMES: id(layout.places), hard.STR: id(str), hard.VARIABLES: count,
        hard.WORDS: -(-count // hard.PAIRS), hard.WIDTH: width, hard.SPINE: len(spine),
    }  # fmt: skip
    return Fixed(layout.places, arrays, numbers)


def longs(values: Any) -> np.ndarray:
    """Return int64s."""
    return np.array(values, dtype=np.int64)


class Desk:
    """One thread's frame and what lies on it: the case that was read last."""

    __slots__ = ("case", "cursor", "fixed", "frame", "key", "likely", "obs", "product", "program")

    def __init__(self, fixed: Fixed) -> None:
        numbers = fixed.numbers
        count, width = numbers[hard.VARIABLES], numbers[hard.WIDTH]
        self.fixed, self.frame = fixed, np.zeros(hard.FRAME, np.int64)
        self.case, self.obs = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.key = np.zeros(numbers[hard.WORDS], np.int64)
        self.product, self.likely = np.zeros(width + 1), np.zeros(width)
        self.program: NativeProgram | None = None
        own = {hard.PLACES: self.case, hard.OBS: self.obs, hard.KEY: self.key,
               hard.PRODUCT: self.product, hard.LIKELY: self.likely}  # fmt: skip
        for place, array in {**fixed.arrays, **own}.items():
            self.frame[place] = array.ctypes.data
        for place, number in numbers.items():
            self.frame[place] = number
        self.cursor = self.frame.ctypes.data + WORD * hard.CURSOR


class Direct:
    """Answers hard evidence by name, or does not: then the long way answers, or tells.

    Parameters
    ----------
    solver : Solver
    layout : Layout
    """

    def __init__(self, solver: "Solver", layout: Layout) -> None:
        self.solver, self.fixed = solver, fixed_parts(solver, layout)
        self._local = local()
        self._patterns: dict[bytes, Pattern] = {}
        frame = self.desk.frame
        self._read = hard.read_names.bound(frame, id({}), frame.ctypes.data)
        self._run: Callable[..., float] | None = None

    @property
    def desk(self) -> Desk:
        """The desk of the thread that asks."""
        try:
            return self._local.desk
        except AttributeError:
            self._local.desk = Desk(self.fixed)
            return self._local.desk

    def solve(
        self, evidence: dict[str, str], values: Array
    ) -> tuple[float, Callable[[Array], Array]] | None:
        """Write all posteriors but those of leaf queries, NaN; return ln P(e) and what adds them.

        None on any doubt: a name is unknown, numbers are out of range, or P(e) = 0.
        """
        desk = self.desk
        desk.program = None
        left_out = self._read(desk.frame, id(evidence), desk.cursor)
        if not left_out > 0.0:
            return None
        log_prob = self._pass(desk, values)
        if not log_prob > -np.inf:
            return None
        case = (desk.case[: len(evidence)].tobytes(),)
        hold(case)
        return log_prob + log(left_out), partial(self.finish, case)

    def finish(self, case: Case, values: Array) -> Array:
        """Return an answer with the posteriors of the leaf queries added."""
        desk, whole = self.desk, values.copy()
        if desk.program is None or not holds(case):
            self._read_again(desk, case)
            self._pass(desk, whole)
        program = desk.program
        assert program is not None
        work = scratch(int(program.prog[11]))
        ask_leaves(self.solver.net, program, desk.obs, work, whole)
        enter(desk.frame, whole)  # an absent leaf is folded, and asked as any other
        return whole

    def _read_again(self, desk: Desk, case: Case) -> None:
        places = np.frombuffer(case[0], np.int64)
        desk.case[: places.size] = places
        desk.frame[hard.COUNT] = places.size
        hard.fold(desk.frame)

    def _pass(self, desk: Desk, values: Array) -> float:
        """Run the passes of the case on a desk; return ln P(e) without what is left out, or NaN."""
        key = desk.key.tobytes()
        compiled = self.solver.program(self._patterns.get(key) or self._pattern(desk, key))
        program, net = compiled.flat, self.solver.net
        if not program.keep:
            return np.nan
        ready = program.warm.of(desk.obs)
        if ready.status != DONE:
            return np.nan
        work = scratch(int(program.prog[11]))
        args = (
            desk.frame, ready.ints, ready.floats, desk.likely, work, program.pending,
            net.certain, values,
        )  # fmt: skip
        run = self._run
        if run is None:
            self._run = run = answer.bound(*args)
        log_prob = run(*args)
        desk.program = program
        return log_prob + ready.log_prob

    def _pattern(self, desk: Desk, key: bytes) -> Pattern:
        """Return the pattern of the case on a desk, remembered from now on."""
        places, starts = desk.case[: desk.frame[hard.COUNT]], self.solver.starts
        seen = self.fixed.arrays[hard.OWNER][places]
        states = dict(zip(seen.tolist(), (places - starts[seen]).tolist(), strict=True))
        request, _ = self.solver.folder.fold(Request(states, {}, frozenset()))
        found = pattern_of(self.solver.net, request, None)
        if len(self._patterns) >= KEYS:
            self._patterns.clear()
        self._patterns[key] = found
        return found


def direct_answer(
    solver: "Solver", layout: Layout, prior: Callable[[], Posterior]
) -> Callable[[Mapping[str, str] | None], Posterior | None] | None:
    """Return what answers hard evidence by name; None if nothing can.

    It returns None on any trouble, be it with names, with numbers, or because P(e) = 0.
    """
    if not objects_as_expected():
        return None
    return Posterior.deferring(layout, prior, Direct(solver, layout).solve)
