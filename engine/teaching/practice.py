"""What a lesson works with: the knowledge base, its reasoner, and what the engine believes.

A *belief* is P(cause present | evidence) of every cause, the number that the differential calls its
posterior. Beliefs are kept, so that a page that is drawn again asks nothing again.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.reasoner import SETTING, Reasoner, shipped_reasoner
from fascinet.model.case import COMPLAINT, CONTEXT
from fascinet.model.errors import OptionError
from fascinet.model.gates import Array
from fascinet.model.shipped import shipped_knowledge

if TYPE_CHECKING:
    from fascinet.model.schema import Cause, Knowledge

KEPT = 1024
OPENERS = ("twitch_duration", "twitch_spread")
"""What every patient tells unasked, whatever the answer is.

A patient who told only what is present would tell something by each silence, and the exact
posterior would have to know how the patient chooses. What is told by a fixed rule can be
conditioned on as it stands."""
ASKABLE = ("finding", "test", "risk")
WAYS = ("ask", "examine", "order")
DRUGS = "drugs_substances"

Evidence = Mapping[str, str]
Belief = Mapping[str, float]


class Practice:
    """A knowledge base and its reasoner, as lessons use them.

    Parameters
    ----------
    knowledge : Knowledge
    reasoner : Reasoner
        Of that knowledge.

    Examples
    --------
    >>> from fascinet.teaching import practice
    >>> rooms = practice()
    >>> rooms.belief({"setting": "primary_care", "twitching": "yes"})["als"] < 0.02
    True
    >>> rooms.way_of("insomnia"), rooms.way_of("clonus"), rooms.way_of("emg")
    ('ask', 'examine', 'order')
    """

    def __init__(self, knowledge: "Knowledge", reasoner: Reasoner) -> None:
        self.knowledge, self.reasoner = knowledge, reasoner
        self.network, self.engine = reasoner.network, reasoner.engine
        self._posterior = lru_cache(maxsize=KEPT)(self._ask)
        self._belief = lru_cache(maxsize=KEPT)(self._believe)

    # ---------------------------------------------------------------- beliefs

    def posterior(self, evidence: Evidence) -> Posterior:
        """Return every marginal given hard evidence, kept for the next time.

        Raises
        ------
        ImpossibleEvidenceError
        """
        return self._posterior(tuple(sorted(evidence.items())))

    def _ask(self, evidence: tuple[tuple[str, str], ...]) -> Posterior:
        return self.engine.posterior(self.reasoner.evidence(dict(evidence)).hard)

    def belief(self, evidence: Evidence) -> dict[str, float]:
        """Return P(cause present | evidence) of every cause."""
        return dict(self._belief(tuple(sorted(evidence.items()))))

    def _believe(self, evidence: tuple[tuple[str, str], ...]) -> dict[str, float]:
        told = self.reasoner.evidence(dict(evidence)).hard
        found = self.engine.posterior(told, targets=self.causes)
        return {c: self.reasoner.present(found, c) for c in self.causes}

    def open_causes(self, evidence: Evidence) -> tuple[str, ...]:
        """Return the causes that are not themselves known."""
        return tuple(c for c in self.causes if c not in evidence)

    def bits(self, evidence: Evidence) -> float:
        """Return the sum over open causes of the entropy of present or not, in bits."""
        belief = self.belief(evidence)
        return float(entropy([belief[c] for c in self.open_causes(evidence)]).sum())

    def start(self, evidence: Evidence) -> dict[str, str]:
        """Return what is known before any question: where, and that the muscle twitches."""
        return {v: evidence[v] for v in (SETTING, COMPLAINT) if v in evidence}

    # ---------------------------------------------------------------- what there is

    @property
    def causes(self) -> tuple[str, ...]:
        """All causes."""
        return self.reasoner.causes

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """Where a patient may be seen."""
        return self.network.states(SETTING)

    @cached_property
    def openers(self) -> tuple[str, ...]:
        """What every patient tells unasked."""
        named = (*CONTEXT, COMPLAINT, *OPENERS)
        return tuple(v for v in named if v in self.network.index)

    @cached_property
    def askable(self) -> tuple[str, ...]:
        """What can be asked, examined or ordered: findings, tests, risks, and drugs and habits."""
        kinds = {v: self.network.meta.get(v, {}).get("kind") for v in self.network.variables}
        return tuple(v for v in self.network.variables
                     if kinds[v] in ASKABLE or v in self.habits)  # fmt: skip

    @cached_property
    def habits(self) -> frozenset[str]:
        """Causes that one can simply ask for: drugs and substances that a person takes.

        What a drug brings about in some (a withdrawal, a toxicity) depends on others in the data,
        and is found out, not asked.
        """
        scripts = ((c, self.script(c)) for c in self.causes)
        return frozenset(c for c, s in scripts if s.group == DRUGS and not s.prior.links)

    def script(self, cause: str) -> "Cause":
        """Return the illness script of a cause.

        Raises
        ------
        OptionError
        """
        if cause not in self.knowledge.causes:
            raise OptionError("cause", cause, self.causes)
        return self.knowledge.causes[cause]

    def resting(self, variable: str) -> str:
        """Return the state that means absent or normal."""
        return self.reasoner.rules.resting[variable]

    def way_of(self, variable: str) -> str:
        """Return how a variable is learned: "ask", "examine" or "order"."""
        if variable in self.knowledge.tests:
            return "order"
        record = self.knowledge.findings.get(variable)
        return "examine" if record is not None and record.by == "examination" else "ask"

    def of_way(self, way: str, known: Iterable[str] = ()) -> tuple[str, ...]:
        """Return what is still open and learned in one way, in the order of the data."""
        done = set(known)
        return tuple(v for v in self.askable if v not in done and self.way_of(v) == way)


def entropy(p: Iterable[float]) -> Array:
    """Return the entropy of yes or no, in bits.

    >>> entropy([0.5, 1.0]).tolist()
    [1.0, 0.0]
    """
    q = np.clip(np.array(list(p), dtype=float), 0.0, 1.0)
    both = np.stack([q, 1.0 - q])
    return np.abs((both * np.log2(np.where(both > 0, both, 1.0))).sum(axis=0))


@lru_cache(maxsize=1)
def practice() -> Practice:
    """Return the practice of the shipped knowledge base, made once per process."""
    return Practice(shipped_knowledge(), shipped_reasoner())
