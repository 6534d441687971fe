"""Slopes of P(e) and of P(e, h) by every parameter, for many hypotheses in one call.

A hypothesis is a soft finding, flat but in its own case, so that one program serves all of them.
The base of the engine holds parameters and sums of products of them; `jacobian` leads back from
there to the parameters themselves.
"""

IMPORTS


class _Collector:
    def __init__(self) -> None:
        self.rows: list[tuple[int, Index, Array]] = []

    def add(self, parameter: int, offset: int, derivative: Array) -> None:
        """Note the derivative of a stretch of the base by one parameter."""
        flat = derivative.reshape(-1)
        some = np.flatnonzero(flat)
        self.rows.append((parameter, some + offset, flat[some]))


_known: WeakKeyDictionary[Network, Jacobian] = WeakKeyDictionary()


def know_jacobian(network: Network, table: Jacobian) -> Jacobian:
    """Take the Jacobian of a network from an earlier run; return it."""
    return _known.setdefault(network, table)


@lru_cache(maxsize=8)
def jacobian(network: Network) -> Jacobian:
    """Return the derivative of every number of the base by every parameter, kept per network."""
    if network in _known:
        return _known[network]
    out = _Collector()
    at = 0
    for v, blocks in zip(network.variables, network_arrays(network).blocks, strict=True):
        gate = network.gate(v)
        if isinstance(gate, Table):
            for k in range(gate.values.size):
                out.rows.append((at + k, np.array([blocks.offset + k]), np.ones(1)))
        elif isinstance(gate, NoisyMax) and blocks.is_max:
            _large(out, at, gate, blocks)
        elif isinstance(gate, NoisyMax):
            _small(out, at, gate, blocks.offset)
        else:
            assert isinstance(gate, Function)
        at += sum(a.size for a in gate_figures(gate))
    rows = sorted(out.rows, key=lambda row: row[0])
    sizes = [len(r[1]) for r in rows]
    return Jacobian(
        np.repeat([r[0] for r in rows], sizes).astype(np.int64),
        np.concatenate([r[1] for r in rows]),
        np.concatenate([r[2] for r in rows]),
        at,
    )


def _units(shape: tuple[int, ...]) -> Array:
    """Return one array a place, with a one there: shape (size, *shape)."""
    size = int(np.prod(shape))
    return np.eye(size).reshape((size, *shape))


def _small(out: _Collector, at: int, gate: NoisyMax, offset: int) -> None:
    """Note a gate worked as a table: its entries are linear in each row."""
    arrays = gate_figures(gate)
    for i, array in enumerate(arrays):
        flat = array.reshape(-1, gate.states)
        for row in range(len(flat)):
            corners: list[Array] = []
            for j in range(gate.states):
                moved = flat.copy()
                moved[row] = np.eye(gate.states)[j]
                parts = [*arrays]
                parts[i] = moved.reshape(array.shape)
                corners.append(NoisyMax(tuple(parts[:-1]), parts[-1]).to_table())
            shared = np.min(corners, axis=0)
            for j, corner in enumerate(corners):
                out.add(at + row * gate.states + j, offset, corner - shared)
        at += array.size


def _large(out: _Collector, at: int, gate: NoisyMax, blocks: GateBlocks) -> None:
    """Note a gate worked link by link; every table is linear in the link and in the leak."""
    leak_at = at + sum(link.size for link in gate.links)
    units = _units((gate.states,))
    for j, unit in enumerate(units):
        out.add(leak_at + j, blocks.offset, unit)
    for link, where in zip(gate.links, blocks.links, strict=True):
        step, bstep = step_table(link), bstep_table(link)
        for j, unit in enumerate(units):
            out.add(leak_at + j, where.first, first_table(unit, step))
            out.add(leak_at + j, where.bfirst, bfirst_table(unit, bstep))
        for j, unit in enumerate(_units(link.shape)):
            move, bmove = step_table(unit), bstep_table(unit)
            out.add(at + j, where.link, unit)
            out.add(at + j, where.step, move)
            out.add(at + j, where.bstep, bmove)
            out.add(at + j, where.first, first_table(gate.leak, move))
            out.add(at + j, where.bfirst, bfirst_table(gate.leak, bmove))
        at += link.size


