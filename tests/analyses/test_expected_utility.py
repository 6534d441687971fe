"""The value of a test in utilities, against re-inference."""

import numpy as np
import pytest

from fascinet.engine.analyses.expected_utility import expected_utility
from fascinet.engine.analyses.value_of_information import present_mask
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import ImpossibleEvidenceError, OptionError, UnknownVariableError
from fascinet.model.shipped import shipped_network
from tests.analyses import networks
from tests.analyses.test_large import ALARM, read

SUBJECTS = {
    "asia": (networks.asia, {"dysp": "yes"}, {"lung": 10.0, "tub": 5.0}, {"tub": 0.3}),
    "clinic": (networks.clinic, {"twitching": "yes"}, {"grave": 100.0, "strain": 2.0}, {}),
    "alarm": (
        lambda: read(ALARM), {"BP": "LOW"}, {"HYPOVOLEMIA": 3.0, "LVFAILURE": 9.0}, {},
    ),
    "shipped": (
        shipped_network, {"setting": "primary_care", "twitching": "yes", "weakness": "objective"},
        {"als": 10.0, "hypokalaemia": 6.0}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SUBJECTS)
def test_value_is_the_loss_saved(name) -> None:
    build, evidence, harms, alarms = SUBJECTS[name]
    engine = Engine(build(), backend="core")
    found = expected_utility(engine, harms, evidence, alarms=alarms)
    masks = {c: present_mask(engine.network, c) for c in harms}

    def loss(given: dict[str, str]) -> float:
        now = engine.posterior(given)
        shares = {c: float(np.array(list(now[c].values()))[m].sum()) for c, m in masks.items()}
        return sum(min(p * harms[c], (1 - p) * alarms.get(c, 1.0)) for c, p in shares.items())

    assert found.loss == pytest.approx(loss(evidence), abs=1e-9)
    now = engine.posterior(evidence)
    for v in (*found.variables[:3], found.variables[-1]):
        after = sum(p * loss({**evidence, v: s}) for s, p in now[v].items() if p > 0.0)
        gain = found.gain[found.variables.index(v)]
        assert gain == pytest.approx(found.loss - after, abs=1e-9)


def test_a_test_that_changes_nothing_done_is_worth_nothing_though_it_tells() -> None:
    engine = Engine(networks.asia())
    harms = {"lung": 1e-3}  # never worth acting on
    found = expected_utility(engine, harms, {"dysp": "yes"}, ["xray"])
    assert found.gain[0] == 0.0 and found.stop
    assert engine.value_of_information("lung", {"dysp": "yes"}, ["xray"]).bits[0] > 0.2


def test_questions_are_free_and_tests_have_their_price() -> None:
    found = expected_utility(Engine(networks.clinic()), {"grave": 50.0}, {"twitching": "yes"},
                             price=0.5)  # fmt: skip
    rows = found.to_frame().set_index("variable")
    assert rows.loc["test", "net"] == pytest.approx(rows.loc["test", "gain"] - 0.5)
    assert rows.loc["weakness", "net"] == rows.loc["weakness", "gain"]


def test_bad_tables_are_refused() -> None:
    engine = Engine(networks.asia())
    with pytest.raises(OptionError, match="0 or more"):
        expected_utility(engine, {"lung": -1.0})
    with pytest.raises(UnknownVariableError, match="lungs"):
        expected_utility(engine, {"lungs": 1.0})
    with pytest.raises(ImpossibleEvidenceError):
        expected_utility(engine, {"bronc": 1.0}, {"lung": "yes", "either": "no"})
