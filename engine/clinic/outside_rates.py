"""How often the warning outside the model fires: on cases that the network makes, and on packets.

A simulated case is a person with the complaint, drawn from the network in a setting at random, of
whom one learns what one would learn: age and sex, all that is there (at most `SEEN`), some of what
is not, and the results of a few tests.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.clinic.outlook import unresolved
from fascinet.engine.clinic.ranking import kind
from fascinet.model.case import COMPLAINT, Case
from fascinet.model.errors import CaseError, FascinetError

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner

SEEN, DENIED, TESTED, TOLD = 8, 6, 2, 2
CONTEXT = ("setting", "age_group", "sex")


@dataclass(frozen=True)
class Rate:
    """Of `n` cases, how many were said to lie outside the model."""

    name: str
    n: int
    warned: int

    @property
    def share(self) -> float:
        """The share that was warned of."""
        return self.warned / self.n if self.n else 0.0


def simulated_cases(reasoner: "Reasoner", n: int, seed: int = 0) -> Iterator[Case]:
    """Yield cases that the network makes, the complaint given."""
    network, resting = reasoner.network, reasoner.rules.resting
    rng = np.random.default_rng(seed)
    column = simulate(network, 4 * n + 50, seed)
    fits = np.flatnonzero(column[COMPLAINT] == network.state_index(COMPLAINT, "yes"))[:n]
    names = {k: [v for v in network.variables if kind(network, v) == k and v != COMPLAINT]
             for k in ("finding", "test", "risk")}  # fmt: skip
    for i in fits.tolist():
        states = {v: network.states(v)[int(column[v][i])] for v in network.variables}
        there = [v for v in names["finding"] if states[v] != resting[v]]
        absent = [v for v in names["finding"] if states[v] == resting[v]]
        told = [v for v in names["risk"] if states[v] != resting[v]]
        picked = [
            *CONTEXT, COMPLAINT, *_some(there, SEEN, rng), *_some(absent, DENIED, rng),
            *_some(names["test"], TESTED, rng), *_some(told, TOLD, rng),
        ]  # fmt: skip
        yield Case({v: states[v] for v in picked if v in states})


def _some(names: Sequence[str], most: int, rng: np.random.Generator) -> list[str]:
    """Return 0 to `most` of the names, or all if they are fewer."""
    count = int(rng.integers(most + 1))
    return [names[int(i)] for i in rng.permutation(len(names))[:count]]


def simulated_rate(reasoner: "Reasoner", n: int, seed: int = 0) -> Rate:
    """Return how many simulated cases are warned of."""
    cases = list(simulated_cases(reasoner, n, seed))
    warned = sum(bool(reasoner.outlook(case).warnings) for case in cases)
    return Rate("cases that the network makes", len(cases), warned)


def packet_rate(reasoner: "Reasoner", folder: Path) -> Rate:
    """Return how many cases of a folder are warned of; what cannot be read is an error."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise CaseError(f"{folder}: expected cases, *.json")
    warned = n = 0
    for file in files:
        try:
            case = reasoner.read(file, strict=False)
            warned += bool(reasoner.outlook(case).warnings)
        except FascinetError as error:
            raise CaseError(f"{file}: {error}") from None
        n += 1
    return Rate(str(folder.name), n, warned)


def left_over(reasoner: "Reasoner", cases: Sequence[Case]) -> list[tuple[int, float]]:
    """Return the number of findings of each case, and T: what no cause resolves."""
    out: list[tuple[int, float]] = []
    for case in cases:
        seen = reasoner.outlook(case)
        out.append((seen.findings, unresolved(seen.conflict, seen.before, seen.after)))
    return out
