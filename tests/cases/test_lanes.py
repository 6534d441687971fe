"""One program for all questions about a case: however it is found and run, it says the same."""

from typing import Any

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic import lanes as room
from fascinet.engine.clinic.differential import Differential
from fascinet.engine.clinic.lanes import Lanes, open_lanes
from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.engine.plan import layout
from fascinet.engine.tables.factors import catalogue, open_gates
from fascinet.model.errors import BudgetError, ImpossibleEvidenceError

CASE = {"weakness": "objective", "atrophy": "yes", "cramps": "yes", "bulbar": "yes"}


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    return shipped_reasoner()


def lanes_of(reasoner: Reasoner, findings: dict[str, Any]) -> Lanes:
    case = reasoner.open(reasoner.read(findings), None, {})
    return open_lanes(
        reasoner.engine_for(case.do), case, reasoner.askable, reasoner.rules.resting,
        reasoner.targets,
    )  # fmt: skip


def fresh(reasoner: Reasoner) -> Lanes:
    return lanes_of(reasoner, CASE)


def test_a_longer_search_finds_no_larger_tree_and_the_same_answer(
    reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = fresh(reasoner)
    monkeypatch.setattr(layout, "LARGE", 0)
    solver = reasoner.engine.solver
    planner = layout.Planner(solver.net)
    pattern = plain.ready[0].plan.pattern
    opened = open_gates(solver.net, catalogue(solver.net), pattern)
    short, long = planner.lay_out(opened, False), planner.lay_out(opened, True)
    assert long[1].work <= short[1].work
    again = fresh(Reasoner(reasoner.digest, reasoner.network, Engine(reasoner.network)))
    one, other = plain.run(), again.run()
    assert one is not None and other is not None
    assert other.log_prob_evidence == pytest.approx(one.log_prob_evidence, abs=1e-11)
    for cause in reasoner.causes:
        assert other.array(cause) == pytest.approx(one.array(cause), abs=1e-12)


def test_rows_in_threads_say_what_rows_side_by_side_say(
    reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = fresh(reasoner)
    changes = [{c: 1.0 - lanes.at_rest(c)} for c in reasoner.causes[:11]]
    together = lanes.answers(changes)
    monkeypatch.setattr(room, "LANES", 0)
    apart = lanes.answers(changes)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-11)


def test_an_exception_in_a_row_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(rows: slice) -> None:
        if rows.start == 2:
            raise ValueError("row 2")

    with pytest.raises(ValueError, match="row 2"):
        room.share_out(work, 5, room.LANES + 1)


WIDESPREAD = {"normal": 0, "isolated_fasciculations": 0, "focal_neurogenic": 0.5,
              "widespread_denervation": 1}  # fmt: skip
PICTURES = [
    {"findings": CASE},
    {"findings": CASE, "soft": {"age_group": {"18-39": 0, "40-59": 0.3, "60+": 0.7}}},
    {"findings": CASE | {"sex": "male"}, "soft": {"emg": WIDESPREAD}},
    {"findings": {"twitch_spread": "widespread", "eyelid_twitch": "yes", "als": "no"}},
    {"findings": CASE, "do": {"caffeine_excess": "no", "age_group": "40-59"}},
]


@pytest.mark.parametrize("case", PICTURES)
def test_given_each_age_and_sex_a_diagnosis_says_what_it_says_of_the_whole(
    reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch, case: dict[str, Any]
) -> None:
    found: list[Differential] = []
    parts: list[int] = []
    for whole in (0, 2**60):
        monkeypatch.setattr(room, "WHOLE", whole)
        found.append(reasoner.diagnose(case))
        parts.append(len(lanes_of(reasoner, case).ready.cutset))
    one, other = found
    assert parts[0] > parts[1] == 1
    assert one.log_prob_evidence == pytest.approx(other.log_prob_evidence, abs=1e-12)
    assert one.conflict == pytest.approx(other.conflict, abs=1e-11)
    for name in (*reasoner.targets, "age_group", "sex"):
        np.testing.assert_allclose(
            one.posterior.array(name), other.posterior.array(name), rtol=1e-10, atol=1e-12
        )
    for a, b in zip(one.differential, other.differential, strict=True):
        assert a.cause == b.cause
        assert a.responsibility == pytest.approx(b.responsibility, abs=1e-12)
        assert a.interval == pytest.approx(b.interval, abs=1e-12)
    for a, b in zip(one.groups, other.groups, strict=True):
        assert (a.group, a.score) == (b.group, pytest.approx(b.score, abs=1e-12))
        assert a.posterior == pytest.approx(b.posterior, abs=1e-12)
    for a, b in zip(one.next_tests, other.next_tests, strict=True):
        assert (a.finding, a.includes) == (b.finding, b.includes)
        assert a.expected_gain_bits == pytest.approx(b.expected_gain_bits, abs=1e-11)


def test_impossible_findings_are_named_whether_or_not_a_tree_is_worked_in_parts(
    reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WHOLE", 0)
    with pytest.raises(ImpossibleEvidenceError, match="hypokalaemia"):
        reasoner.diagnose({"serum_k": "low", "hypokalaemia": "no", "haemolysed_sample": "yes"})


def test_tables_beyond_the_budget_are_worked_in_parts_or_say_what_to_leave_out(
    reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = reasoner.network

    def asked(budget: float, more: dict[str, str]) -> Lanes:
        other = Reasoner(reasoner.digest, network, Engine(network, budget=budget))
        return lanes_of(other, CASE | more)

    monkeypatch.setattr(room, "WHOLE", 2**60)
    whole = lanes_of(reasoner, CASE).ready
    assert len(whole.cutset) == 1
    size = whole.loaded.plan.entries
    parts = asked(size - 1, {}).ready
    assert len(parts.cutset) == 6
    assert parts.loaded.plan.entries < size
    with pytest.raises(BudgetError, match="or leave out [a-z_]+$"):
        _ = asked(100, {"age_group": "60+", "sex": "male"}).ready
    with pytest.raises(BudgetError, match="or leave out [a-z_]+$"):
        _ = asked(100, {}).ready
