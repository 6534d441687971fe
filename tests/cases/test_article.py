"""Every statement of the article, run: entering it moves the right answer, or raises the advice."""

from collections.abc import Mapping

import numpy as np
import pytest

from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.case import Case
from fascinet.model.load import load_knowledge
from fascinet.model.schema import Proof

KNOWLEDGE = load_knowledge()
PROOFS = [(f"{key}-{i}", proof) for key, s in KNOWLEDGE.statements.items()
          for i, proof in enumerate(s.proofs)]  # fmt: skip
SETTING = {"setting": "primary_care"}


def decibans(posterior: Posterior, key: str) -> float:
    """Return the log odds of a variable being out of rest, or in a state."""
    name, _, state = key.partition("=")
    marginal = posterior[name]
    rest = KNOWLEDGE.resting.get(name, next(iter(marginal)))
    p = marginal[state] if state else 1.0 - marginal[rest]
    p = min(max(p, 1e-12), 1 - 1e-12)
    return float(10 * np.log10(p / (1 - p)))


def asked(evidence: Mapping[str, str], keys: list[str]) -> dict[str, float]:
    names = list({key.partition("=")[0] for key in keys})
    posterior = shipped_reasoner().engine.posterior({**SETTING, **evidence}, targets=names)
    return {key: decibans(posterior, key) for key in keys}


@pytest.mark.parametrize("proof", [p for _, p in PROOFS], ids=[name for name, _ in PROOFS])
def test_a_statement_does_what_it_says(proof: Proof) -> None:
    keys = list(proof.moves)
    after = {**proof.given, **proof.enter}
    if keys:
        before, now = asked(proof.given, keys), asked(after, keys)
        for key, least in proof.moves.items():
            moved = now[key] - before[key]
            assert moved >= least - 1e-9 if least >= 0 else moved <= least, (key, moved)
    if proof.flags or proof.actions:
        found = shipped_reasoner().diagnose(Case(after), tests=0, intervals=False, groups=False)
        assert set(proof.flags) <= {flag.id for flag in found.red_flags}
        advised = {a.action for a in found.advice if a.utility > 0}
        assert set(proof.actions) <= advised, [a.sentence() for a in found.advice]


def test_every_statement_that_must_be_carried_is_run() -> None:
    assert all(s.proofs for s in KNOWLEDGE.statements.values() if s.must)
    assert all(p.moves or p.flags or p.actions for _, p in PROOFS)
