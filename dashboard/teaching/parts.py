"""Pieces of HTML that the teaching pages share; whatever comes from outside is escaped."""

from collections.abc import Mapping
from html import escape

from fascinet.dashboard.tables import table
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.words import counted, figure, listed, mid, number, percent
from fascinet.engine.teaching.encounter import Encounter, Step
from fascinet.engine.teaching.patient import at_work, truths
from fascinet.engine.teaching.scores import Scores
from fascinet.engine.teaching.words import answer, name_of, opening, question

WAYS = {"ask": "Asked", "examine": "Examined", "order": "Ordered"}


def talk(here: Encounter) -> str:
    """Return the consultation so far as a list of what was asked and answered."""
    first = f"<p class='fn-big'>{escape(opening(rooms(), here.patient.opening))}</p>"
    rows = "".join(_turn(step) for step in here.steps)
    log = f"<ol class='fn-talk' aria-label='The consultation so far'>{rows}</ol>" if rows else ""
    return first + log


def _turn(step: Step) -> str:
    asked = question(rooms(), step.variable)
    said = answer(rooms(), step.variable, step.state)
    if step.way != "ask":  # the name stands in the answer too
        asked = WAYS[step.way]
    price = f"<span class='fn-hint'>{escape(_price(step))}</span>" if step.cost else ""
    return (
        f"<li class='{step.way}'><span class='fn-asked'>{escape(asked)}</span> "
        f"<b>{escape(said)}</b>{price}</li>"
    )


def _price(step: Step) -> str:
    wait = f"after {days(step.days)}" if step.days else "the same day"
    return f"cost {step.cost:.0f}, burden {step.burden:.0f}, result {wait}"


def days(count: float) -> str:
    """Return a time in words."""
    if count < 1:
        return "a day"
    return counted(round(count), "day") if count < 14 else counted(round(count / 7), "week")


def spent(here: Encounter) -> str:
    """Return what the consultation has cost so far."""
    asked = sum(s.way != "order" for s in here.steps)
    tests = len(here.steps) - asked
    return (
        f"{counted(asked, 'question')}, {counted(tests, 'test')} · cost {here.cost:.0f} · "
        f"burden {here.burden:.0f} · {days(here.days) if here.days else 'no waiting'}"
    )


def side_by_side(
    stated: Mapping[str, float], exact: Mapping[str, float], base: Mapping[str, float]
) -> str:
    """Return a table of the learner's probabilities beside the engine's."""
    order = sorted(stated, key=lambda c: -exact[c])
    best = sorted((c for c in exact if c not in stated), key=lambda c: -exact[c])[:3]
    rows = [(name_of(rooms(), c), figure(stated[c]), percent(exact[c]), percent(base[c]))
            for c in order]  # fmt: skip
    rows += [(name_of(rooms(), c), "not named", percent(exact[c]), percent(base[c])) for c in best]
    return table("Your differential beside the engine's",
                 ("Cause", "You", "Engine", "At the start"), rows, (1, 2, 3))  # fmt: skip


def truth(here: Encounter) -> str:
    """Return what was the matter, in words."""
    found = truths(rooms(), here.patient)
    names = [name_of(rooms(), c) for c in found]
    if here.patient.citation or here.patient.title:
        return f"{here.patient.title}. Source: {here.patient.citation}"
    if not found:
        return "An ordinary twitch: none of the causes is there."
    active = [name_of(rooms(), c) for c in found if at_work(here.patient, c)]
    if active == names:
        return f"What was there, and makes the muscle twitch: {listed([mid(n) for n in names])}."
    working = f" Twitching comes from {listed([mid(n) for n in active])}." if active else ""
    return f"What was there: {listed([mid(n) for n in names])}.{working}"


def scores_line(found: Scores) -> str:
    """Return the scores of a statement in one line."""
    own, engine = (found.brier, found.log_bits), (found.engine_brier, found.engine_log_bits)
    told = ""
    if None not in (*own, *engine):
        brier, log = ((f"{number(x or 0.0, 2)} (engine {number(y or 0.0, 2)})")
                      for x, y in zip(own, engine, strict=True))  # fmt: skip
        told = f"Brier score {brier}, log score {log} bits. "
    rank = f", a skill of {percent_of(found.skill)}" if found.skill == found.skill else ""
    return (
        f"{told}Luck apart, your probabilities cost {number(found.excess_bits, 2)} bits more than "
        f"the exact ones{rank}."
    )


def two_places(x: float) -> str:
    """Return a number of bits or nats with two decimals: more are of no use."""
    return "<0.01" if 0.0 < x < 0.005 else f"{round(x, 2) + 0.0:.2f}".replace("-", "−")


def percent_of(skill: float) -> str:
    """Return a skill in percent: 100% as the engine, 0% as the base rates, below it worse."""
    return f"{max(skill, -9.99) * 100:.0f}%".replace("-", "−")


def off(db: float) -> str:
    """Return an error in decibans of odds in words."""
    ratio = 10 ** (abs(db) / 10)
    if ratio < 1.05:
        return "exact"
    return f"{'above' if db > 0 else 'below'} by a factor of {number(ratio, 2)} in odds"
