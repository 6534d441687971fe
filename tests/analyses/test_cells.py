"""Programs laid out for analyses: nothing is lost, space never overlaps, any root will do."""

import numpy as np
import pytest

from fascinet.engine.analyses.bundle import run_bundle
from fascinet.engine.analyses.cells import BELOW, FACTOR, LIKELY, cells_of
from fascinet.engine.analyses.tree import lay_out, tree_of
from fascinet.engine.engine import Engine
from fascinet.engine.request import Request, pattern_of
from tests.analyses import networks
from tests.analyses.test_large import ALARM, read

CASES = {
    "asia": (networks.asia, {"dysp": "yes"}, ("lung", "smoke", "tub")),
    "clinic": (networks.clinic, {"twitching": "yes", "test": "odd"}, ("grave", "strain", "age")),
    "wide": (networks.wide, {"pain": "yes", "sign": "much"}, ("c0", "c3", "low")),
    "alarm": (lambda: read(ALARM), {"BP": "LOW", "CVP": "LOW"}, ("HYPOVOLEMIA", "LVFAILURE")),
}


@pytest.fixture(params=CASES)
def subject(request):
    build, evidence, soft = CASES[request.param]
    engine = Engine(build(), backend="core")
    index = engine.network.index
    states = {index[v]: engine.network.state_index(v, s) for v, s in evidence.items()}
    flat = {index[v]: np.ones(len(engine.network.states(v))) for v in soft}
    pattern = pattern_of(engine.arrays, Request(states, flat, frozenset()), frozenset())
    return engine, evidence, states, flat, engine.solver.program(pattern)


def scope_of(plan, cells, kind, number) -> tuple[int, ...]:
    if kind == FACTOR:
        return plan.factors.factors[number].scope
    return (number,) if kind == LIKELY else cells[number].scope[: cells[number].cut]


def test_every_operand_is_somewhere_once(subject) -> None:
    *_, flat, compiled = subject
    plan = compiled.plan
    for root in (None, *flat):
        cells = cells_of(plan, root)
        parts = [p for cell in cells for p in cell.parts]
        want = [(FACTOR, f) for c in plan.cliques for f in c.factors]
        want += [(LIKELY, v) for v in plan.pattern.soft]
        assert sorted(p for p in parts if p[0] != BELOW) == sorted(want)
        below = [number for kind, number in parts if kind == BELOW]
        assert len(set(below)) == len(below)
        for c, cell in enumerate(cells):
            for kind, number in cell.parts:
                assert kind != BELOW or number < c
                assert set(scope_of(plan, cells, kind, number)) <= set(cell.scope)
        if root is not None:
            assert cells[-1].scope == (root,) and cells[-1].cut == 0


def test_space_is_never_used_twice_at_a_time(subject) -> None:
    engine, *_, flat, compiled = subject
    for root in (None, *flat):
        tree = lay_out(compiled.plan, root)
        live: dict[int, range] = {}
        for c in range(len(tree.size)):
            span = range(int(tree.slots[c]), int(tree.slots[c] + tree.rows[c]))
            assert not any(set(span) & set(other) for other in live.values())
            assert span.stop <= tree.space
            live[c] = span
            for d in [d for d in live if tree.parent[d] == c]:
                del live[d]
    assert tree_of(engine.arrays, compiled, None) is tree_of(engine.arrays, compiled, None)


def test_any_root_gives_the_posterior(subject) -> None:
    engine, evidence, states, flat, _ = subject
    want = engine.posterior(evidence)
    for v in flat:
        name = engine.network.variables[v]
        rng = np.random.default_rng(3)
        likely = rng.uniform(0.0, 1.0, (9, len(flat[v])))
        likely[0], likely[1, 0] = 1.0, 0.0  # flat; a zero
        still = {u: x for u, x in flat.items() if u != v}
        logs, found = run_bundle(engine, states, still, {v: likely}, asked=[v])
        prior = np.array(list(want[name].values()))
        joint = likely * prior
        assert np.exp(logs - want.log_prob_evidence) == pytest.approx(joint.sum(axis=1), abs=1e-12)
        assert found[v] == pytest.approx(joint / joint.sum(axis=1, keepdims=True), abs=1e-12)
