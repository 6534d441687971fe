"""Exercises: each answer against the engine asked directly, marks, and what is practised next."""

import doctest
import re

import numpy as np
import pytest

import fascinet as fn
from fascinet.engine.teaching import draw, exercise, exercises
from fascinet.engine.teaching.exercise import RIGHT_DB
from fascinet.model.errors import OptionError
from fascinet.teaching import KINDS, Exercise, Practice, make, next_kind, practice

SEEDS = range(2)


@pytest.fixture(scope="module")
def rooms() -> Practice:
    return practice()


@pytest.fixture(scope="module")
def engine(rooms: Practice) -> fn.Engine:
    return fn.Engine(rooms.network)


@pytest.mark.parametrize("module", [draw, exercise, exercises])
def test_examples_run(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # pyright: ignore[reportArgumentType]


def cause_of(rooms: Practice, text: str) -> str:
    """Return the cause whose label stands in the text, the longest one."""
    found = [c for c in rooms.causes if rooms.script(c).label.lower() in text.lower()]
    return max(found, key=lambda c: len(rooms.script(c).label))


def variables_in(rooms: Practice, text: str) -> list[str]:
    """Return the findings whose labels stand in the text, in order of appearance."""
    labels = {v: str(rooms.network.meta[v]["label"]) for v in rooms.askable}
    found = {v: text.lower().find(label.lower()) for v, label in labels.items()}
    found = {v: at for v, at in found.items() if at >= 0}
    inside = {u for u in found for v in found
              if u != v and labels[u].lower() in labels[v].lower()}  # fmt: skip
    return sorted((v for v in found if v not in inside), key=found.__getitem__)


@pytest.mark.parametrize("kind", ["frequencies", "percent", "odds", "nomogram"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_number_is_the_exact_posterior(
    rooms: Practice, engine: fn.Engine, kind: str, seed: int
) -> None:
    found = make(rooms, kind, seed)
    causes = [c for c in rooms.causes if rooms.script(c).label.lower() in found.prompt.lower()]
    asked = [v for v in variables_in(rooms, found.prompt) if v not in causes]
    answers = [
        engine.posterior({**found.known, v: "yes"})[c]["yes"]
        for c in causes
        for v in asked
        if rooms.network.states(v) == ("no", "yes")
    ]
    assert any(abs(p - found.answer[0]) < 1e-9 for p in answers), found.prompt


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_reckons_with_the_figures_shown_is_right(rooms: Practice, seed: int) -> None:
    shown = make(rooms, "frequencies", seed)
    numbers = [
        int(x.replace(",", "")) for x in shown.explanation.split("(")[0].split() if x[0].isdigit()
    ]
    assert shown.mark(100.0 * numbers[0] / numbers[1]).right
    ratio = make(rooms, "nomogram", seed).figures
    odds = ratio["prior"] / (1 - ratio["prior"]) * ratio["ratio"]
    assert make(rooms, "nomogram", seed).mark(100 * odds / (1 + odds)).right


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_is_that_of_the_likelihood_ratios(
    rooms: Practice, engine: fn.Engine, seed: int
) -> None:
    found = make(rooms, "order", seed)
    cause = cause_of(rooms, found.prompt)
    weights: list[float] = []
    for text in found.choices:
        (v,) = [v for v in rooms.askable if rooms.network.meta[v]["label"] == text]
        p, q = (engine.posterior({**found.known, cause: s})[v]["yes"] for s in ("yes", "no"))
        weights.append(10 * np.log10(p / q))
    right = np.argsort(-np.array(weights)).tolist()
    assert right == list(found.answer)
    assert found.mark(right).credit == 1.0
    assert found.mark(right[::-1]).credit == 0.0
    gaps = -np.diff(np.sort(weights)[::-1])
    assert gaps.min() >= 2.0 - 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_next_is_the_most_informative(
    rooms: Practice, engine: fn.Engine, seed: int
) -> None:
    found = make(rooms, "best_next", seed)
    cause = cause_of(rooms, found.prompt)
    names = [
        next(v for v in rooms.askable if rooms.network.meta[v]["label"] == text)
        for text in found.choices
    ]
    told = engine.value_of_information(dict(found.known), targets=[cause], candidates=names)
    assert told.to_frame().set_index("variable")["bits"].idxmax() == names[int(found.answer[0])]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_double_counted_finding_loses_most(
    rooms: Practice, engine: fn.Engine, seed: int
) -> None:
    found = make(rooms, "double_counted", seed)
    cause = cause_of(rooms, found.prompt)
    why = engine.explain(dict(found.known), target=cause, state="yes").to_frame()
    why = why.set_index("finding")
    names = [v for v in why.index if rooms.network.meta[v]["label"] in found.choices]
    lost = {v: np.log(why.textbook_lr[v] / why.in_context_lr[v]) for v in names}
    worst = max(names, key=lost.__getitem__)
    assert rooms.network.meta[worst]["label"] == found.choices[int(found.answer[0])]


@pytest.mark.parametrize("kind", ["confounded", "absent"])
@pytest.mark.parametrize("seed", SEEDS)
def test_choices_are_marked_and_explained(rooms: Practice, kind: str, seed: int) -> None:
    found = make(rooms, kind, seed)
    assert [found.mark(i).right for i in range(len(found.choices))].count(True) == 1
    assert found.mark(found.answer[0]).right
    assert found == make(rooms, kind, seed)
    assert "e+" not in found.prompt + found.explanation


@pytest.mark.parametrize("seed", SEEDS)
def test_the_confounded_pair_parts_once_the_cause_is_known(
    rooms: Practice, engine: fn.Engine, seed: int
) -> None:
    found = make(rooms, "confounded", seed)
    cause = cause_of(rooms, found.prompt)
    a, b = variables_in(rooms, found.choices[int(found.answer[0])])[:2]

    def log_odds_ratio(known: dict[str, str]) -> float:
        odds = []
        for s in ("yes", "no"):
            p = engine.posterior({**known, a: s})[b]["yes"]
            odds.append(p / (1 - p))
        return float(10 * np.log10(odds[0] / odds[1]))

    assert log_odds_ratio(dict(found.known)) >= 1.5 - 1e-9
    for state in ("no", "yes"):
        assert abs(log_odds_ratio({**found.known, cause: state})) <= 0.5 + 1e-9


def test_marks_fall_with_the_distance() -> None:
    asked = Exercise("percent", 0, "percent", "", (0.2,), "")
    assert asked.mark(20).error_db == pytest.approx(0.0)
    assert asked.mark(23.5).right
    assert not asked.mark(30).right
    assert asked.mark(30).close
    assert asked.mark(20).credit > asked.mark(40).credit > asked.mark(90).credit == 0.0
    assert Exercise("odds", 0, "odds", "", (0.2,), "").mark(4).error_db == pytest.approx(0.0)
    assert RIGHT_DB == 1.0


@pytest.mark.parametrize("value", [-1, 101, float("nan"), float("inf")])
def test_an_impossible_answer_is_refused(value: float) -> None:
    with pytest.raises(OptionError, match="percent"):
        Exercise("percent", 0, "percent", "", (0.2,), "").mark(value)


def test_names_outside_the_choices_are_refused(rooms: Practice) -> None:
    with pytest.raises(OptionError, match="frequencies"):
        make(rooms, "frequency")
    asked = make(rooms, "absent", 0)
    with pytest.raises(OptionError, match="choice"):
        asked.mark(9)
    with pytest.raises(OptionError, match="order"):
        make(rooms, "order", 0).mark([0, 0, 1, 2])


def test_weak_spots_come_back() -> None:
    good = {k: (20.0, 20) for k in KINDS}
    weak = {**good, "odds": (5.0, 20)}
    drawn = [next_kind(weak, s) for s in range(300)]
    assert drawn.count("odds") > 0.5 * 300
    assert {next_kind({}, s) for s in range(300)} == set(KINDS)


@pytest.mark.parametrize("kind", ["frequencies", "percent", "odds", "nomogram"])
def test_figures_are_written_as_people_write_them(rooms: Practice, kind: str) -> None:
    for seed in range(60):
        found = make(rooms, kind, seed)
        assert not re.search(r"\de[+-]\d", found.prompt + found.explanation), found.prompt


def test_odds_that_are_shown_can_be_divided(rooms: Practice) -> None:
    for seed in range(60):
        found = make(rooms, "odds", seed)
        after, before, ratio = (
            float(x.replace(",", ""))
            for x in re.findall(r"(?:1 to |: |by )([\d.,]*\d)", found.explanation)[:3]
        )
        assert before / ratio == pytest.approx(after, rel=0.06)
        assert found.mark(before / ratio).right


def test_no_finding_names_the_cause_that_is_asked_for(rooms: Practice) -> None:
    label = str(rooms.network.meta["dystonia"]["label"]).lower()
    asked = [make(rooms, kind, seed) for kind in ("odds", "absent") for seed in range(150)]
    about = [x for x in asked if re.search(f"odds of {label} in|For {label}, this", x.prompt)]
    assert about
    assert all(x.prompt.lower().count(label) == 1 for x in about)
