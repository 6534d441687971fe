"""A random person in a setting, a cause, and what each of its findings tells there: exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fascinet.engine.clinic.reasoner import SETTING
from fascinet.engine.teaching.practice import Practice
from fascinet.engine.teaching.weights import DECIBAN
from fascinet.engine.teaching.words import name_of, small
from fascinet.model.case import COMPLAINT

LEAST = 5e-4  # a cause rarer than that makes no exercise
RARE = 0.002  # nor does a finding that hardly anyone has
PLACES = {
    "general": "in the general population",
    "primary_care": "in primary care",
    "neuromuscular_clinic": "in a neuromuscular clinic",
}


@dataclass(frozen=True)
class Draw:
    """What an exercise is made of.

    Attributes
    ----------
    rooms : Practice
    rng : numpy Generator
    known : mapping
        Setting, complaint, age and sex.
    cause : str
    prior : float
        P(cause | known).
    given, absent : mapping of finding to float
        P(finding | cause, known) and P(finding | no cause, known), of the findings of its script.
    """

    rooms: Practice
    rng: np.random.Generator
    known: Mapping[str, str]
    cause: str
    prior: float
    given: Mapping[str, float]
    absent: Mapping[str, float]

    @property
    def findings(self) -> tuple[str, ...]:
        """The findings of the script."""
        return tuple(self.given)

    @property
    def who(self) -> str:
        """The people that the numbers are about."""
        sex = {"male": "men", "female": "women"}[self.known["sex"]]
        place = PLACES.get(self.known[SETTING], f"seen in {self.known[SETTING]}")
        return f"{sex} aged {self.known['age_group']} who come with twitching {place}"

    @property
    def name(self) -> str:
        """The cause in a sentence."""
        return small(name_of(self.rooms, self.cause))

    def label(self, variable: str) -> str:
        """Return what a clinician calls a finding."""
        return name_of(self.rooms, variable)

    def mid(self, variable: str) -> str:
        """Return the same in the middle of a sentence."""
        return small(self.label(variable))

    def ratio(self, f: str) -> float:
        """Return the likelihood ratio of a finding that is present."""
        return self.given[f] / self.absent[f]

    def weight(self, f: str) -> float:
        """Return the same in decibans."""
        return float(DECIBAN * np.log(self.ratio(f)))

    def after(self, f: str) -> float:
        """Return P(cause | known, finding), by Bayes' rule."""
        there = self.prior * self.given[f]
        return there / (there + (1.0 - self.prior) * self.absent[f])

    def telling(self, least: float) -> tuple[str, ...]:
        """Return the findings that weigh at least so many decibans, either way."""
        return tuple(f for f in self.findings if abs(self.weight(f)) >= least)

    def pick(self, among: Sequence[str]) -> str | None:
        """Return one at random, None of none."""
        return among[int(self.rng.integers(len(among)))] if among else None

    def some(self, among: Sequence[str], count: int) -> tuple[str, ...] | None:
        """Return several at random, None if there are too few."""
        if len(among) < count:
            return None
        return tuple(self.rng.choice(np.array(among), size=count, replace=False).tolist())

    def apart(self, among: Sequence[str], count: int, least: float) -> tuple[str, ...] | None:
        """Return several whose weights differ by at least so many decibans."""
        chosen: list[str] = []
        for f in self.rng.permutation(np.array(among)).tolist() if among else []:
            if all(abs(self.weight(f) - self.weight(g)) >= least for g in chosen):
                chosen.append(f)
            if len(chosen) == count:
                return tuple(chosen)
        return None

    def association(self, a: str, b: str, known: Mapping[str, str]) -> float:
        """Return 10 log10 of the odds ratio of two findings."""
        with_, without = (
            float(self.rooms.posterior({**known, a: s})[b]["yes"]) for s in ("yes", "no")
        )
        return float(DECIBAN * (np.log(with_ / (1 - with_)) - np.log(without / (1 - without))))


def drawn_case(rooms: Practice, rng: np.random.Generator, setting: str | None) -> Draw:
    """Return a random person, and a cause that is neither too rare there nor known."""
    network = rooms.network
    known = {
        SETTING: setting or str(rng.choice(np.array(rooms.settings))),
        COMPLAINT: "yes",
        "age_group": str(rng.choice(np.array(network.states("age_group")))),
        "sex": str(rng.choice(np.array(network.states("sex")))),
    }
    belief = rooms.belief(known)
    likely = [c for c in rooms.causes
              if belief[c] >= LEAST and c not in rooms.habits
              and network.states(c) == ("no", "yes")]  # fmt: skip
    cause = str(rng.choice(np.array(likely)))
    with_, without = (rooms.posterior({**known, cause: s}) for s in ("yes", "no"))
    rows = {f: (float(with_[f]["yes"]), float(without[f]["yes"])) for f in _binary(rooms, cause)}
    name = name_of(rooms, cause).lower()  # a finding of the same name would answer the question
    fair = [f for f in rows if name not in name_of(rooms, f).lower()]
    good = {f: rows[f] for f in fair if min(rows[f]) >= RARE and max(rows[f]) < 1.0}
    given, absent = ({f: x[i] for f, x in good.items()} for i in (0, 1))
    return Draw(rooms, rng, known, cause, belief[cause], given, absent)


def _binary(rooms: Practice, cause: str) -> tuple[str, ...]:
    """Return the findings and tests of a script, and of its twitching, that are there or not."""
    script = rooms.script(cause)
    shown = script.trigger.shows.figures if script.trigger else {}
    named = dict.fromkeys([*script.all_findings, *shown])
    states = rooms.network.states
    return tuple(f for f in named if f in rooms.askable and states(f) == ("no", "yes"))


def share(p: float) -> str:
    """Return a probability with two significant digits.

    >>> share(0.0123), share(0.5), share(0.999), share(0.00021)
    ('1.2%', '50%', '99.9%', '0.021%')
    """
    if p > 0.99:
        return f"{100 * p:.1f}%"
    return f"{float(f'{100 * p:.2g}'):g}%"


def whole(p: float) -> str:
    """Return odds in words.

    >>> whole(0.2), whole(0.75)
    ('1 to 4', '3 to 1')
    """
    x = (1.0 - p) / p
    return f"1 to {digits(x)}" if x >= 1 else f"{digits(1 / x)} to 1"


def ratio_words(ratio: float) -> str:
    """Return a ratio as people say it.

    >>> ratio_words(8.0), ratio_words(0.25)
    ('× 8', '÷ 4')
    """
    return f"× {digits(ratio)}" if ratio >= 1 else f"÷ {digits(1 / ratio)}"


def digits(x: float, count: int = 2) -> str:
    """Return a number with so many significant digits and no exponent.

    >>> digits(1091.0, 3), digits(187.0), digits(0.0567)
    ('1,090', '190', '0.057')
    """
    return f"{float(f'{x:.{count}g}'):,.6g}"
