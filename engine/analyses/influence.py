"""Which figures and findings carry an answer, and which of them are weakly sourced.

Influence of a parameter: the change of the answer's log odds over its cited range, in decibans.
Weakness: the grade of its source, A to D, as 1 to 4 (figures without a grade count as D). The list
ranks by influence × weakness; open findings stand beside parameters in the same unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.access import CAP, Evidence, Soft, vectors_of
from fascinet.engine.analyses.results import DB_PER_NAT, Array, Columns, Result, frozen
from fascinet.engine.analyses.sensitivity import Sensitivity, sensitivity
from fascinet.engine.analyses.value_of_information import candidates_of, joint_pairs

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

WEAKNESS = {"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0}


@dataclass(frozen=True, eq=False, repr=False)
class Movers(Result):
    """What would change this: parameters and findings in one list, largest first.

    Attributes
    ----------
    kind : tuple of str
        "parameter" or "finding".
    name : tuple of str
    swing_db : array
        Parameter: |logit p(high) - logit p(low)|. Finding: the largest |change of log odds| that
        one of its outcomes would make. In decibans, at most 300.
    weakness : array
        1 (grade A) to 4 (grade D); 1 for findings.
    """

    kind: tuple[str, ...]
    name: tuple[str, ...]
    swing_db: Array
    weakness: Array

    def columns(self) -> Columns:
        """Return one row a parameter or finding."""
        return {
            "kind": list(self.kind),
            "name": list(self.name),
            "swing_db": self.swing_db,
            "weakness": self.weakness,
        }


def _db(p: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(p) - np.log1p(-p)
    return np.clip(odds, -CAP, CAP) * DB_PER_NAT


def parameter_swings(found: Sensitivity) -> Array:
    """Return how far each parameter's range moves the answer, in decibans; 0 where unknown."""
    return np.nan_to_num(np.abs(_db(found.posterior_high) - _db(found.posterior_low)))


def name_of(found: Sensitivity, position: int) -> str:
    """Return P(state | parents) of a reported parameter in words."""
    variable, state, parents = found.parameters.labels[int(found.index[position])]
    given = ", ".join(f"{u}={s}" for u, s in parents.items())
    return f"P({variable}={state} | {given})" if given else f"P({variable}={state})"


def poorly_sourced(
    found: Sensitivity, grades: Mapping[int, str] | None = None, count: int = 20
) -> Movers:
    """Return the parameters with the largest influence × weakness of evidence.

    Parameters
    ----------
    found : Sensitivity
    grades : mapping of parameter index to grade A to D, optional
        A parameter left out counts as D.
    """
    swing = parameter_swings(found)
    weak = np.array([WEAKNESS.get((grades or {}).get(int(i), "D"), 4.0) for i in found.index])
    order = np.argsort(-swing * weak, kind="stable")[:count]
    return Movers(
        ("parameter",) * len(order), tuple(name_of(found, int(i)) for i in order),
        frozen(swing[order]), frozen(weak[order]),
    )  # fmt: skip


def what_would_change(
    engine: "Engine",
    target: str,
    state: str,
    evidence: Evidence,
    *,
    soft: Soft | None = None,
    grades: Mapping[int, str] | None = None,
    count: int = 20,
) -> Movers:
    """Return open findings and parameters in one list, by what they could do to the answer."""
    weak = poorly_sourced(sensitivity(engine, target, state, evidence, soft=soft), grades, count)
    names, swings = finding_swings(engine, target, state, evidence, soft)
    kinds = weak.kind + ("finding",) * len(names)
    swing = np.concatenate([weak.swing_db, swings])
    weakness = np.concatenate([weak.weakness, np.ones(len(names))])
    order = np.argsort(-swing, kind="stable")[:count]
    every = weak.name + names
    return Movers(
        tuple(kinds[i] for i in order), tuple(every[i] for i in order),
        frozen(swing[order]), frozen(weakness[order]),
    )  # fmt: skip


def finding_swings(
    engine: "Engine", target: str, state: str, evidence: Evidence, soft: Soft | None = None
) -> tuple[tuple[str, ...], Array]:
    """Return open findings and the most that one outcome of each could move the answer, in dB."""
    network = engine.network
    known = {*evidence, *(soft or {})}
    names = tuple(v for v in candidates_of(network, (target,), known) if v != target)
    pairs = joint_pairs(engine, vectors_of(network, evidence, soft), (target,), names)
    i = network.state_index(target, state)
    out: list[float] = []
    for v in names:
        joint = pairs[(target, v)]
        marginal = joint.sum(axis=0)
        after = joint[i][marginal > 0] / marginal[marginal > 0]
        now = joint[i].sum()
        out.append(float(np.abs(_db(after) - _db(np.array(now))).max(initial=0.0)))
    return names, np.array(out)


def node_influence(found: Sensitivity) -> dict[str, float]:
    """Return, for each variable, the largest sensitivity value among its parameters."""
    out: dict[str, float] = {}
    owner = found.parameters.owner[found.parameters.row[found.index]]
    for v, value in zip(owner, found.sensitivity_value, strict=True):
        name = found.parameters.network.variables[int(v)]
        out[name] = max(out.get(name, 0.0), float(value))
    return dict(sorted(out.items(), key=lambda item: -item[1]))
