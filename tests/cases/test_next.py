"""Expected gains against one posterior for each outcome of each test."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.exact_gains import Exact, exact_gain
from fascinet.engine.clinic.lanes import open_lanes
from fascinet.engine.clinic.next_tests import WORTH, expected_gains, units, weights
from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.engine.clinic.screen import Predictor
from fascinet.model.case import Case
from fascinet.model.gates import Table
from fascinet.model.network import Network

CASES = [
    {"weakness": "objective", "atrophy": "yes", "cramps": "yes"},
    {"eyelid_twitch": "yes", "twitch_duration": "days", "age_group": "18-39"},
    {"serum_ca": "low", "cramps": "yes"},
]


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    return shipped_reasoner()


def slow_gain(
    reasoner: Reasoner, engine: Engine, case: Case, causes: Sequence[str], name: str
) -> float:
    """H(causes | e) − Σ_s P(s | e) H(causes | e, s), each posterior asked for by itself."""

    def bits(evidence: dict[str, str]) -> float:
        found = engine.posterior(evidence, targets=causes)
        p = np.array([reasoner.present(found, c) for c in causes])
        return float(sum(-x * np.log2(x) for q in (p, 1 - p) for x in q if x > 0))

    base = engine.log_prob_evidence(case.hard)
    gain = bits(dict(case.hard))
    for state in engine.network.states(name):
        with_state = {**case.hard, name: state}
        log_prob = engine.log_prob_evidence(with_state)
        if log_prob > -np.inf:
            gain -= np.exp(log_prob - base) * bits(with_state)
    return gain


ASKED = ("weakness", "emg", "ncs", "serum_k", "mri", "bulbar", "twitch_increasing", "diabetes")


@pytest.mark.parametrize(
    ("name", "findings"), [(name, case) for name in ASKED for case in CASES if name not in case]
)
def test_gain_is_the_expected_fall_of_entropy(
    reasoner: Reasoner, name: str, findings: dict[str, str]
) -> None:
    case = reasoner.open(reasoner.read(findings), None, {})
    engine, resting = reasoner.engine, reasoner.rules.resting
    lanes = open_lanes(engine, case, reasoner.askable, resting, reasoner.targets)
    posterior = lanes.run()
    assert posterior is not None
    causes = [c for c in reasoner.causes if c not in case.hard]
    got = exact_gain(lanes, posterior, causes, name)
    assert got == pytest.approx(slow_gain(reasoner, engine, case, causes, name), abs=1e-9)


@pytest.mark.parametrize("findings", CASES)
def test_what_is_not_listed_is_worth_less(reasoner: Reasoner, findings: dict[str, str]) -> None:
    """Every unit worked out in full: none that is left out beats one that is listed."""
    case = reasoner.open(reasoner.read(findings), None, {})
    lanes = open_lanes(
        reasoner.engine, case, reasoner.askable, reasoner.rules.resting, reasoner.targets
    )
    posterior = lanes.run()
    assert posterior is not None
    known = {*case.hard}
    now = {c: p for c, p in reasoner.presence(posterior).items() if c not in known}
    causes = [c for c, p in now.items() if 1e-4 < p < 1 - 1e-4]
    weight = weights(reasoner, lanes, reasoner.presence(posterior), causes)
    every = [u for u in units(reasoner, known) if "biopsy" not in u.members]
    exact = Exact(lanes, posterior, causes, np.array([now[c] for c in causes]))
    bits = exact.bits([f for u in every for f in u.members])
    whole = {u.members[0]: np.array([bits[f] for f in u.members]).max(axis=0) @ weight / u.price
             for u in every}  # fmt: skip
    first = {f: u.members[0] for u in every for f in u.members}
    for count in (3, 10, None):
        shown = expected_gains(reasoner, lanes, posterior, count)
        scores = {first[t.finding]: t.score for t in shown if t.finding in first}
        alone = scores.keys() & {u.members[0] for u in every if len(u.members) == 1}
        assert all(scores[f] == pytest.approx(whole[f], abs=1e-9) for f in alone)
        for f, score in scores.items():  # the least tests of a session may be left out
            assert 0.95 * whole[f] <= score <= whole[f] + 1e-9
        free = [t.score for t in shown if not t.rules_out]  # the others stay in sight anyway
        line = WORTH if count is None or len(shown) < count else min(free, default=np.inf)
        left_out = {f: s for f, s in whole.items() if f not in scores}
        assert not {f: s for f, s in left_out.items() if s > 1.05 * line + 1e-9}
        assert not set(scores) & known


# -------------------------------------------------------------------- which tests, and how many

ALS = {"weakness": "objective", "atrophy": "yes", "umn_signs": "yes", "twitch_duration": "months",
       "twitch_spread": "widespread", "age_group": "60+"}  # fmt: skip
ROOT = {"foot_drop": "yes", "spine_pain": "yes", "weakness": "objective", "age_group": "40-59",
        "weakness_pattern": "one_root", "numbness_tingling": "focal"}  # fmt: skip
LID = {"eyelid_twitch": "yes", "twitch_spread": "single_site", "weakness": "none",
       "age_group": "18-39"}  # fmt: skip
PROVED = {**ALS, "emg": "widespread_denervation", "bulbar": "yes", "mri": "normal"}


@pytest.fixture(scope="module")
def listed(reasoner: Reasoner) -> dict[str, tuple]:
    cases = {"als": ALS, "root": ROOT, "lid": LID, "proved": PROVED}
    return {name: reasoner.diagnose({"findings": c}).next_tests for name, c in cases.items()}


BULBAR = {"bulbar": "yes", "tongue_signs": "yes", "progressive_course": "yes", "age_group": "60+"}
SETTINGS = ("general", "primary_care", "neuromuscular_clinic")


@pytest.mark.parametrize("picture", [ALS, BULBAR], ids=["limbs", "speech"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_emg_is_among_the_first_tests_for_a_classical_picture_of_als(
    reasoner: Reasoner, setting: str, picture: Mapping[str, str]
) -> None:
    """Among everybody a pressed cord is as likely by the limbs alone: then it is the MRI."""
    found = reasoner.diagnose({"findings": picture, "setting": setting})
    tests = [t for t in found.next_tests if _is_test(t)][:3]
    wanted = {"emg"} if found.differential[0].cause == "als" else {"mri"}
    assert any(wanted & set(_all(t)) for t in tests)
    assert setting == "general" or wanted == {"emg"}


@pytest.mark.parametrize("setting", SETTINGS)
def test_mri_comes_before_biopsy_for_a_root_with_a_deficit(
    reasoner: Reasoner, setting: str
) -> None:
    names = [_all(t) for t in reasoner.diagnose({"findings": ROOT, "setting": setting}).next_tests]
    mri = next(i for i, n in enumerate(names) if "mri" in n)
    assert not any("biopsy" in n for n in names[: mri + 1])


def test_the_list_ends_once_the_cause_is_proved(listed) -> None:
    assert len(listed["proved"]) <= len(listed["als"]) / 2
    assert all(t.score >= WORTH or t.rules_out for name in listed for t in listed[name])


def test_a_lid_twitch_keeps_no_test_for_a_grave_cause_that_it_does_not_raise(listed) -> None:
    kept = {c for t in listed["lid"] for c in t.rules_out}
    assert not kept & {"sodium_disorder", "hypokalaemia", "als"}


def test_one_session_is_one_suggestion_and_biopsy_costs_most(reasoner: Reasoner, listed) -> None:
    for found in listed.values():
        seen = [f for t in found for f in _all(t)]
        assert len(seen) == len(set(seen))
    every = {u.members: u for u in units(reasoner, set())}
    price = {f: u.price for members, u in every.items() for f in members}
    assert price["emg"] == price["ncs"] and price["mri"] == price["cerebellar_imaging"]
    assert price["biopsy"] == max(price.values()) > price["mri"] > price["serum_k"]
    assert all(u.price == 1 for u in every.values() if not u.is_test)


def test_the_gain_of_a_session_is_at_least_that_of_its_best_test(reasoner: Reasoner) -> None:
    case = reasoner.open(reasoner.read(CASES[0]), None, {})
    lanes = open_lanes(
        reasoner.engine, case, reasoner.askable, reasoner.rules.resting, reasoner.targets
    )
    posterior = lanes.run()
    assert posterior is not None
    known = {*case.hard, *case.do}
    causes = [c for c in reasoner.causes if c not in known
              and 1e-4 < lanes.present(posterior, c) < 1 - 1e-4]  # fmt: skip
    for test in expected_gains(reasoner, lanes, posterior, 10):
        if test.includes:
            each = [exact_gain(lanes, posterior, causes, f) for f in test.includes]
            assert max(each) - 1e-9 <= test.expected_gain_bits <= sum(each) + 1e-9


def test_findings_that_are_all_tables_are_predicted_from_their_parents() -> None:
    states = ("yes", "no")
    network = Network(
        {"ill": states, "sign": states},
        {"sign": ("ill",)},
        {"ill": Table(np.array([0.2, 0.8])), "sign": Table(np.array([[0.9, 0.1], [0.3, 0.7]]))},
        meta={"ill": {"kind": "cause"}, "sign": {"kind": "finding"}},
    )
    predicted = Predictor(network)(np.array([[0.2], [0.8], [0.0], [0.0]]))
    found = Engine(network).posterior({})["sign"]
    assert predicted[:, 0] == pytest.approx([found["yes"], found["no"]], abs=1e-12)


def _all(test) -> tuple[str, ...]:
    return test.includes or (test.finding,)


def _is_test(test) -> bool:
    return shipped_reasoner().digest.tests.get(test.finding) is not None
