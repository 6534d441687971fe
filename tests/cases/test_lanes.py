"""One program for all questions about a case: however it is found and run, it says the same."""

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic import lanes as room
from fascinet.engine.clinic.lanes import Lanes, open_lanes
from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.engine.plan import layout
from fascinet.engine.tables.factors import catalogue, open_gates
from fascinet.model.errors import BudgetError

CASE = {"weakness": "objective", "atrophy": "yes", "cramps": "yes", "bulbar": "yes"}


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    return shipped_reasoner()


def fresh(reasoner: Reasoner) -> Lanes:
    case = reasoner.open(reasoner.read(CASE), None, {})
    return open_lanes(
        reasoner.engine, case, reasoner.askable, reasoner.rules.resting, reasoner.targets
    )


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


def test_tables_beyond_the_budget_say_what_to_enter(reasoner: Reasoner) -> None:
    size = fresh(reasoner).ready[0].program.entries
    network = reasoner.network

    def asked(budget: float, more: dict[str, str]) -> Lanes:
        other = Reasoner(reasoner.digest, network, Engine(network, budget=budget))
        case = other.open(other.read(CASE | more), None, {})
        return open_lanes(other.engine, case, other.askable, other.rules.resting, other.targets)

    with pytest.raises(BudgetError, match="or enter age_group and sex$"):
        _ = asked(size // 2, {}).ready
    known = {"age_group": "60+", "sex": "male"}
    assert asked(size // 2, known).ready[0].program.entries <= size // 2
    with pytest.raises(BudgetError, match="or leave out [a-z_]+$"):
        _ = asked(100, known).ready
