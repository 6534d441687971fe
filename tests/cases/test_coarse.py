"""Findings in a run of states, merged, against the plain network with soft evidence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.engine.analyses.hypotheses import present
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.uncertainty import delta_bounds, posterior_gradient
from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic import intervals
from fascinet.engine.clinic.coarse import coarse_for, run_of
from fascinet.engine.clinic.divorce import Owner
from fascinet.engine.clinic.lanes import open_lanes
from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.engine.clinic.responsibility import disablement, disablement_of
from fascinet.model.case import Case
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network

CASE = {
    "findings": {"bulbar": "yes", "cramps": "yes"},
    "soft": {
        "twitch_spread": {"single_site": 1, "focal_limb": 1, "widespread": 0},
        "emg": {
            "normal": 0, "isolated_fasciculations": 0, "focal_neurogenic": 1,
            "widespread_denervation": 1,
        },
    },
}  # fmt: skip


def small_network(seed: int) -> Network:
    rng = np.random.default_rng(seed)
    states = {"a": ("no", "yes"), "b": ("no", "yes"), "f": tuple("0123"), "g": ("no", "yes")}
    rows = [np.vstack([[1.0, 0, 0, 0], rng.dirichlet(np.ones(4))]) for _ in range(2)]
    pair = [np.vstack([[1.0, 0], rng.dirichlet(np.ones(2))]) for _ in range(2)]
    return Network(
        states,
        {"b": ("a",), "f": ("a", "b"), "g": ("a", "b")},
        {
            "a": Table(rng.dirichlet(np.ones(2))),
            "b": Table(rng.dirichlet(np.ones(2), 2)),
            "f": NoisyMax(tuple(rows), rng.dirichlet(np.ones(4))),
            "g": NoisyMax(tuple(pair), rng.dirichlet(np.ones(2))),
        },
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), first=st.integers(0, 2), length=st.integers(2, 3))
def test_a_run_of_states_says_what_its_soft_evidence_says(
    seed: int, first: int, length: int
) -> None:
    network = small_network(seed)
    engine, last = Engine(network), min(first + length - 1, 3)
    yes = {s: float(first <= i <= last) for i, s in enumerate(network.states("f"))}
    case = Case(hard={"g": "yes"}, soft={"f": yes})
    coarse = coarse_for(engine, case)
    is_run = 1 < sum(yes.values()) < 4
    assert bool(coarse.runs) == is_run
    hard, soft = coarse.evidence(case)
    got = coarse.engine.posterior(hard, soft=soft)
    want = engine.posterior(case.hard, soft=case.soft)
    assert got.log_prob_evidence == pytest.approx(want.log_prob_evidence, abs=1e-12)
    for v in ("a", "b"):
        assert got.array(v) == pytest.approx(want.array(v), abs=1e-12)
    owners = [
        Owner("a", frozenset({"a"})),
        Owner("b", frozenset({"b"})),
        Owner("both", frozenset({"a", "b"}), together=True),
    ]
    lanes = open_lanes(engine, case, ("a", "b"), {"a": "no", "b": "no"}, ("a", "b"))
    shares = disablement_of(lanes, lanes.slopes()[2][-1], ["f", "g"], owners)
    slow = disablement(engine, ["f", "g"], case.hard, case.soft, owners)
    assert shares == pytest.approx(slow, abs=1e-12)


@pytest.mark.parametrize(
    ("given", "run"),
    [((0, 1, 1), (1, 2)), ((1, 1, 0), (0, 1)), ((1, 0, 1), None), ((0, 1, 0), None),
     ((1, 1, 1), None), ((0.2, 1, 1), None), ((0, 2, 2), None)],
)  # fmt: skip
def test_only_plain_runs_are_merged(given: tuple[float, ...], run: tuple[int, int] | None) -> None:
    network = shipped_reasoner().network
    states = network.states("twitch_spread")
    assert run_of(network, "twitch_spread", dict(zip(states, given, strict=True))) == run


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    return shipped_reasoner()


def test_intervals_are_those_of_the_long_way(reasoner: Reasoner) -> None:
    """Slopes by all parameters of the plain network, and the delta method over all of them."""
    found = reasoner.diagnose(CASE, tests=0, groups=False)
    case = reasoner.open(reasoner.read(CASE), None, {})
    causes = [e.cause for e in found.differential[:12]]
    wanted = [present(reasoner.network, c) for c in causes]
    slow = intervals.gradients(reasoner.engine, case, wanted)
    figures = parameters_of(reasoner.network)
    low, high = delta_bounds(figures, slow, intervals.row_sizes(reasoner.network))
    assert posterior_gradient(slow).shape[0] == len(causes)
    for i, cause in enumerate(causes):
        assert found[cause].posterior == pytest.approx(slow.posterior[i], abs=1e-12)
        assert found[cause].interval == pytest.approx((low[i], high[i]), abs=1e-9)


def test_a_diagnosis_reads_what_was_said_not_how_it_is_worked(reasoner: Reasoner) -> None:
    found = reasoner.diagnose(CASE)
    assert set(found.soft) == {"twitch_spread", "emg"} and "emg" not in found.hard
    plain = reasoner.engine.posterior(
        {**found.hard}, soft={k: dict(v) for k, v in found.soft.items()}, targets=("als",)
    )
    assert found.posterior["als"]["yes"] == pytest.approx(plain["als"]["yes"], abs=1e-12)
    assert found.log_prob_evidence == pytest.approx(plain.log_prob_evidence, abs=1e-10)


def test_groups_are_those_of_the_divorced_network(reasoner: Reasoner) -> None:
    """Against one engine in which each group acts on each finding through a node of its own."""
    from fascinet.engine.clinic.divorce import divorce
    from fascinet.engine.clinic.responsibility import shares

    case = reasoner.open(reasoner.read({"findings": CASE["findings"]}), None, {})
    owners = list(reasoner.group_owners)
    lanes = open_lanes(
        reasoner.engine, case, reasoner.askable, reasoner.rules.resting, reasoner.targets
    )
    findings = ("bulbar", "cramps")
    got = disablement_of(lanes, lanes.slopes()[2][-1], findings, owners)
    split = divorce(reasoner.network, findings, case.hard, owners)
    slow = Engine(split).derivatives(case.hard)
    assert got == pytest.approx(shares(split, slow, findings, case.hard, {}, owners), abs=1e-9)
