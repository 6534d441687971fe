"""Many questions about one case by one program.

All causes that are not observed, and the other parents of findings, are listed as soft findings,
flat where nothing is asked. So the engine plans once, and each question (a cause present, a group
absent, the outcome of a test) is one more run of the same program.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.model.case import Case
from fascinet.model.errors import ImpossibleEvidenceError
from fascinet.model.gates import Array


@dataclass(frozen=True)
class Lanes:
    """A case with its flat soft findings.

    Attributes
    ----------
    engine : Engine
    case : Case
    flat : mapping of variable to array
        Soft evidence of the case, and ones for everything that may be asked.
    resting : mapping of variable to state
    targets : tuple of str
        What every run answers.
    """

    engine: Engine
    case: Case
    flat: Mapping[str, Array]
    resting: Mapping[str, str]
    targets: tuple[str, ...]

    def run(self, changes: Mapping[str, Array] | None = None) -> Posterior | None:
        """Return the posterior with some flat findings multiplied; None if it is impossible."""
        soft: dict[str, Any] = dict(self.flat)
        for name, vector in (changes or {}).items():
            soft[name] = soft[name] * vector
            if not soft[name].any():
                return None
        try:
            return self.engine.posterior(self.case.hard, soft=soft, targets=self.targets)
        except ImpossibleEvidenceError:
            return None

    def log_prob(self, changes: Mapping[str, Array] | None = None) -> float:
        """Return ln P of the case with some flat findings multiplied."""
        found = self.run(changes)
        return -np.inf if found is None else float(found.log_prob_evidence)

    def at_rest(self, cause: str) -> Array:
        """Return the likelihood of a cause's being absent."""
        network = self.engine.network
        state = network.state_index(cause, self.resting[cause])
        return np.eye(len(network.states(cause)))[state]

    def present(self, posterior: Posterior, cause: str) -> float:
        """Return P(cause in any state but its resting one)."""
        state = self.engine.network.state_index(cause, self.resting[cause])
        return float(1.0 - posterior.array(cause)[state])

    def case_soft(self) -> dict[str, Array]:
        """Return the soft evidence of the case alone."""
        return {name: self.flat[name] for name in self.case.soft}


def open_lanes(
    engine: Engine,
    case: Case,
    askable: tuple[str, ...],
    resting: Mapping[str, str],
    targets: tuple[str, ...],
) -> Lanes:
    """Return the lanes of a case: `askable` are the variables to ask about."""
    network = engine.network
    flat = {k: np.array([v[s] for s in network.states(k)]) for k, v in case.soft.items()}
    for name in askable:
        if name not in case.hard and name not in case.do:
            flat.setdefault(name, np.ones(len(network.states(name))))
    return Lanes(engine, case, flat, resting, targets)
