"""Which figures and findings carry an answer, and which of them are weakly sourced.

Influence of a parameter: the change of the answer's log odds over its cited range, in decibans.
Weakness: the grade of its source, A to D, as 1 to 4, read from the knowledge base (`sources`); a
figure without a grade counts as D. The list ranks by influence × weakness; open findings stand
beside parameters in the same unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.access import CAP, Evidence, Soft, vectors_of
from fascinet.engine.analyses.hypotheses import resting_state
from fascinet.engine.analyses.results import DB_PER_NAT, Array, Columns, Result, frozen
from fascinet.engine.analyses.sensitivity import Sensitivity, sensitivity
from fascinet.engine.analyses.sources import Basis, bases
from fascinet.engine.analyses.value_of_information import candidates_of, joint_pairs
from fascinet.model.arguments import instance_of, mapping_of, whole_number
from fascinet.model.shipped import shipped_knowledge, shipped_network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine
    from fascinet.model.schema import Knowledge

NOISE = 1e-9  # decibans below which a change is rounding
WEAKNESS = {"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0}


@dataclass(frozen=True, eq=False, repr=False)
class Changes(Result):
    """What could change an answer: parameters and findings in one list, largest first.

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
    grade, source : tuples of str
        As the knowledge base has them; "" for findings and for figures that it does not cite.
    about : {"changes", "poorly_sourced"}
        What was asked.
    """

    kind: tuple[str, ...]
    name: tuple[str, ...]
    swing_db: Array
    weakness: Array
    grade: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    about: str = "changes"

    def columns(self) -> Columns:
        """Return one row a parameter or finding."""
        return {
            "kind": list(self.kind),
            "name": list(self.name),
            "swing_db": self.swing_db,
            "weakness": self.weakness,
            "grade": list(self.grade or ("",) * len(self.name)),
            "source": list(self.source or ("",) * len(self.name)),
        }

    def title(self) -> str:
        """Return what is listed."""
        if self.about == "poorly_sourced":
            return "Influential parameters with weak sources"
        return "What could change the answer"


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
    found: Sensitivity,
    grades: Mapping[int, str] | None = None,
    count: int = 20,
    *,
    knowledge: "Knowledge | None" = None,
) -> Changes:
    """Return the parameters with the largest influence × weakness of evidence.

    Of a row with two states the resting one is left out: it says the same.

    Parameters
    ----------
    found : Sensitivity
    grades : mapping of parameter index to grade A to D, optional
        Instead of those of the knowledge base. A parameter left out counts as D.
    knowledge : Knowledge, optional
        Where grades and sources are read; default: the shipped one for the shipped network.
    """
    count = whole_number("count", count)
    if grades is not None:
        grades = mapping_of("grades", grades, "parameter index to grade")
    swing = parameter_swings(found)
    moving = found.index[swing > NOISE]
    base = _bases(found, knowledge, moving)
    named = {i: b.grade for i, b in base.items()} if grades is None else grades
    weak = np.array([WEAKNESS.get(named.get(int(i), "D"), 4.0) for i in found.index])
    order = np.argsort(-swing * weak, kind="stable")
    order = order[(swing[order] > NOISE) & ~_told_twice(found)[order]][:count]
    best = [int(found.index[i]) for i in order]
    return Changes(
        ("parameter",) * len(order), tuple(name_of(found, int(i)) for i in order),
        frozen(swing[order]), frozen(weak[order]), tuple(named.get(i, "") for i in best),
        tuple(", ".join(base[i].sources) if i in base else "" for i in best), "poorly_sourced",
    )  # fmt: skip


def _told_twice(found: Sensitivity) -> NDArray[np.bool_]:
    """Return which parameters are what a row of two states leaves over: its resting state."""
    figures = found.parameters
    network, row = figures.network, figures.row[found.index]
    rest = np.array([resting_state(network, v) for v in network.variables])
    return (figures.widths[row] == 2) & (
        found.index - figures.starts[row] == rest[figures.owner[row]]
    )


def _bases(
    found: Sensitivity, knowledge: "Knowledge | None", index: NDArray[np.int64]
) -> dict[int, Basis]:
    """Return what parameters rest on; nothing for a network without a knowledge base."""
    if knowledge is None and found.parameters.network.name == shipped_name():
        knowledge = shipped_knowledge()
    if knowledge is None:
        return {}
    from fascinet.model.schema import Knowledge

    return bases(instance_of("knowledge", knowledge, Knowledge), found.parameters, index)


def shipped_name() -> str:
    """Return the name of the shipped network."""
    return shipped_network().name


def what_would_change(
    engine: "Engine",
    target: str,
    state: str,
    evidence: Evidence,
    *,
    soft: Soft | None = None,
    grades: Mapping[int, str] | None = None,
    count: int = 20,
    knowledge: "Knowledge | None" = None,
) -> Changes:
    """Return open findings and parameters in one list, by what they could do to the answer."""
    found = sensitivity(engine, target, state, evidence, soft=soft)
    weak = poorly_sourced(found, grades, count, knowledge=knowledge)
    names, swings = finding_swings(engine, target, state, evidence, soft)
    kinds = weak.kind + ("finding",) * len(names)
    swing = np.concatenate([weak.swing_db, swings])
    weakness = np.concatenate([weak.weakness, np.ones(len(names))])
    order = np.argsort(-swing, kind="stable")
    order = order[swing[order] > NOISE][:count]
    every, blank = weak.name + names, ("",) * len(names)
    grade, source = weak.grade + blank, weak.source + blank
    return Changes(
        tuple(kinds[i] for i in order), tuple(every[i] for i in order),
        frozen(swing[order]), frozen(weakness[order]),
        tuple(grade[i] for i in order), tuple(source[i] for i in order),
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
