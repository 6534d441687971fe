"""The reverse pass against re-inference with each row of parameters at its vertices."""

import numpy as np
import pytest

from fascinet.engine.analyses.access import gradients
from fascinet.engine.analyses.covariation import slopes
from fascinet.engine.analyses.hypotheses import differential, states_of
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.api.engine import Engine
from tests.analyses import networks
from tests.oracle import weigh


def vertex_gradient(network, evidence, soft):
    """P(e) with the row of each parameter at that parameter's vertex: linear, so its slope."""
    figures = parameters_of(network)
    out = []
    for i in range(len(figures.values)):
        values = figures.values.copy()
        values[figures.place(i)[0]] = 0.0
        values[i] = 1.0
        out.append(weigh(figures.rebuild(values), evidence, soft).sum())
    return np.array(out)


CASES = [
    (networks.asia, {"xray": "yes", "dysp": "no"}, {}),
    (networks.asia, {}, {"dysp": [0.3, 0.9]}),
    (networks.asia, {"lung": "yes"}, {}),
    (networks.clinic, {"twitching": "yes", "weakness": "objective"}, {}),
    (networks.clinic, {"weakness": "none", "any_cause": "yes"}, {"test": [0.1, 0.5, 1.0]}),
    (networks.deterministic, {"or": "yes"}, {}),
    (networks.wide, {"pain": "yes", "low": "no", "test": "odd"}, {}),
    (networks.wide, {"sign": "some", "low": "yes"}, {"pain": [0.2, 0.7]}),
]


@pytest.mark.parametrize("backend", ["numpy", "core"])
@pytest.mark.parametrize(("build", "evidence", "soft"), CASES)
def test_slopes_equal_vertex_reinference(build, evidence, soft, backend) -> None:
    network = build()
    rivals = differential(network) or states_of(network, network.variables[1])
    found = gradients(Engine(network, backend=backend), evidence, soft, rivals)
    figures = parameters_of(network)
    scale = np.exp(found.log_prob_evidence)
    assert scale == pytest.approx(weigh(network, evidence, soft).sum())
    want = slopes(vertex_gradient(network, evidence, soft), figures.values, figures.row)
    got = slopes(found.evidence, figures.values, figures.row) * scale
    assert got == pytest.approx(want, abs=1e-12)
    for h, joint in zip(rivals, found.joint, strict=True):
        if h.variable in {*evidence, *soft}:
            continue
        raw = vertex_gradient(network, evidence, {**soft, h.variable: h.indicator})
        want = slopes(raw, figures.values, figures.row)
        assert slopes(joint, figures.values, figures.row) * scale == pytest.approx(want, abs=1e-12)
