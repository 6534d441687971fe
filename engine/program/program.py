"""The one representation: a tree of tables as named arrays, the same records as in C++.

A node is one variable that is summed out, and its separator. Its table T has a row for each state
of the variable and a column for each configuration of the separator; its parent is the node of the
separator's variable that is eliminated first. How the axes lie, and which factors meet in joins,
nodes without a variable, is told in `arrange.py`.

    collect      T = product of operands, children's messages, weight of the row
                 message = sum of the rows of T
    distribute   belief of a root's empty separator is 1
                 B = T * belief / message; its row sums are the variable's marginal,
                 its other sums are the beliefs of the children's separators

Nodes lie children before parents. A node is `conditional` if its operands alone sum to 1 over the
rows: with nothing known at it or below it, it sends ones.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Records = NDArray[np.void]


def record(names: str) -> np.dtype[np.void]:
    """Return a structured dtype of int64 fields."""
    return np.dtype([(name, np.int64) for name in names.split()])


NODE = record(
    "variable states width parent place weight conditional axes axes_end operands operands_end "
    "children children_end seen table message"
)
AXIS = record("variable states")
OPERAND = record("offset block strides slices slices_end")
SLICE = record("variable stride")


@dataclass(frozen=True, eq=False)
class Program:
    """A compiled junction tree for one pattern of evidence.

    Attributes
    ----------
    nodes : NODE records
        `width` is the number of separator entries; `place` where the marginal goes in an answer (-1
        for auxiliary variables); `weight` where the row weights start among the weights (-1 for
        none); `axes`, `operands`, `children` are ranges into the arrays of these names; `seen`
        is where the parent's view of the message starts in `strides`; `table` and `message` are
        starts in the work space.
    axes : AXIS records
        The separator's.
    operands : OPERAND records
        A window on the base: its offset, the block of the base that it lies in, where its strides
        start (over the rows, then over the separator's axes), and its slices.
    slices : SLICE records
        An offset moves by stride times the observed state of a variable.
    strides, children : int64 arrays
    scalars : OPERAND records
        Factors without free variables.
    weights : int64 array, shape (variables,)
        Where each variable's row weights start; -1 if it has none.
    observed : bool array, shape (variables,)
    queries : tuple of int
        Noisy-MAX leaves to ask on the calibrated tree.
    sizes : int64 array
        Of the tables, the messages, the weights, an answer.
    """

    nodes: Records
    axes: Records
    operands: Records
    slices: Records
    strides: Ints
    children: Ints
    scalars: Records
    weights: Ints
    observed: NDArray[np.bool_]
    queries: tuple[int, ...]
    sizes: Ints

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def entries(self) -> int:
        """Entries of all tables."""
        return int(self.sizes[0])

    @cached_property
    def node_of(self) -> dict[int, int]:
        """The node of each free variable."""
        return {v: i for i, v in enumerate(self.nodes["variable"].tolist())}

    def __getstate__(self) -> dict[str, Any]:
        """Return the arrays alone: what was prepared of them is made again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
