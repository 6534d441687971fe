"""The fixed tree of a small network of tables, ready for any evidence."""

# pyright: basic
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine import kernels_numba as kernels
from fascinet.engine import whole_numba as numba
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.objects import WORD, objects_as_expected
from fascinet.engine.posterior import Layout, Posterior
from fascinet.engine.whole_layout import TreeLayout, link, split
from fascinet.engine.whole_names_numba import BY_NUMBER, SIGNATURE, run, run_by_number
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.native import NativeProgram


@dataclass(frozen=True)
class Whole:
    """A tree calibrated without evidence.

    Attributes
    ----------
    ints : int32 array
    floats : array
        P(variable | separator) of each node.
    prior : array
        The answer without evidence.
    nodes, room : int
        How many nodes there are, and the length of the work space.
    starts : tuple of int
        Place in the answer of each variable's states; last the length of an answer.
    """

    ints: np.ndarray
    floats: Array
    prior: Array
    nodes: int
    room: int
    starts: tuple[int, ...]

    @cached_property
    def frame(self) -> tuple[Array, Callable[..., float], Any] | None:
        """The frame for evidence by number, what answers from it, and what it points to."""
        frame = self.make_frame({})
        if frame is None:
            return None
        run_by_number.compile(BY_NUMBER)
        return frame[0], run_by_number.overloads[BY_NUMBER.args].entry_point, frame

    def make_frame(self, names: Mapping[str, Mapping[str, int]]) -> tuple[Any, ...] | None:
        """Return a frame for the tree; see `frame_of`."""
        arrays = {numba.INTS: self.ints, numba.FLOATS: self.floats, numba.PRIOR: self.prior}
        numbers = {numba.PLACES: self.prior.size}
        return frame_of(names, len(self.starts) - 1, self.nodes, self.room, arrays, numbers)

    def solve(
        self, states: Mapping[int, int], soft: Mapping[int, Array], full: bool = True
    ) -> tuple[Array, float] | None:
        """Return posteriors (if `full`) and ln P(e); None where another way must answer.

        Parameters
        ----------
        states : mapping of int to int
            Observed states by variable.
        soft : mapping of int to array
            Likelihoods by variable.
        """
        frame, starts, scale = self.frame, self.starts, 0.0
        if frame is None:
            return None
        places = [starts[v] + s for v, s in states.items()]
        out, weights = np.empty(starts[-1]), self.prior
        if soft:
            weights = np.zeros(starts[-1])
            for v, likelihood in soft.items():
                top = float(likelihood.max())
                scale += log(top)
                weights[starts[v] : starts[v + 1]] = likelihood / top
                places.append(starts[v])
        longs, entry, _ = frame
        log_prob = entry(
            longs, np.array(places, np.int64), len(states), len(soft), weights, out, full
        )
        return (out, log_prob + scale) if log_prob > -np.inf else None

    def part(self, values: Array, wanted: Iterable[int]) -> Array:
        """Return the posteriors of some variables, NaN for the others."""
        starts = self.starts
        out = np.full(starts[-1], np.nan)
        for v in wanted:
            here = slice(starts[v], starts[v + 1])
            out[here] = values[here]
        return out


@dataclass(frozen=True)
class NamedTree:
    """A tree that takes evidence by name: `entry(frame, evidence, out)` returns ln P(e).

    Minus infinity is an impossible case; NaN means that another way must answer: a name is unknown,
    or numbers are out of range. The call keeps the interpreter's lock from start to end, so any
    number of threads may share the work space.

    Attributes
    ----------
    entry : callable
    frame : array
        Tells the kernel where all data lie.
    size : int
        Length of an answer.
    data : tuple
        What lies at the addresses, kept alive.
    """

    entry: Callable[[Array, dict[str, str], Array], float]
    frame: Array
    size: int
    data: tuple[Any, ...]


def make_whole(net: NetworkArrays, program: "NativeProgram", starts: np.ndarray) -> Whole:
    """Calibrate a program without evidence."""
    prog, plan = program.prog, program.plan
    work, prior = np.zeros(int(prog[11])), np.empty(int(starts[-1]))
    kernels.collect(prog, net.base, np.zeros(len(net.cards), np.int64), work)
    records = prog[int(prog[1]) :][: kernels.CLIQUE * int(prog[0])].reshape(-1, kernels.CLIQUE)
    cards = plan.factors.cards
    tables = [
        work[at : at + size].reshape([cards[v] for v in clique.scope]).copy()
        for clique, size, at in zip(plan.cliques, records[:, 0], records[:, 3], strict=True)
    ]
    kernels.distribute(prog, work, prior, False)
    prior[net.certain] = 1.0
    nodes = split(plan, tables)
    link(nodes, cards)
    ints, floats, room = TreeLayout(nodes, cards, starts).run()
    return Whole(ints, floats, prior, len(nodes), room, tuple(starts.tolist()))


def named_tree(whole: Whole, places: Mapping[str, Mapping[str, int]]) -> NamedTree | None:
    """Return a tree that takes names; None where the interpreter does not allow for it.

    Parameters
    ----------
    places : mapping of variable to mapping of state to int
        Place in the answer of each state.
    """
    frame = whole.make_frame(places)
    if frame is None:
        return None
    run.compile(SIGNATURE)
    entry = run.overloads[SIGNATURE.args].entry_point
    return NamedTree(entry, frame[0], whole.prior.size, frame)


def frame_of(
    places: Mapping[str, Mapping[str, int]],
    variables: int,
    nodes: int,
    room: int,
    arrays: Mapping[int, np.ndarray],
    numbers: Mapping[int, int],
) -> tuple[Any, ...] | None:
    """Return the frame that a kernel is given, with all that its addresses point to.

    Parameters
    ----------
    variables, nodes, room : int
        How many variables may be observed, how many nodes there are, the length of the work space.
    arrays, numbers : mapping of int
        What lies where in the frame.
    """
    if not objects_as_expected() or not all(type(v) is dict for v in (places, *places.values())):
        return None
    work = np.zeros(room)
    frame = np.zeros(numba.HEAD + 4 * nodes + variables, np.int64)
    for at, array in {**arrays, numba.WORK: work}.items():
        frame[at] = array.ctypes.data
    for at, number in numbers.items():
        frame[at] = number
    frame[[numba.NODES, numba.NAMES, numba.STR]] = nodes, id(places), id(str)
    frame[numba.MARKS] = frame.ctypes.data + WORD * numba.HEAD
    return frame, work, arrays, places


def quick_answer(
    whole: Whole, layout: Layout, prior: Callable[[], Posterior]
) -> Callable[[Mapping[str, str] | None], Posterior | None] | None:
    """Return what answers hard evidence by name; None if nothing can.

    It returns None on any trouble, be it with names, with numbers, or because P(e) = 0.
    """
    tree = named_tree(whole, layout.places)
    if tree is None:
        return None
    return Posterior.answering(layout, prior, tree.entry, tree.frame, tree)
