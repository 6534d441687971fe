"""What a question or test is worth in utilities: expected value of sample information.

Each cause c is acted on or not. To leave it, where it is there, costs its harm H_c; to act, where
it is not, costs its alarm A_c. The best that can be done at P(c) = p loses

    L_c(p) = min(p H_c, (1 - p) A_c)

so that one acts from the threshold A_c / (A_c + H_c) on (Pauker & Kassirer 1975). A test X is worth

    EVSI(X) = Σ_c [L_c(P(c | e)) - Σ_x P(x | e) L_c(P(c | e, x))] ≥ 0

(Raiffa & Schlaifer 1961; Howard 1966), less its cost and burden at a price each. Unlike bits it is
0 where no outcome would change what is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import Evidence, Soft, require_possible, vectors_of
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.value_of_information import (
    candidates_of,
    cost_of,
    joint_pairs,
    present_mask,
)
from fascinet.model.arguments import number_of

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


@dataclass(frozen=True, eq=False, repr=False)
class ExpectedUtility(Result):
    """Questions and tests, the largest net value first.

    Attributes
    ----------
    variables : tuple of str
    gain : array
        EVSI, in the unit of the harms.
    cost, burden : array
        Of the test; a question has neither.
    net : array
        gain - price · (cost + burden).
    loss : float
        Σ_c L_c(P(c | e)): what is lost at best if nothing more is asked.
    """

    variables: tuple[str, ...]
    gain: Array
    cost: Array
    burden: Array
    net: Array
    loss: float

    @property
    def stop(self) -> bool:
        """Whether nothing left earns its price."""
        return bool((self.net <= 0.0).all())

    def columns(self) -> Columns:
        """Return one row a question or test."""
        return {
            "variable": list(self.variables), "net": self.net, "gain": self.gain,
            "cost": self.cost, "burden": self.burden,
        }  # fmt: skip

    def title(self) -> str:
        """Return the best of the list, or that nothing is worth its price."""
        if self.stop:
            return f"Nothing left is worth its price; {self.loss:.3g} is lost at best"
        return f"Worth most: {self.variables[0]} ({self.net[0]:+.3g} of {self.loss:.3g} at stake)"

    def summary(self) -> dict[str, Any]:
        """Return what is at stake and the stop signal."""
        return {"loss": self.loss, "stop": self.stop}


def expected_utility(
    engine: "Engine",
    harms: Mapping[str, float],
    evidence: Evidence | None = None,
    candidates: Sequence[str] | None = None,
    *,
    alarms: Mapping[str, float] | None = None,
    soft: Soft | None = None,
    price: float = 0.01,
) -> ExpectedUtility:
    """Return what each open question or test is worth.

    Parameters
    ----------
    engine : Engine
    harms : mapping of variable to float
        H: the harm of leaving each cause where it is there, at least 0.
    evidence, soft : mapping, optional
    candidates : sequence of str, optional
        Default: all open findings, tests and risks; in a plain network all open variables.
    alarms : mapping of variable to float, optional
        A: the harm of acting where the cause is not there; default 1.
    price : float
        Utility of one unit of a test's cost or burden.

    Raises
    ------
    UnknownVariableError, ArgumentError, ImpossibleEvidenceError
    """
    network, known = engine.network, {*(evidence or {}), *(soft or {})}
    for name, values in (("harm", harms), ("alarm", alarms or {})):
        for v, x in values.items():
            network.check(v)
            number_of(f"{name} of {v}", x)
    names = tuple(v for v in harms if v not in known)
    open_ = candidates_of(network, names, known) if candidates is None else tuple(candidates)
    open_ = tuple(v for v in open_ if network.check(v) not in known and v not in names)
    require_possible(engine, evidence or {}, soft)
    pairs = joint_pairs(engine, vectors_of(network, evidence or {}, soft), names, open_)
    before, after = np.zeros(len(names)), np.zeros((len(names), len(open_)))
    for i, t in enumerate(names):
        there, cost = present_mask(network, t), (harms[t], (alarms or {}).get(t, 1.0))
        for j, v in enumerate(open_):
            joint = pairs[t, v]
            yes, no = joint[there].sum(axis=0), joint[~there].sum(axis=0)
            after[i, j] = np.minimum(yes * cost[0], no * cost[1]).sum()
            before[i] = min(yes.sum() * cost[0], no.sum() * cost[1])
    gain = np.maximum(before.sum() - after.sum(axis=0), 0.0)
    tested = [network.meta.get(v, {}).get("kind") == "test" for v in open_]
    cost, burden = (
        np.array([x if t else 0.0 for t, x in zip(tested, figures, strict=True)])
        for figures in (
            [cost_of(network, v, None) for v in open_],
            [float(network.meta.get(v, {}).get("burden", 0.0)) for v in open_],
        )
    )
    net = gain - price * (cost + burden)
    order = np.lexsort((-gain, -net))
    return ExpectedUtility(
        tuple(open_[i] for i in order), frozen(gain[order]), frozen(cost[order]),
        frozen(burden[order]), frozen(net[order]), float(before.sum()),
    )  # fmt: skip
