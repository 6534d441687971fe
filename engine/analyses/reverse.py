"""Slopes of P(e) and of P(e, h) by every parameter, for many hypotheses in one call.

A hypothesis is a soft finding, flat but in its own case, so that one program serves all of them.
The base of the engine holds parameters and sums of products of them; the solver's Jacobian leads
back from there to the parameters themselves.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.hypotheses import Hypothesis
from fascinet.engine.analyses.results import Array
from fascinet.engine.run.derivatives import slopes
from fascinet.engine.tables.request import Request, pattern_of

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


def joint_slopes(
    engine: "Engine",
    states: Mapping[int, int],
    soft: Mapping[int, Array],
    rivals: Sequence[Hypothesis],
) -> tuple[float, Array, Array]:
    """Return ln P(e), P(h | e) and the slopes of P(e), P(e, h) by all parameters, over P(e).

    Parameters
    ----------
    engine : Engine
    states : mapping of int to int
        Hard findings.
    soft : mapping of int to array
        Likelihoods.
    rivals : sequence of Hypothesis
        On variables that are not among the hard findings.

    Returns
    -------
    log_prob : float
        -inf if the evidence is impossible; the rest means nothing then.
    posterior : array, shape (H,)
    slopes : array, shape (H + 1, P)
        The last row is that of P(e).
    """
    net, index = engine.arrays, engine.network.index
    flat = {index[h.variable]: np.ones(len(h.indicator)) for h in rivals}
    request = Request(dict(states), flat | dict(soft), frozenset())
    loaded = engine.solver.program(pattern_of(net, request, frozenset()))
    seen, weights = engine.solver.case(request, loaded)
    rows = np.tile(weights, (len(rivals) + 1, 1))
    for row, h in zip(rows, rivals, strict=False):
        at = loaded.program.weights[index[h.variable]]
        row[at : at + len(h.indicator)] *= h.indicator
    logs, scales, found = slopes(loaded, seen, rows, engine.solver.jacobian)
    if logs[-1] > -np.inf:
        found *= np.exp(scales - logs[-1])[:, None]
    return float(logs[-1]), np.exp(logs[:-1] - logs[-1]), found
