"""All derivatives of a small network of tables by one fixed tree, ready for any hard evidence.

A node of the tree has a variable and a separator (`derivatives_layout.py`), F, the product of its
tables, and for each of them G, the product of the others: so a case multiplies only messages. With
m the messages from below and λ the derivative that comes from above, an entry that fits the
evidence gives

    ∂ ln P / ∂ table += λ · G · ∏ m,      λ of one below = Σ λ · F · ∏ m of the others below,

products taken from the left and from the right: nothing is divided, zeros stay exact.
"""

# pyright: basic
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fascinet.engine import derivatives_nodes_numba as numba
from fascinet.engine.decompose import Pattern
from fascinet.engine.derivatives_layout import DerivativeLayout
from fascinet.engine.solver import WHOLE, Solver
from fascinet.engine.whole import NamedTree, frame_of
from fascinet.engine.whole_names_numba import SIGNATURE
from fascinet.model.gates import Array


@dataclass(frozen=True)
class DerivativeTree:
    """What the kernel reads; see `derivatives_nodes_numba.py`.

    Attributes
    ----------
    ints : int32 array
    floats : array
        Messages without evidence, tables, and last ln of what the tables were divided by.
    nodes, scratch, room : int
        How many nodes there are, where the scratch starts, the length of the work space.
    size : int
        Values of the base.
    covered : bool
        Whether the tables cover the base, so that it need not be cleared first.
    """

    ints: np.ndarray
    floats: Array
    nodes: int
    scratch: int
    room: int
    size: int
    covered: bool


def derivative_tree(solver: Solver) -> DerivativeTree | None:
    """Return the tree of a solver's network; None where patterns serve better.

    That is where the network is large, or has noisy-MAX gates.
    """
    net = solver.net
    if any(b.raw for b in net.blocks):
        return None
    plan = solver.plan(Pattern())
    if plan.entries > min(WHOLE, solver.budget) or plan.scalars:
        return None
    layout = DerivativeLayout(net, plan, solver.starts)
    if not layout.dense:
        return None
    ints, floats, scratch, room = layout.lay_out()
    covered = layout.entries == net.base.size
    floats = np.append(floats, layout.log_scale)
    return DerivativeTree(ints, floats, len(layout.nodes), scratch, room, net.base.size, covered)


def named_derivatives(
    tree: DerivativeTree, places: Mapping[str, Mapping[str, int]]
) -> NamedTree | None:
    """Return a tree that takes names; None where the interpreter does not allow for it.

    Parameters
    ----------
    places : mapping of variable to mapping of state to int
        Place of each state among those of all variables.
    """
    arrays = {numba.INTS: tree.ints, numba.FLOATS: tree.floats}
    numbers = {
        numba.BASE: tree.size, numba.SCRATCH: tree.scratch, numba.LOG: tree.floats.size - 1,
    }  # fmt: skip
    frame = frame_of(places, len(places), tree.nodes, tree.room, arrays, numbers)
    if frame is None:
        return None
    numba.derive.compile(SIGNATURE)
    entry = numba.derive.overloads[SIGNATURE.args].entry_point
    return NamedTree(entry, frame[0], tree.size, frame)


def quick_derivatives(
    solver: Solver, places: Mapping[str, Mapping[str, int]]
) -> Callable[[dict[str, str]], tuple[float, Array] | None] | None:
    """Return what gives ln P(e) and ∂ ln P / ∂ base of a dict of names; None if nothing can.

    It returns None on any trouble, be it with names, with numbers, or because P(e) = 0.
    """
    tree = derivative_tree(solver)
    named = None if tree is None else named_derivatives(tree, places)
    if tree is None or named is None:
        return None
    entry, frame, size = named.entry, named.frame, named.size
    fresh, never = np.empty if tree.covered else np.zeros, -np.inf

    def answer(given: dict[str, str], _tree: NamedTree = named) -> tuple[float, Array] | None:
        grad = fresh(size)
        log_prob = entry(frame, given, grad)
        return (log_prob, grad) if log_prob > never else None

    return answer
