"""The E-step: expected counts of every parameter, from derivatives.

P(e) is linear in each parameter θ of a table, of a link and of the leak, so that θ ∂ ln P(e)/∂θ is
the probability, given the case, that this entry was used: of a table P(x, u | e), of a noisy-MAX
that the cause's own effect was x (Darwiche 2003, doi:10.1145/765568.765570). No hidden variable has
to be made for the gates' inner effects.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.results import Array
from fascinet.engine.learning.cases import Cases
from fascinet.model.errors import ImpossibleEvidenceError, LearningError

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

BLOCK = 1024  # rows worked at a time: what bounds the memory


@dataclass(frozen=True, eq=False)
class Expected:
    """What an E-step finds.

    Attributes
    ----------
    log_likelihood : float
        Σ ln P(case).
    counts : array, shape (P,)
        Expected number of cases that used each parameter.
    """

    log_likelihood: float
    counts: Array


def expected_counts(engine: "Engine", cases: Cases) -> Expected:
    """Return the log likelihood and the expected counts of all parameters."""
    counts = np.zeros(len(parameters_of(engine.network).values))
    total = 0.0
    for block, weights, logs in blocks(engine, cases):
        counts += weights @ block
        total += float(weights @ logs)
    return Expected(total, counts)


def blocks(engine: "Engine", cases: Cases) -> Iterator[tuple[Array, Array, Array]]:
    """Yield, some rows at a time, their shares of each parameter, weights and ln P.

    Raises
    ------
    LearningError
        With the row, if a case is impossible under the network.
    """
    figures = parameters_of(engine.network)
    owner = figures.owner[figures.row]
    for begin in range(0, len(cases.weights), BLOCK):
        rows = range(begin, min(begin + BLOCK, len(cases.weights)))
        block, logs = np.empty((len(rows), len(figures.values))), np.empty(len(rows))
        for i, row in enumerate(rows):
            try:
                found = engine.derivatives(cases.evidence[row])
            except ImpossibleEvidenceError as error:
                raise LearningError(
                    f"row {int(cases.first[row]) + 1} of the data is impossible under the network "
                    f"(a probability of 0 stays 0): {error}"
                ) from None
            block[i], logs[i] = figures.flatten(found.gates), found.log_prob
        block *= figures.values
        block *= cases.relevant[rows.start : rows.stop][:, owner]
        yield block, cases.weights[rows.start : rows.stop], logs


def row_totals(figures: Parameters, counts: Array) -> Array:
    """Return how many expected cases each row of parameters rests on, shape (…, R)."""
    return np.add.reduceat(counts, figures.starts, axis=-1)
