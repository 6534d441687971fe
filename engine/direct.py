"""The direct way for hard evidence on a network with gates: two compiled calls and no copying.

The first call reads a dict of names, folds absent leaves and makes the key of a program; the second
runs the passes of that program without the interpreter's lock. The leaf queries, which take longer
than both passes, wait until one of them is read. Then they are asked of the thread's work space if
that still holds the case; else the case is worked again from the places of its findings, which
gives the same bits, so that no tables have to be kept with an answer.
"""

# pyright: basic
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log
from threading import local
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from fascinet.engine import hard_numba as hard
from fascinet.engine.decompose import Pattern, relevant
from fascinet.engine.machine_code import Bound
from fascinet.engine.native import DONE, NativeProgram, ask_leaves, hold, holds, scratch
from fascinet.engine.objects import WORD, objects_as_expected
from fascinet.engine.passes_numba import answer, enter
from fascinet.engine.posterior import Layout, Posterior, Rest, Targets
from fascinet.engine.ready import Ready
from fascinet.engine.request import Request, pattern_of
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.solver import Solver

NEVER = -np.inf
SEATS = 4096
BARREN = 0.125  # share of the variables above the leaves that may be worked without being asked
TOUCH = 16  # uses of a seat after which the caches are asked


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
        hard.ABOVE: longs(list(spine)), hard.SEAT: longs([*seats, width]),
    }  # fmt: skip
    numbers = {
        hard.NAMES: id(layout.places), hard.STR: id(str), hard.VARIABLES: count,
        hard.WORDS: -(-count // hard.BYTES), hard.WIDTH: width, hard.SPINE: len(spine),
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

    def lay(self, places: np.ndarray) -> None:
        """Lay a case down by the places of its findings."""
        self.case[: places.size] = places
        self.frame[hard.COUNT] = places.size
        hard.fold(self.frame)


class Seat:
    """What the cases of some observed states share; it does not keep it from being dropped."""

    __slots__ = ("_program", "_ready", "_uses", "pattern")

    def __init__(self, pattern: Pattern, program: NativeProgram, ready: Ready) -> None:
        self.pattern, self._uses = pattern, 0
        self._program, self._ready = ref(program), ref(ready)

    def take(self) -> tuple[NativeProgram | None, Ready | None]:
        """Return the program and what is ready of it; nothing now and then, too.

        The caches are asked then, and see what is in use.
        """
        self._uses += 1
        return (self._program(), self._ready()) if self._uses % TOUCH else (None, None)


class Direct:
    """Answers hard evidence by name, or does not: then the long way answers, or tells.

    Parameters
    ----------
    solver : Solver
    layout : Layout
    """

    def __init__(self, solver: "Solver", layout: Layout) -> None:
        self.solver, self.fixed = solver, fixed_parts(solver, layout)
        self.certain = solver.net.certain
        self._local = local()
        self._seats: dict[bytes, Seat] = {}
        self._choices: dict[tuple[bytes, tuple[str, ...]], bool] = {}
        self.index = {v: i for i, v in enumerate(layout.variables)}
        self._read, self._run, self._enter = map(Bound, (hard.read_names, answer, enter))

    def _desk(self) -> Desk:
        """Return the desk of the thread that asks."""
        try:
            return self._local.desk
        except AttributeError:
            self._local.desk = Desk(self.fixed)
            return self._local.desk

    def solve(
        self, evidence: dict[str, str], values: Array, targets: Targets = None
    ) -> tuple[float, Rest] | None:
        """Write all posteriors but those of leaf queries, NaN; return ln P(e) and what adds them.

        None on any doubt: a name is unknown, numbers are out of range, or P(e) = 0. So it is where
        another program may be much smaller, for it has to answer some targets only.
        """
        try:
            desk = self._local.desk
        except AttributeError:
            desk = self._desk()
        desk.program = None
        left_out = self._read(desk.frame, id(evidence), desk.cursor)
        if not left_out > 0.0:
            return None
        if targets is not None and not self._suits(desk, targets):
            return None
        log_prob = self._pass(desk, values)
        if not log_prob > NEVER:
            return None
        hold(values)  # an array of this answer alone, which tells it from all others
        return log_prob + log(left_out), (self.finish, desk.case[: len(evidence)].tobytes())

    def _suits(self, desk: Desk, targets: tuple[str, ...]) -> bool:
        """Tell whether the program for all variables suits some; remembered from now on."""
        asked = desk.key.tobytes(), targets
        found = self._choices.get(asked)
        if found is None:
            found = self._is_near(desk, *asked)
            if len(self._choices) >= SEATS:
                self._choices.clear()
            self._choices[asked] = found
        return found

    def _is_near(self, desk: Desk, key: bytes, targets: tuple[str, ...]) -> bool:
        """Tell whether few variables above the leaves are barren, and no target is a leaf query."""
        net, index = self.solver.net, self.index
        if not index.keys() >= set(targets):
            return False
        pattern, wanted = self._pattern(desk), {index[v] for v in targets}
        kept = relevant(net, replace(pattern, soft=frozenset(), targets=frozenset(wanted)))
        inner = {v for v, kids in enumerate(net.children) if kids}
        if any(v not in pattern.observed and v not in inner for v in wanted):
            return False
        if len(inner - kept) > BARREN * len(inner):
            return False
        try:
            self._take(desk, key, self._seats.get(key))
        except BudgetError:
            return False
        return True

    def finish(self, rest: Rest, values: Array) -> Array:
        """Return an answer with the posteriors of the leaf queries added."""
        desk, whole = self._desk(), values.copy()
        if desk.program is None or not holds(values):
            desk.lay(np.frombuffer(rest[1], np.int64))
            self._pass(desk, whole)
        program = desk.program
        assert program is not None
        ask_leaves(self.solver.net, program, desk.obs, scratch(program.room), whole)
        self._enter(desk.frame, whole)  # an absent leaf is folded, and asked as any other
        return whole

    def _pass(self, desk: Desk, values: Array) -> float:
        """Run the passes of the case on a desk; return ln P(e) without what is left out, or NaN."""
        key = desk.key.tobytes()
        seat = self._seats.get(key)
        program, ready = (None, None) if seat is None else seat.take()
        if program is None or ready is None:
            taken = self._take(desk, key, seat)
            if taken is None:
                return np.nan
            program, ready = taken
        log_prob = self._run(
            desk.frame, ready.ints, ready.floats, desk.likely, scratch(program.room),
            program.pending, self.certain, values,
        )  # fmt: skip
        desk.program = program
        return log_prob + ready.log_prob

    def _take(
        self, desk: Desk, key: bytes, seat: Seat | None
    ) -> tuple[NativeProgram, Ready] | None:
        """Return a program and what is ready of it, from the caches or made.

        None if it has no leaf queries or is large, or the states are out of its range.
        """
        pattern = self._pattern(desk) if seat is None else seat.pattern
        program = self.solver.program(pattern).flat
        if not program.keep or program.is_large:
            return None
        ready = program.warm.of(desk.obs)
        if ready.status != DONE:
            return None
        if len(self._seats) >= SEATS:
            self._seats.clear()
        self._seats[key] = Seat(pattern, program, ready)
        return program, ready

    def _pattern(self, desk: Desk) -> Pattern:
        """Return the pattern of the case on a desk."""
        places, starts = desk.case[: desk.frame[hard.COUNT]], self.solver.starts
        seen = self.fixed.arrays[hard.OWNER][places]
        states = dict(zip(seen.tolist(), (places - starts[seen]).tolist(), strict=True))
        request, _ = self.solver.folder.fold(Request(states, {}, frozenset()))
        return pattern_of(self.solver.net, request, None)


def direct_answer(
    solver: "Solver", layout: Layout, prior: Callable[[], Posterior]
) -> Callable[..., Posterior | None] | None:
    """Return what answers hard evidence by name, for all variables or some; None if nothing can.

    It returns None on any trouble, be it with names, with numbers, or because P(e) = 0.
    """
    names = [*layout.variables, *(s for states in layout.states.values() for s in states)]
    plain = all(type(name) is str for name in names)  # to look for others may run code of theirs
    if not plain or max(solver.net.cards) > hard.MOST or not objects_as_expected():
        return None
    return Posterior.deferring(layout, prior, Direct(solver, layout).solve)
