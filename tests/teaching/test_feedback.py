"""Feedback: scores against enumeration, the worth of steps, habits, and the figures argued with."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fascinet as fn
from benchmarks.teaching_policy import won
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.teaching.habits import CLEAR_DB
from fascinet.engine.teaching.information import outcomes
from fascinet.engine.teaching.patient import known_truth
from fascinet.engine.teaching.scores import EDGE
from fascinet.engine.teaching.weights import db, even_prior, independent
from fascinet.model.errors import CaseError
from fascinet.teaching import (
    Encounter,
    Practice,
    arguments,
    deal,
    deciding,
    from_case,
    habits,
    illness_script,
    left_open,
    options,
    practice,
    score,
    score_of,
    settling,
    value_steps,
)

P = st.floats(0.01, 0.99)
GRAVE = {"weakness": "objective", "atrophy": "yes"}


@pytest.fixture(scope="module")
def rooms() -> Practice:
    return practice()


@pytest.fixture(scope="module")
def grave(rooms: Practice) -> Encounter:
    """Somebody of 60 with weakness and wasting, whose answers are known."""
    patient = deal(rooms, seed=2)
    opening = {**patient.opening, "age_group": "60+", "sex": "male", "twitch_duration": "months"}
    fixed = {**patient.fixed, **opening, **GRAVE, "insomnia": "no", "emg": "widespread_denervation"}
    fixed |= {"als": "yes", "umn_signs": "yes"}
    return Encounter(rooms, replace(patient, opening=opening, fixed=fixed))


@given(st.lists(st.tuples(P, P), min_size=1, max_size=3))
def test_what_a_statement_costs_is_its_expected_score(pairs: list[tuple[float, float]]) -> None:
    """Sum over all ways it may turn out; independent truths are enough for sums of scores."""
    names = [f"c{i}" for i in range(len(pairs))]
    q = {n: a for n, (a, _) in zip(names, pairs, strict=True)}
    p = {n: b for n, (_, b) in zip(names, pairs, strict=True)}
    brier = bits = 0.0
    for outcome in product((False, True), repeat=len(names)):
        truth = dict(zip(names, outcome, strict=True))
        chance = np.prod([p[n] if truth[n] else 1 - p[n] for n in names])
        found = score(q, p, p, names, truth)
        assert None not in (found.brier, found.engine_brier, found.log_bits, found.engine_log_bits)
        brier += chance * (found.brier - found.engine_brier)
        bits += chance * (found.log_bits - found.engine_log_bits)
    told = score(q, p, p, names, None)
    assert told.brier is None
    assert told.excess_brier == pytest.approx(brier, abs=1e-12)
    assert told.excess_bits == pytest.approx(bits, abs=1e-12)
    assert told.excess_bits >= 0.0


def test_skill_is_one_as_the_engine_and_zero_as_the_base_rates(grave: Encounter) -> None:
    rooms, here = grave.rooms, Encounter(grave.rooms, grave.patient)
    here.ask("weakness")
    here.say(rooms.belief(here.evidence))
    here.say({})
    assert score_of(here, 0).skill == pytest.approx(1.0)
    assert score_of(here, 1).skill == pytest.approx(0.0)
    assert score_of(here, 0).brier == pytest.approx(score_of(here, 0).engine_brier)
    here.say({"als": 0.0})
    least = score_of(here).log_bits
    assert least is not None
    assert np.isfinite(least)
    assert least >= -np.log2(EDGE)  # it was there


def test_a_published_case_is_scored_against_what_it_reports(rooms: Practice) -> None:
    findings = {**GRAVE, "caffeine_excess": "yes"}
    case = {"setting": "primary_care", "findings": findings}
    patient = from_case(rooms, case, groups=frozenset({"als"}), title="ALS", seed=1)
    truth = known_truth(rooms, patient)
    assert truth["als"]
    assert truth["caffeine_excess"]  # the case states it
    assert not truth["bfs"]
    assert "diuretic_use" not in truth  # a habit that it does not mention
    assert {c for c, there in truth.items() if there} == {"als", "caffeine_excess"}
    here = Encounter(rooms, patient)
    here.say({"als": 0.9, "bfs": 0.3})
    found, base = score_of(here), rooms.belief(rooms.start(here.evidence))
    stated = {**base, "als": 0.9, "bfs": 0.3}
    scored = [c for c in rooms.open_causes(here.evidence) if c in truth]
    assert found.brier == pytest.approx(sum((stated[c] - truth[c]) ** 2 for c in scored))
    assert found.log_bits == pytest.approx(sum(
        -np.log2(np.clip(stated[c] if truth[c] else 1 - stated[c], EDGE, 1 - EDGE)) for c in scored
    ))  # fmt: skip
    here.say({"als": 0.1, "bfs": 0.3})
    worse = score_of(here)
    assert worse.brier is not None
    assert found.brier is not None
    assert worse.brier > found.brier
    chosen = Encounter(rooms, deal(rooms, cause="als", seed=1))
    chosen.say({"als": 0.9})
    assert score_of(chosen).brier is None  # of whom nothing else is known


def test_a_steps_worth_is_the_expected_information(rooms: Practice) -> None:
    """Against the engine asked outcome by outcome."""
    known = {"setting": "primary_care", "twitching": "yes", "age_group": "60+", "weakness": "none"}
    causes = ["als", "nerve_compression", "bfs"]
    for option in options(rooms, known, causes=causes, also=["emg", "stimulant_use"], count=3):
        chances = rooms.engine.posterior(known)[option.variable]
        bits, most = 0.0, 0.0
        now = {c: rooms.belief(known)[c] for c in causes}
        for state, p in chances.items():
            if p > 1e-9:
                after = rooms.belief({**known, option.variable: state})
                for c in causes:
                    most = max(most, abs(after[c] - now[c]))
                    for a, b in ((after[c], now[c]), (1 - after[c], 1 - now[c])):
                        bits += p * a * np.log2(a / b) if a > 0 else 0.0
        assert option.bits == pytest.approx(bits, abs=1e-9)
        assert option.largest == pytest.approx(most, abs=1e-9)


def test_steps_are_valued_as_they_stood(grave: Encounter) -> None:
    here = Encounter(grave.rooms, grave.patient)
    here.ask("insomnia")
    here.examine("atrophy")
    first, second = value_steps(here)
    assert (first.step.variable, second.step.variable) == ("insomnia", "atrophy")
    assert first.best_score >= first.score >= 0.0
    assert not first.is_idle  # only tests can be called idle


def test_a_test_that_can_change_nothing_is_named(rooms: Practice, grave: Encounter) -> None:
    here = Encounter(rooms, grave.patient)
    here.order("cerebellar_imaging")
    assert value_steps(here)[0].is_idle == (value_steps(here)[0].largest < 0.005)


def test_the_findings_that_decided_are_those_without_which_it_would_differ(
    rooms: Practice, grave: Encounter
) -> None:
    here = Encounter(rooms, grave.patient)
    here.ask("insomnia")
    here.ask("weakness")
    here.examine("atrophy")
    found = deciding(here, "als")
    assert {f.variable for f in found} >= {"weakness", "age_group"}
    first = found[0]
    rest = {v: s for v, s in here.evidence.items() if v != first.variable}
    p, q = (fn.Engine(rooms.network).posterior(e)["als"]["yes"] for e in (here.evidence, rest))
    weight = 10 * np.log10(p / (1 - p) / (q / (1 - q)))
    assert first.weight_db == pytest.approx(weight, abs=1e-6)


def test_base_rate_neglect_is_named_with_its_figures(rooms: Practice, grave: Encounter) -> None:
    here = Encounter(rooms, grave.patient)
    known = here.evidence
    q = even_prior(rooms, known, "als")
    here.say({"als": q})
    (found,) = [h for h in habits(here) if h.cause == "als"]
    assert found.kind == "base_rate_neglect"
    assert (found.stated, found.other) == (q, q)
    assert found.exact == rooms.belief(known)["als"]
    base = rooms.belief(rooms.start(known))["als"]
    assert db(0.5) + 10 * np.log10(found.exact / (1 - found.exact) * (1 - base) / base) == (
        pytest.approx(10 * np.log10(q / (1 - q)))
    )


def test_double_counting_is_named(rooms: Practice) -> None:
    patient = deal(rooms, seed=2)
    told = {v: "yes" for v in ("atrophy", "hand_atrophy", "distal_weakness", "foot_drop")}
    here = Encounter(rooms, replace(patient, fixed={**patient.fixed, **told}))
    for v in told:
        here.examine(v)
    naive = independent(rooms, here.evidence, "peripheral_neuropathy")
    exact = rooms.belief(here.evidence)["peripheral_neuropathy"]
    assert abs(db(naive) - db(exact)) >= CLEAR_DB
    here.say({"peripheral_neuropathy": naive})
    kinds = {h.kind for h in habits(here)}
    assert kinds & {"double_counting", "base_rate_neglect"}


def test_anchoring_and_premature_closure_are_named(rooms: Practice, grave: Encounter) -> None:
    here = Encounter(rooms, grave.patient)
    here.say({"als": 0.01})
    here.ask("weakness")
    here.examine("atrophy")
    here.examine("umn_signs")
    here.say({"als": 0.01})
    here.commit("bfs")
    found = {h.kind: h for h in habits(here)}
    assert found["anchoring"].cause == "als"
    assert found["anchoring"].exact > 0.3
    closure = found["premature_closure"]
    assert closure.other >= 0.1
    told = outcomes(rooms, here.evidence, closure.detail, closure.moves)
    now = rooms.belief(here.evidence)[closure.moves]
    assert max(abs(p - now) for p in told.values()) == pytest.approx(closure.other, abs=1e-9)
    assert dict(left_open(here))["als"] > 0.3


def test_who_says_what_the_engine_says_has_no_habit(rooms: Practice, grave: Encounter) -> None:
    here = Encounter(rooms, grave.patient)
    here.say(rooms.belief(here.evidence))
    here.ask("weakness")
    here.say(rooms.belief(here.evidence))
    assert habits(here) == ()


def test_a_figure_argued_with_makes_the_learner_right(rooms: Practice, grave: Encounter) -> None:
    here = Encounter(rooms, grave.patient)
    here.ask("weakness")
    found = arguments(rooms, here.evidence, "als", 0.02)
    assert [a.outside_db for a in found] == sorted(a.outside_db for a in found)
    for a in found[:2]:
        figures = parameters_of(rooms.network)
        index = figures.find(a.variable, a.state, a.parents)
        cut, entry = figures.place(index)
        values = figures.values.copy()
        values[cut] *= (1 - a.needed) / (1 - values[index])
        values[index] = a.needed
        changed = fn.Engine(figures.rebuild(values))
        assert changed.posterior(here.evidence)["als"]["yes"] == pytest.approx(0.02, abs=1e-9)
        assert (a.outside_db == 0.0) == (a.low <= a.needed <= a.high)
        assert entry >= 0
    best = settling(rooms, here.evidence, "als")
    assert best is not None
    assert best.bits > 0
    with pytest.raises(CaseError, match="is known"):
        arguments(rooms, {**here.evidence, "als": "yes"}, "als", 0.5)


def test_the_illness_script_is_that_of_the_data(rooms: Practice, grave: Encounter) -> None:
    here = Encounter(rooms, grave.patient)
    here.ask("weakness")
    lines = illness_script(here, "als")
    assert [x.p for x in lines] == sorted((x.p for x in lines), reverse=True)
    weak = next(x for x in lines if x.variable == "weakness")
    assert weak.here == "objective"
    assert weak.low <= weak.p <= weak.high


@pytest.mark.slow
def test_the_engines_choice_of_questions_beats_a_fixed_and_a_random_order() -> None:
    found = won(patients=20, steps=8)  # as documented; of ten patients it is still luck
    assert found["engine"] > 1.2 * found["fixed"]
    assert found["engine"] > 2.0 * found["random"]
