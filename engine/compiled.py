"""A plan with its programs, each made when it is first wanted."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.junction import Plan
from fascinet.engine.steps import Program, compile_program

if TYPE_CHECKING:
    from fascinet.engine.native import NativeProgram


class Compiled:
    """What the cache keeps for one pattern of evidence.

    Attributes
    ----------
    plan : Plan
    """

    def __init__(self, net: NetworkArrays, plan: Plan, starts: NDArray[np.int64]) -> None:
        self.plan, self._net, self._starts = plan, net, starts

    @cached_property
    def steps(self) -> Program:
        """The program as NumPy runs it."""
        return compile_program(self._net, self.plan)

    @cached_property
    def flat(self) -> "NativeProgram":
        """The program as the compiled kernels run it."""
        from fascinet.engine.native import NativeProgram

        return NativeProgram(self._net, self.plan, self._starts)
