"""An engine by enumeration: the oracle under the analyses. Small networks only."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fascinet.engine.run.evidence import likelihood
from fascinet.model.errors import ImpossibleEvidenceError
from fascinet.model.network import Network
from tests.oracle import posteriors


@dataclass(frozen=True)
class SlowPosterior:
    marginals: dict[str, np.ndarray]
    log_prob_evidence: float

    def array(self, variable: str) -> np.ndarray:
        return self.marginals[variable]


class SlowEngine:
    def __init__(self, network: Network) -> None:
        self.network = network

    def posterior(self, evidence: Any = None, *, soft: Any = None, **_: Any) -> SlowPosterior:
        soft = {v: likelihood(self.network, v, x) for v, x in (soft or {}).items()}
        with np.errstate(invalid="ignore"):
            marginals, total = posteriors(self.network, evidence or {}, soft)
        if total <= 0.0:
            raise ImpossibleEvidenceError(evidence or {})
        return SlowPosterior(marginals, math.log(total))

    def log_prob_evidence(self, evidence: Any, soft: Any = None, do: Any = None) -> float:
        return self.posterior(evidence, soft=soft).log_prob_evidence

    def batch_log_prob(self, cases: Sequence[tuple[Mapping[str, str], Any]]) -> np.ndarray:
        return np.array([self._log_prob(*case) for case in cases])

    def _log_prob(self, evidence: Any, soft: Any) -> float:
        try:
            return self.posterior(evidence, soft=soft).log_prob_evidence
        except ImpossibleEvidenceError:
            return -math.inf
