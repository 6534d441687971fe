"""The reverse pass by compiled kernels: flat for small programs, tiled for large ones."""

# pyright: basic
from collections.abc import Mapping

import numpy as np

from fascinet.engine import native
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.derivatives_tiles_numba import reverse_tiles
from fascinet.engine.native import NativeProgram, load_rows, observed_states, scratch
from fascinet.engine.tiles_numba import collect_tiles
from fascinet.model.gates import Array

LARGE = 20_000  # entries from which tiles are faster, unless the base is larger than this many
SHARE = 2  # times the entries: the tiled program's derivatives are put in the base's order


def derivatives(
    net: NetworkArrays, program: NativeProgram, states: dict[int, int], soft: Mapping[int, Array]
) -> tuple[int, float, Array]:
    """Return a status, ln P(e) and ∂ ln P / ∂ base of a case."""
    entries = program.plan.entries
    if program.keep or entries < LARGE or SHARE * entries < net.base.size:
        return native.derivatives(net, program, states, soft)
    return by_tiles(net, program, states, soft)


def by_tiles(
    net: NetworkArrays, program: NativeProgram, states: dict[int, int], soft: Mapping[int, Array]
) -> tuple[int, float, Array]:
    """Do as `derivatives` does, by the tiled program."""
    ints, obs, axes = program.tiles, observed_states(net, states), program.net.axes
    base = net.ordered if net is program.net else axes.copy(net.base)
    work, starts = scratch(int(ints[9])), np.empty(int(ints[2]) + int(ints[5]), np.int64)
    load_rows(program, soft, work)
    live = np.empty(int(ints[16]), np.bool_)
    status, log_prob = collect_tiles(ints, base, obs, work, starts, live)
    grad = np.zeros(base.size)
    if status == native.DONE:
        lam = scratch(int(ints[10]), "lam")
        lam[: ints[10]] = 0.0
        buf = scratch((int(ints[24]) + 3) * int(ints[11] - ints[10]), "left")
        reverse_tiles(ints, base, obs, work, starts, lam, grad, buf)
    return status, log_prob, grad.take(axes.places)
