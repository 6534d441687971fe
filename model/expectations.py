"""Signs that must never lower their disease: read from the knowledge, looked for in cases.

P(cause | e, sign) < P(cause | e) exactly if P(sign | e, cause) < P(sign | e): one run a cause
answers for all its signs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fascinet.model.schema import Knowledge

LEAST = 0.001
"""A cause that is less probable in a case is not asked about there."""
SLACK = 0.9
"""Where two diseases compete for a sign, the one that shows it more takes a little from the other:
up to a tenth of the odds is no breach."""


class Broken(NamedTuple):
    """A sign that lowers its cause in a case, with its likelihood ratio there."""

    cause: str
    finding: str
    state: str
    ratio: float
    evidence: Mapping[str, str]


def broken(
    engine: Any, knowledge: Knowledge, evidence: Mapping[str, str], causes: Sequence[str] = ()
) -> Iterator[Broken]:
    """Yield the signs that would lower their cause in a case; what it says itself is left out.

    The cause is put in as a likelihood, so that all causes are asked of one program.
    """
    network = engine.network
    names = [c for c in causes or knowledge.expectations if c not in evidence]
    free = {c: dict.fromkeys(network.states(c), 1.0) for c in names}
    before = engine.posterior(evidence, soft=free, targets=names)
    for cause in names:
        signs = knowledge.expectations[cause].signs
        asked, rest = [f for f in signs if f not in evidence], network.states(cause)[0]
        if not asked or before[cause][rest] > 1.0 - LEAST:
            continue
        present = {**free, cause: {**free[cause], rest: 0.0}}
        was = engine.posterior(evidence, soft=free, targets=asked)
        now = engine.posterior(evidence, soft=present, targets=asked)
        for finding, state in ((f, s) for f in asked for s in signs[f]):
            if was[finding][state] > 0.0:
                ratio = now[finding][state] / was[finding][state]
                if ratio < SLACK:
                    yield Broken(cause, finding, state, ratio, evidence)
