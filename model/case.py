"""A case: what is known of one person, as evidence on the variables of the network.

`fascinet.model.read_case` reads one from JSON or a Phenopacket.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fascinet.model.errors import CaseError, UnknownStateError, UnknownVariableError
from fascinet.model.hpo import COMPLAINT, HpoMap
from fascinet.model.phenopackets import Exposure
from fascinet.model.quantity import Quantity

__all__ = [
    "ASSUMED",
    "COMPLAINT",
    "CONTEXT",
    "Case",
    "CaseRules",
    "Unmapped",
    "age_band",
    "contains",
    "counted_once",
]
CONTEXT = ("age_group", "sex", "setting")
ASSUMED = f"{COMPLAINT} is not mentioned: it is assumed present"


@dataclass(frozen=True)
class Unmapped:
    """A term, or an exposure, that sets nothing in this network; `excluded` if it was denied."""

    code: str
    label: str
    reason: str = ""
    excluded: bool = False


@dataclass(frozen=True)
class Case:
    """Evidence read from one case.

    Attributes
    ----------
    hard : mapping of variable to state
        Findings, risks, and context (`age_group`, `sex`), the complaint included.
    soft : mapping of variable to mapping of state to likelihood
        Findings of which only some states are ruled out, or given as such.
    do : mapping of variable to state
        Interventions.
    age, sex, setting
        As stated, or None.
    exposures : tuple of Exposure
        As stated, used or not.
    unmapped : tuple of Unmapped
        What the network has no variable for, in the order given.
    warnings : tuple of str
        What was read with a doubt.
    assumed : bool
        Whether the complaint is in `hard` because no one said otherwise.
    contained : mapping of variable to state
        What findings in `hard` contain, so that it is known and yet no evidence of its own; see
        `counted_once`.

    Examples
    --------
    >>> import fascinet as fn
    >>> fn.diagnose(fn.Case(hard={"weakness": "none"})).hard["weakness"]
    'none'
    """

    hard: Mapping[str, str] = field(default_factory=dict)
    soft: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    do: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    age: float | None = None
    sex: str | None = None
    setting: str | None = None
    exposures: tuple[Exposure, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    warnings: tuple[str, ...] = ()
    assumed: bool = False
    contained: Mapping[str, str] = field(default_factory=dict)

    @property
    def says_something(self) -> bool:
        """Whether any finding, risk or exposure is known beyond context and what is assumed."""
        taken = (*CONTEXT, COMPLAINT) if self.assumed else CONTEXT
        return bool({*self.hard, *self.soft, *self.do} - set(taken))

    def with_evidence(self, hard: Mapping[str, str], do: Mapping[str, str] | None = None) -> "Case":
        """Return the case with more evidence; the same variable in another state is an error.

        What is said of the complaint goes before what was assumed.
        """
        if self.assumed and COMPLAINT in hard:
            return self.without_assumption().with_evidence(hard, do)
        for name, state in hard.items():
            old = self.hard.get(name, state)
            if old != state:
                raise CaseError(f"contradictory case: {name} is given as {old} and as {state}")
        soft = {k: v for k, v in self.soft.items() if k not in hard}
        merged = dict(self.do) | dict(do or {})
        return replace(self, hard=dict(self.hard) | dict(hard), soft=soft, do=merged)

    def without_assumption(self) -> "Case":
        """Return the case without the complaint, where that is only assumed."""
        if not self.assumed:
            return self
        hard = {k: v for k, v in self.hard.items() if k != COMPLAINT}
        warnings = tuple(w for w in self.warnings if w != ASSUMED)
        return replace(self, hard=hard, warnings=warnings, assumed=False)


@dataclass(frozen=True)
class CaseRules:
    """What of the knowledge base is needed to read a case.

    Attributes
    ----------
    states : mapping of variable to states
    resting : mapping of variable to state
        The state that means absent or normal.
    ordered : set of variables
        Those whose states go from resting to strongest.
    hpo : HpoMap
    exposures : mapping of exposure's name to mapping of present/absent to evidence
    exposure_reasons : mapping of exposure's name to str
        Why an exposure sets nothing.
    renamed : mapping of a variable's former name to its present one
    implies : mapping of finding to its states, each with the findings and states that it contains
    coarse : mapping of finding to its coarse states, each with the states that it may be
    suggest : callable
        From a word that is no variable to what it may mean, `variable=state`.
    measured : mapping of LOINC code to variable
        The tests whose values can be compared with a reference range.
    quantities : mapping of variable to Quantity
        The cut points of tests that are numbers.
    """

    states: Mapping[str, tuple[str, ...]]
    resting: Mapping[str, str]
    ordered: frozenset[str]
    hpo: HpoMap
    exposures: Mapping[str, Mapping[bool, Mapping[str, str]]]
    exposure_reasons: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    implies: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    coarse: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    suggest: Callable[[str], Iterable[str]] = lambda name: ()
    measured: Mapping[str, str] = field(default_factory=dict)
    quantities: Mapping[str, Quantity] = field(default_factory=dict)

    def name(self, told: str) -> str:
        """Return the present name of a variable."""
        return self.renamed.get(told, told)

    def check(self, name: str, state: object | None = None) -> str:
        """Return the name, or raise with the nearest valid one."""
        if name not in self.states:
            meant = [m for m in self.suggest(name) if m.partition("=")[0] in self.states]
            raise UnknownVariableError(name, self.states, meant)
        if state is not None and state not in self.states[name]:
            raise UnknownStateError(name, state, self.states[name])
        return name


def counted_once(case: Case, rules: CaseRules) -> Case:
    """Return the case without findings that others in it contain.

    Weak hips are weakness, so that P(weak hips and weakness) = P(weak hips): the general finding
    is known from the special one and says nothing more. In the network the two are independent
    given the causes, which would count one sign twice. The same turned round: who is not weak at
    all has no weak hips. What contradicts, or is told otherwise, stays.
    """
    hard, contained = _without_general(case, rules)
    for special in _denied(hard, rules):
        contained[special] = hard.pop(special)
    return replace(case, hard=hard, contained=contained) if contained else case


def _without_general(case: Case, rules: CaseRules) -> tuple[dict[str, str], dict[str, str]]:
    """Return the evidence without what the findings told contain, and that."""
    hard, contained = dict(case.hard), dict(case.contained)
    open_ = list(hard.items())
    while open_:
        special, told = open_.pop()
        for general, state in rules.implies.get(special, {}).get(told, {}).items():
            if general in {**contained, **case.do, **case.soft}:
                continue
            if not _fits(hard.get(general, state), state, rules.coarse.get(general, {})):
                continue
            hard.pop(general, None)
            contained[general] = state
            open_.append((general, state))
    return hard, contained


def _denied(hard: Mapping[str, str], rules: CaseRules) -> list[str]:
    """Return the findings told to be at rest of which no other state fits the general ones."""
    return [
        special
        for special in rules.implies
        if hard.get(special) == rules.resting[special]
        and all(
            any(
                general in hard and not _fits(hard[general], state, rules.coarse.get(general, {}))
                for general, state in contains(special, other, rules)
            )
            for other in rules.states[special]
            if other != rules.resting[special]
        )
    ]


def contains(special: str, told: str, rules: CaseRules) -> Iterator[tuple[str, str]]:
    """Yield the findings, with their states, that a finding contains, and what those contain."""
    for general, state in rules.implies.get(special, {}).get(told, {}).items():
        yield general, state
        yield from contains(general, state, rules)


def _fits(told: str, state: str, coarse: Mapping[str, tuple[str, ...]]) -> bool:
    return told == state or state in coarse.get(told, ())


def age_band(age: float, bands: Iterable[str]) -> str:
    """Return the band of an age: the last whose lower bound it reaches, else the youngest.

    >>> age_band(39.9, ("18-39", "40-59", "60+")), age_band(9, ("18-39", "40-59", "60+"))
    ('18-39', '18-39')
    """
    lower = {band: float(band.rstrip("+").split("-")[0]) for band in bands}
    reached = [band for band, bound in lower.items() if bound <= age]
    return max(reached, key=lower.__getitem__) if reached else min(lower, key=lower.__getitem__)
