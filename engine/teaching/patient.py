"""The simulated patient: a person drawn from the network, a chosen cause, or a published case.

A *drawn* patient is one joint sample of the network given the setting and that the muscle twitches,
made forward along the arcs and kept if it twitches. To reveal its states one by one, in any order
that depends on nothing but what was revealed, is the same as to sample each answer from the exact
posterior given all that is known: both have the density P(x1) P(x2 | x1) ... So the engine's belief
is calibrated on such patients (`tests/teaching/test_patient.py`), and no query is needed to answer.

A patient with a *chosen* cause, or of a published *case*, is true to what was chosen or published;
what that leaves open is sampled from the exact posterior given all of it and all that was already
said. Such patients are possible, but not a random sample: no probability is calibrated on them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from zlib import crc32

import numpy as np

from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.clinic.reasoner import SETTING
from fascinet.engine.teaching.practice import Evidence, Practice
from fascinet.model.case import COMPLAINT
from fascinet.model.errors import CaseError, OptionError
from fascinet.model.gates import Array
from fascinet.model.shipped import in_setting

Origin = Literal["drawn", "chosen", "case"]
DIFFICULTIES = ("any", "clear", "open", "misleading")
BATCH = 32
PATIENCE = 40  # batches looked through for one of the difficulty wanted
TRIGGER = "trigger_"


@dataclass(frozen=True)
class Patient:
    """One person and the truth about them.

    Attributes
    ----------
    name : str
        Tells the patient from others: how it was made, and from which seed.
    origin : {"drawn", "chosen", "case"}
    setting : str
    seed : int
    opening : mapping of variable to state
        Known when the person comes in: the setting, age, sex, the complaint and how it began.
    fixed : mapping of variable to state
        What is true, whatever is asked: everything of a drawn patient; of others what was chosen or
        published.
    groups : frozenset of str
        Of a published case: the groups of causes that count as right.
    title, citation : str
        Of a published case, to be told at the end.
    """

    name: str
    origin: Origin
    setting: str
    seed: int
    opening: Mapping[str, str]
    fixed: Mapping[str, str] = field(repr=False)
    groups: frozenset[str] = frozenset()
    title: str = ""
    citation: str = ""

    def answer(self, rooms: Practice, variable: str, known: Evidence) -> str:
        """Return the state of a variable, true to all that is fixed and already known.

        Raises
        ------
        UnknownVariableError
        """
        rooms.network.check(variable)
        if variable in self.fixed:
            return self.fixed[variable]
        if variable in known:
            return known[variable]
        told = {**known, **self.fixed}
        belief = rooms.engine.posterior(told, targets=[variable]).array(variable)
        return _pick(rooms, variable, belief, self.seed)

    @property
    def is_sample(self) -> bool:
        """Whether the truth is a draw from the network, so that probabilities can be scored."""
        return self.origin == "drawn"


def _pick(rooms: Practice, variable: str, belief: Array, seed: int) -> str:
    """Return a state drawn from its probabilities; one of probability zero never is."""
    rng = np.random.default_rng([seed, crc32(variable.encode())])
    possible = np.flatnonzero(belief > 0.0)
    share = belief[possible] / belief[possible].sum()
    return rooms.network.states(variable)[int(rng.choice(possible, p=share))]


# ------------------------------------------------------------------------------- drawn


def deal(
    rooms: Practice,
    setting: str = "primary_care",
    *,
    seed: int = 0,
    difficulty: str = "any",
    cause: str | None = None,
) -> Patient:
    """Return a patient.

    Parameters
    ----------
    rooms : Practice
    setting : str
    seed : int
        The same seed gives the same patient.
    difficulty : {"any", "clear", "open", "misleading"}
        By what the opening tells: *clear* leaves fewer bits open than the complaint alone, *open*
        more, and *misleading* lowers the probability of the true cause. The first two look at what
        is known alone, so that the engine stays calibrated; *misleading* looks at the truth, so
        that it is not.
    cause : str, optional
        A cause that the patient is to have; else whoever comes.

    Raises
    ------
    OptionError

    Examples
    --------
    >>> from fascinet.teaching import deal, practice
    >>> someone = deal(practice(), "primary_care", seed=7)
    >>> someone.opening["twitching"], someone == deal(practice(), "primary_care", seed=7)
    ('yes', True)
    """
    if setting not in rooms.settings:
        raise OptionError(SETTING, setting, rooms.settings)
    if difficulty not in DIFFICULTIES:
        raise OptionError("difficulty", difficulty, DIFFICULTIES)
    if cause is not None:
        return _chosen(rooms, setting, seed, cause)
    stream = drawn(rooms, setting, seed)
    for _ in range(BATCH * PATIENCE):
        patient = next(stream)
        if difficulty == "any" or _suits(rooms, patient, difficulty):
            return patient
    raise CaseError(f"no {difficulty} patient among the first of seed {seed}: take another seed")


def drawn(rooms: Practice, setting: str, seed: int = 0, batch: int = BATCH) -> Iterator[Patient]:
    """Yield patients without end, all drawn from the network in one setting."""
    network = in_setting(rooms.network, setting)
    rng = np.random.default_rng(seed)
    count = 0
    while True:
        sample = simulate(network, batch, int(rng.integers(2**31)))
        twitches = sample[COMPLAINT] == network.state_index(COMPLAINT, "yes")
        for row in np.flatnonzero(twitches).tolist():
            states = {v: network.states(v)[int(sample[v][row])] for v in network.variables}
            opening = {v: states[v] for v in rooms.openers}
            name = f"{setting}-{seed}-{count}"
            yield Patient(name, "drawn", setting, seed, opening, states)
            count += 1


def _suits(rooms: Practice, patient: Patient, difficulty: str) -> bool:
    start = rooms.start(patient.opening)
    if difficulty != "misleading":
        more = rooms.bits(patient.opening) > rooms.bits(start)
        return more == (difficulty == "open")
    cause = chief(rooms, patient)
    return cause is not None and rooms.belief(patient.opening)[cause] < rooms.belief(start)[cause]


# ------------------------------------------------------------------------------- true to something


def _chosen(rooms: Practice, setting: str, seed: int, cause: str) -> Patient:
    """Return someone with a cause that makes their muscle twitch, where it can."""
    rooms.script(cause)
    fixed = {SETTING: setting, COMPLAINT: "yes"}
    where = {**fixed, cause: _likeliest(rooms, fixed, cause)}
    if f"{TRIGGER}{cause}" in rooms.network.index:
        where[f"{TRIGGER}{cause}"] = _likeliest(rooms, where, f"{TRIGGER}{cause}")
    patient = Patient(f"{setting}-{seed}-{cause}", "chosen", setting, seed, {}, where)
    return _opened(rooms, patient, where)


def _likeliest(rooms: Practice, evidence: Evidence, variable: str) -> str:
    """Return the likeliest state of a variable but the resting one."""
    belief = rooms.posterior(evidence)[variable]
    return max(
        (s for s in belief if s != rooms.network.states(variable)[0]), key=belief.__getitem__
    )


def _opened(rooms: Practice, patient: Patient, fixed: Evidence) -> Patient:
    """Return the patient with an opening that is told by the same rule as a drawn one's."""
    opening: dict[str, str] = {}
    for v in rooms.openers:
        opening[v] = patient.answer(rooms, v, opening)
    return Patient(
        patient.name, patient.origin, patient.setting, patient.seed, opening,
        {**fixed, **opening}, patient.groups, patient.title, patient.citation,
    )  # fmt: skip


def from_case(
    rooms: Practice,
    source: Mapping[str, object] | str | Path,
    *,
    groups: frozenset[str] = frozenset(),
    title: str = "",
    citation: str = "",
    seed: int = 0,
) -> Patient:
    """Return the patient of a case: what it states is fixed, the rest is sampled.

    Parameters
    ----------
    rooms : Practice
    source : mapping or path
        A native case or a Phenopacket, as `fascinet.diagnose` reads it.
    groups : frozenset of str
        The groups of causes that count as right.
    title, citation : str
    seed : int

    Raises
    ------
    CaseError
        Also for a case that says that the muscle does not twitch.
    """
    read = rooms.reasoner.read(source, strict=False)
    case = rooms.reasoner.open(read, None, {})
    if case.hard.get(COMPLAINT, "yes") != "yes":
        raise CaseError("this case does not twitch: a simulated patient comes with twitching")
    fixed = {**case.contained, **case.hard, COMPLAINT: "yes"}  # asked, one tells that too
    rooms.belief(fixed)  # raises if what it states is impossible
    for v, likelihood in case.soft.items():  # told with a doubt: one of the states that fit
        belief = rooms.engine.posterior(fixed, soft={v: likelihood}, targets=[v]).array(v)
        fixed[v] = _pick(rooms, v, belief, seed)
    name = f"{title or case.id or 'case'}-{seed}"
    patient = Patient(name, "case", fixed[SETTING], seed, {}, fixed, groups, title, citation)
    return _opened(rooms, patient, fixed)


# ------------------------------------------------------------------------------- the truth


def truths(rooms: Practice, patient: Patient) -> tuple[str, ...]:
    """Return the causes that are known to be there: those at work first, the gravest first.

    Of a case that names groups alone, the cause of those groups that its findings make likeliest.
    """
    there = [c for c in rooms.causes if patient.fixed.get(c, _rest(rooms, c)) != _rest(rooms, c)]
    if patient.groups:
        belief = rooms.belief(patient.fixed)
        named = [c for c in rooms.causes if rooms.script(c).group in patient.groups]
        best = max(named, key=belief.__getitem__, default=None)
        return (best,) if best else ()
    return tuple(sorted(there, key=lambda c: (not at_work(patient, c), -rooms.script(c).harm)))


def known_truth(rooms: Practice, patient: Patient) -> dict[str, bool]:
    """Return of each cause whether it is there, as far as the patient's truth is known.

    Of a drawn patient all is known. A published case names groups of causes: the cause of them
    that its findings make likeliest is there; the others of those groups are left out, since the
    report may mean either. Causes of all other groups are taken as absent, unless the case states
    them; habits that it does not state are left out. Of a patient with a chosen cause nothing else
    is known, so that nothing is scored.
    """
    there = set(truths(rooms, patient))
    if patient.origin == "drawn":
        return {c: c in there for c in rooms.causes}
    if not patient.groups:
        return {}
    stated = {c: patient.fixed[c] != _rest(rooms, c) for c in rooms.causes if c in patient.fixed}
    others = [c for c in rooms.causes
              if rooms.script(c).group not in patient.groups and c not in rooms.habits]  # fmt: skip
    return {**dict.fromkeys(others, False), **stated, **dict.fromkeys(there, True)}


def at_work(patient: Patient, cause: str) -> bool:
    """Say whether a cause is known to make the muscle twitch."""
    return patient.fixed.get(f"{TRIGGER}{cause}", "no") == "yes"


def chief(rooms: Practice, patient: Patient) -> str | None:
    """Return the cause that the lesson is about; None for an ordinary twitch."""
    return next(iter(truths(rooms, patient)), None)


def is_right(rooms: Practice, patient: Patient, cause: str) -> bool:
    """Say whether naming a cause is right: it is there, or of a case's accepted groups."""
    if patient.groups:
        return rooms.script(cause).group in patient.groups
    return cause in truths(rooms, patient)


def _rest(rooms: Practice, cause: str) -> str:
    return rooms.resting(cause)
