"""Batches of numbered states against single cases."""

import numpy as np
import pytest

from fascinet.engine.batch_patterns import by_pattern
from fascinet.engine.engine import Engine
from fascinet.model.network import Network


def check_rows(
    net: Network, states: np.ndarray, wanted: frozenset[int] | None, atol: float
) -> None:
    """Compare a batch, row by row, with the backend that knows no batches; ln P to 10 `atol`."""
    engine, slow = Engine(net, backend="numba"), Engine(net, backend="numpy")
    values, logs = by_pattern(engine.solver, states, True, wanted, 2)
    _, alone = by_pattern(engine.solver, states, False, None, 2)
    np.testing.assert_allclose(logs, alone, atol=10 * atol)
    names = net.variables
    targets = names if wanted is None else [names[v] for v in sorted(wanted)]
    for i, row in enumerate(states):
        hard = {v: net.states(v)[s] for v, s in zip(names, row, strict=True) if s >= 0}
        expected = slow.log_prob_evidence(hard)
        assert logs[i] == pytest.approx(expected, abs=10 * atol)
        if expected > -np.inf:
            want = slow.posterior(hard, targets=targets)
            for v in targets:
                place = engine.layout.slices[v]
                np.testing.assert_allclose(values[i, place], want.array(v), atol=atol)
