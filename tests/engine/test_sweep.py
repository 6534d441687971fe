"""Sweeps against enumeration, and on the shipped network where no tree fits."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given

from fascinet.engine import arrays
from fascinet.engine import junction as plan
from fascinet.engine.decompose import open_gates, star_scopes
from fascinet.engine.engine import Engine
from fascinet.engine.order import eliminate
from fascinet.model.build import build_network
from fascinet.model.load import load_knowledge
from tests.engine.test_oracle import check, quick
from tests.strategies import Query, queries

MANY_SIGNS = {
    "setting": "primary_care", "age_group": "60+", "sex": "male", "twitching": "yes",
    "weakness": "objective", "atrophy": "yes", "umn_signs": "yes", "twitch_duration": "months",
    "twitch_spread": "widespread", "cramps": "yes", "fatigue": "yes", "pain": "yes",
    "numbness_tingling": "distal", "anxiety_symptoms": "yes", "twitch_increasing": "yes",
    "emg": "widespread_denervation", "ncs": "normal", "bulbar": "no", "hyporeflexia": "no",
}  # fmt: skip


def only_sweeps(net, pattern, search=eliminate):
    opened = open_gates(net, pattern)
    scopes, cards, hubs = star_scopes(net, pattern, opened)
    if not opened.gates:
        return opened.out, plan.cheapest(scopes, cards, search)
    return plan.lay_sweep(net, pattern, opened, hubs)[0]


@quick
@given(query=queries(largest=9))
def test_sweeps_match_enumeration(query: Query) -> None:
    with (
        mock.patch.object(arrays, "SMALL_GATE", 0),
        mock.patch.object(plan, "lay_out", only_sweeps),
        mock.patch("fascinet.engine.sweep.ROUNDS", 30),
    ):
        check(query, Engine(query.network, backend="numpy"))


def test_sweep_and_tree_agree_on_the_shipped_network() -> None:
    network = build_network(load_knowledge())
    evidence = dict(list(MANY_SIGNS.items())[:7])
    answers = []
    for start in (0.0, np.inf):
        with mock.patch.object(plan, "SWEEP", start):
            answers.append(Engine(network).posterior(evidence))
    assert answers[0].log_prob_evidence == pytest.approx(answers[1].log_prob_evidence, rel=1e-12)
    for v in network.variables:
        np.testing.assert_allclose(answers[0].array(v), answers[1].array(v), rtol=1e-9, atol=1e-14)


def test_many_positive_findings_stay_within_the_budget() -> None:
    network = build_network(load_knowledge())
    with mock.patch.object(plan, "SWEEP", np.inf):
        tree = Engine(network).plan(MANY_SIGNS).entries
    engine = Engine(network)
    assert engine.plan(MANY_SIGNS).entries < min(tree / 10, engine.budget)
    assert engine.posterior(MANY_SIGNS, targets=["als"])["als"]["yes"] > 0.9
