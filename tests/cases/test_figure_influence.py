"""The influence of figures against posteriors computed again at the ends of their ranges."""

import numpy as np
import pytest

from fascinet.engine.analyses.hypotheses import present
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.results import DB_PER_NAT
from fascinet.engine.analyses.sensitivity import sensitivity
from fascinet.engine.clinic.figure_influence import figure_influence, setting_cases, swings
from fascinet.engine.clinic.intervals import gradients
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.case import Case
from fascinet.model.shipped import shipped_knowledge

EVIDENCE = {"setting": "primary_care", "twitching": "yes", "cramps": "yes", "insomnia": "yes"}


def test_a_swing_is_the_change_between_the_ends_of_the_range() -> None:
    """Against the sensitivity functions of every parameter, computed apart."""
    reasoner = shipped_reasoner()
    figures = parameters_of(reasoner.network)
    wanted = [present(reasoner.network, c) for c in ("bfs", "hypokalaemia")]
    found = swings(figures, gradients(reasoner.engine, Case(EVIDENCE), wanted))
    low, high = cited_ranges(figures)
    for row, cause in zip(found, ("bfs", "hypokalaemia"), strict=True):
        slow = sensitivity(reasoner.engine, cause, "yes", EVIDENCE)
        theta = figures.values[slow.index]
        known = ~np.isnan(low[slow.index]) & (low < high)[slow.index] & (theta < 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = [np.log(p) - np.log1p(-p) for p in (slow.posterior_low, slow.posterior_high)]
            want = np.abs(odds[1] - odds[0]) * DB_PER_NAT
        assert known.sum() > 100
        fair = known & np.isfinite(want)
        assert row[slow.index[fair]] == pytest.approx(want[fair], abs=1e-6, rel=1e-6)


def test_every_figure_has_a_rank_and_the_share_is_that_of_the_sourced() -> None:
    reasoner, knowledge = shipped_reasoner(), shipped_knowledge()
    found = figure_influence(reasoner, knowledge, draws=1, seed=2)
    assert found.cases == 3 and len(found.figure) == len(list(knowledge.figures()))
    assert (np.diff(found.influence_db) <= 0).all() and found.influence_db[0] > 0
    sourced = np.array([s != "expert_estimate" for s in found.source])
    share = found.influence_db[sourced].sum() / found.influence_db.sum()
    assert found.sourced_share == pytest.approx(share)
    assert found.summary()["with_a_source"] == sourced.sum()
    again = figure_influence(reasoner, knowledge, draws=1, seed=2)
    assert again.figure == found.figure and (again.influence_db == found.influence_db).all()


def test_each_setting_gets_its_own_cases() -> None:
    cases = setting_cases(shipped_reasoner(), 2, 0)
    assert [c.hard["setting"] for c in cases] == [
        "general", "general", "primary_care", "primary_care", "neuromuscular_clinic",
        "neuromuscular_clinic",
    ]  # fmt: skip
