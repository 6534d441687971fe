"""The warnings outside the model: what has no place, what fits badly, and how often they fire."""

import json
from pathlib import Path

import numpy as np
import pytest

import fascinet as fn
from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.clinic.outlook import (
    LINE,
    OUTSIDE,
    bad_fit,
    line,
    outlook,
    unresolved,
    without_place,
)
from fascinet.engine.clinic.outside_rates import packet_rate, simulated_cases
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.case import Unmapped

FINDINGS = ("weakness", "cramps", "insomnia", "anxiety_symptoms", "sensory_loss")
SHARED = Path(__file__).parents[1] / "data" / "cases" / "packets"


def test_conflict_beyond_a_line_is_bounded_by_markov() -> None:
    """The mean of exp(conflict) over the persons of the network is at most one."""
    reasoner = shipped_reasoner()
    ground = {"setting": "primary_care", "twitching": "yes"}
    network, engine = reasoner.network, reasoner.engine
    names = [v for v in FINDINGS if v in network.index]
    assert len(names) == len(FINDINGS)
    prior = engine.posterior(ground)
    column = simulate(network, 5_000, seed=1)
    fits = np.all([column[v] == network.state_index(v, s) for v, s in ground.items()], axis=0)
    cases = [
        {v: network.states(v)[column[v][i]] for v in names} for i in np.flatnonzero(fits)[:300]
    ]
    logs = engine.batch_log_prob([({**ground, **case}, {}) for case in cases])
    together = logs - prior.log_prob_evidence
    alone = [sum(np.log(prior[v][s]) for v, s in case.items()) for case in cases]
    odd = np.array(alone) - together
    assert np.exp(odd).mean() <= 1.0 + 4 * np.exp(odd).std() / np.sqrt(len(odd))


def gaps(n: int, excluded: bool = False) -> list[Unmapped]:
    return [Unmapped(f"HP:{i}", "", "", excluded) for i in range(n)]


@pytest.mark.parametrize(
    ("known", "unknown", "warns"),
    [(0, 2, False), (0, 3, True), (3, 3, True), (4, 3, False), (30, 20, False), (10, 10, True)],
)
def test_most_without_a_place_warns(known: int, unknown: int, warns: bool) -> None:
    assert (without_place(known, gaps(unknown)) is not None) == warns


def test_what_was_denied_or_is_an_exposure_is_no_gap() -> None:
    assert without_place(0, gaps(9, excluded=True)) is None
    assert without_place(0, [Unmapped(f"exposure:{i}", "") for i in range(9)]) is None


def test_a_cause_that_rises_enough_resolves_the_conflict() -> None:
    before = {"x": 0.01, "y": 0.2}
    assert unresolved(3.0, before, {"x": 0.011, "y": 0.2}) == pytest.approx(3.0 - np.log(1.1))
    assert unresolved(3.0, before, {"x": 0.9, "y": 0.1}) < 0.0
    assert unresolved(3.0, before, {"x": 0.001, "y": 0.1}) == 3.0
    odd = 2.0
    at_line = {"x": 0.0101 * np.exp(odd - line(5)), "y": 0.2}  # resolves all that is above the line
    below = {"x": at_line["x"] * 0.98, "y": 0.2}
    assert bad_fit(odd, before, below, 5) and not bad_fit(odd, before, at_line, 5)
    assert bad_fit(0.01, before, before, 5) and not bad_fit(0.0, before, before, 5)
    assert not bad_fit(1e-15, before, before, 0)  # nothing but the complaint: rounding only
    assert outlook(9, (), odd, before, {"x": 0.9, "y": 0.1}, 5) == ()
    both = outlook(0, gaps(4), odd, before, before, 5)
    assert len(both) == 2 and all(w.startswith(OUTSIDE) for w in both)


def test_the_line_is_read_by_the_number_of_findings() -> None:
    starts = [n for n, _ in LINE]
    assert starts[0] == 0 and starts == sorted(starts)
    for i, (n, value) in enumerate(LINE):
        assert line(n) == value
        if i:
            assert line(n - 1) == LINE[i - 1][1]
    assert line(10_000) == LINE[-1][1]


def test_diagnose_carries_the_warning_and_the_outlook_says_the_same() -> None:
    features = [{"type": {"id": "HP:0000175", "label": "Cleft palate"}},
                {"type": {"id": "HP:0001627", "label": "Abnormal heart morphology"}},
                {"type": {"id": "HP:0002240", "label": "Hepatomegaly"}},
                {"type": {"id": "HP:0000023", "label": "Inguinal hernia"}},
                {"type": {"id": "HP:0001324", "label": "Muscle weakness"}}]  # fmt: skip
    packet = {"id": "x", "subject": {"id": "x"}, "phenotypicFeatures": features,
              "metaData": {"phenopacketSchemaVersion": "2.0"}}  # fmt: skip
    found = fn.diagnose(packet)
    assert any(w.startswith(OUTSIDE) for w in found.warnings)
    reasoner = shipped_reasoner()
    seen = reasoner.outlook(reasoner.read(packet))
    assert seen.warnings == tuple(w for w in found.warnings if w.startswith(OUTSIDE))
    assert seen.conflict == pytest.approx(found.conflict)
    plain = fn.diagnose({"weakness": "objective", "atrophy": "yes"})
    assert not any(w.startswith(OUTSIDE) for w in plain.warnings)


def test_few_of_the_published_cases_are_warned_of() -> None:
    reasoner = shipped_reasoner()
    files = sorted(SHARED.glob("*.json"))
    gap = 0
    for file in files:
        case = reasoner.read(json.loads(file.read_text()), strict=False)
        there = [v for v, s in case.hard.items() if s != reasoner.rules.resting[v]]
        gap += without_place(len(there), case.unmapped) is not None
    assert len(files) >= 50 and gap <= 0.06 * len(files)


def test_simulated_cases_have_the_complaint_and_a_rate_needs_cases(tmp_path: Path) -> None:
    reasoner = shipped_reasoner()
    cases = list(simulated_cases(reasoner, 20, seed=3))
    assert len(cases) == 20 and all(c.hard["twitching"] == "yes" for c in cases)
    assert cases == list(simulated_cases(reasoner, 20, seed=3))
    with pytest.raises(fn.errors.CaseError, match="expected cases"):
        packet_rate(reasoner, tmp_path)
