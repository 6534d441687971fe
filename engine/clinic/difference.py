"""Two versions of a knowledge base: which cases rank otherwise, and which figures did it.

Each composed case is ranked under both versions. The change of the old leader's log odds is laid
to the variables whose gates changed, one at a time: the old network with that gate alone replaced.
The parts need not add up exactly, since gates interact; the rest is said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.redraw import bases, posteriors_on
from fascinet.engine.analyses.results import DB_PER_NAT, Columns, Result
from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.reasoner import Reasoner
from fascinet.engine.tables.pattern import Pattern, relevant
from fascinet.model.build import build_network
from fascinet.model.figures import places
from fascinet.model.gates import Function, Gate
from fascinet.model.network import Network, gate_arrays
from fascinet.model.plural import counted
from fascinet.model.schema import Knowledge


@dataclass(frozen=True)
class FigureChange:
    """A number that differs: its place, and what it was and is (None: not there)."""

    where: str
    old: Any
    new: Any


@dataclass(frozen=True)
class CaseChange:
    """One case under both versions.

    Attributes
    ----------
    case : str
    old, new : tuple of str
        The first three groups, best first.
    leader : str
        The cause that led before.
    change_db : float
        Change of its log odds, in decibans.
    by : mapping of str to float
        Part of the change that each changed variable makes alone, in decibans, largest first.
    """

    case: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    leader: str
    change_db: float
    by: Mapping[str, float]

    @property
    def moved(self) -> bool:
        """Whether the first three changed."""
        return self.old != self.new


@dataclass(frozen=True, eq=False, repr=False)
class Difference(Result):
    """What two versions of a knowledge base say differently.

    Attributes
    ----------
    figures : tuple of FigureChange
    variables : tuple of str
        Variables whose gates differ, or that only one version has.
    cases : tuple of CaseChange
        All composed cases that both versions can read.
    """

    figures: tuple[FigureChange, ...]
    variables: tuple[str, ...]
    cases: tuple[CaseChange, ...]

    def columns(self) -> Columns:
        """Return one row a case."""
        return {
            "case": [c.case for c in self.cases],
            "moved": [c.moved for c in self.cases],
            "old": [", ".join(c.old) for c in self.cases],
            "new": [", ".join(c.new) for c in self.cases],
            "leader": [c.leader for c in self.cases],
            "change_db": [c.change_db for c in self.cases],
            "by": [", ".join(f"{v} {x:+.1f}" for v, x in list(c.by.items())[:3])
                   for c in self.cases],
        }  # fmt: skip

    def title(self) -> str:
        """Return how much changed."""
        moved = sum(c.moved for c in self.cases)
        return (
            f"{counted(len(self.figures), 'figure')} and "
            f"{counted(len(self.variables), 'variable')} differ; "
            f"{moved} of {counted(len(self.cases), 'case')} change rank"
        )

    def summary(self) -> dict[str, Any]:
        """Return the figures and variables that differ."""
        return {
            "figures": [{"where": f.where, "old": f.old, "new": f.new} for f in self.figures],
            "variables": list(self.variables),
        }


def compare(old: Knowledge, new: Knowledge) -> Difference:
    """Return what two knowledge bases say differently, on the composed cases of the new one."""
    before, after = (Reasoner(k, build_network(k)) for k in (old, new))
    changed = changed_variables(before.network, after.network)
    swaps = Swaps(before.engine, after.network, changed)
    cases = [
        case_change(before, after, v.id, dict(v.findings), v.setting, swaps)
        for v in new.vignettes
        if _readable(before.network, v.findings)
    ]
    return Difference(tuple(figure_changes(old, new)), changed, tuple(cases))


def _readable(network: Network, findings: Mapping[str, str]) -> bool:
    return all(v in network.index and s in network.states(v) for v, s in findings.items())


def figure_changes(old: Knowledge, new: Knowledge) -> Iterator[FigureChange]:
    """Yield every figure that differs, by its place."""
    was, now = ({p.where: p.figure.model_dump() for p in places(k)} for k in (old, new))
    for where in sorted({*was, *now}):
        if was.get(where) != now.get(where):
            yield FigureChange(where, was.get(where), now.get(where))


def changed_variables(old: Network, new: Network) -> tuple[str, ...]:
    """Return variables with another gate, other parents or states, or in one version only."""
    names = dict.fromkeys((*old.variables, *new.variables))
    return tuple(v for v in names if not _same(old, new, v))


def _same(old: Network, new: Network, v: str) -> bool:
    if v not in old.index or v not in new.index:
        return False
    if old.parents(v) != new.parents(v) or old.states(v) != new.states(v):
        return False
    a, b = gate_arrays(old.gate(v)), gate_arrays(new.gate(v))
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def case_change(
    before: Reasoner,
    after: Reasoner,
    name: str,
    findings: Mapping[str, str],
    setting: str,
    swaps: "Swaps",
) -> CaseChange:
    """Return one case under both versions, with what moved its old leader."""
    ranked = [
        r.diagnose({"findings": dict(findings)}, setting, tests=0, intervals=False)
        for r in (before, after)
    ]
    first, second = (tuple(g.group for g in d.groups[:3]) for d in ranked)
    leader = ranked[0].differential[0].cause
    rest = before.rules.resting[leader]
    was = _db(before.engine, leader, rest, ranked[0].hard)
    now = _db(after.engine, leader, rest, ranked[0].hard) if leader in after.network.index else 0.0
    parts: dict[str, float] = {}
    if abs(now - was) > 1e-6 and leader not in ranked[0].hard:
        parts = {v: x - was for v, x in swaps.log_odds(leader, rest, ranked[0].hard)}
    by = dict(sorted(parts.items(), key=lambda item: -abs(item[1])))
    return CaseChange(name, first, second, leader, now - was, by)


class Swaps:
    """The old network with one gate of the new, for each changed variable.

    Where a gate keeps its shape its numbers alone are exchanged, under the same plan; where it does
    not, the network gets an engine of its own.

    Parameters
    ----------
    engine : Engine
        Of the old network.
    new : Network
    changed : tuple of str
    """

    def __init__(self, engine: Engine, new: Network, changed: tuple[str, ...]) -> None:
        self.engine, old = engine, engine.network
        fit = {v: n for v in changed if (n := swapped(old, new, v)) is not None}
        numbers = [v for v in fit if _shapes(old.gate(v)) == _shapes(new.gate(v))]
        self._others = {v: Engine(fit[v]) for v in fit if v not in numbers}
        sets = (parameters_of(fit[v]).values for v in numbers)
        self._nets = dict(zip(numbers, bases(engine, sets), strict=True))

    def log_odds(
        self, cause: str, rest: str, evidence: Mapping[str, str]
    ) -> Iterator[tuple[str, float]]:
        """Yield the log odds of a cause with each gate exchanged, in decibans."""
        network, here = self.engine.network, self.engine.layout.slices[cause]
        seen = Pattern(
            frozenset(network.index[v] for v in evidence), targets=frozenset([network.index[cause]])
        )
        matter = relevant(self.engine.arrays, seen)
        same = _db(self.engine, cause, rest, evidence)
        yield from ((v, same) for v in self._nets if network.index[v] not in matter)
        nets = {v: net for v, net in self._nets.items() if network.index[v] in matter}
        found = posteriors_on(self.engine, evidence, None, [cause], nets.values())
        states = network.states(cause)
        for v, flat in zip(nets, found, strict=True):
            if flat is not None:
                yield v, _decibans(dict(zip(states, flat[here].tolist(), strict=True)), rest)
        yield from ((v, _db(e, cause, rest, evidence)) for v, e in self._others.items())


def _shapes(gate: Gate) -> tuple[object, ...]:
    """Return what must be the same for numbers to be exchanged; of a function, itself."""
    if isinstance(gate, Function):
        return (id(gate),)
    return (type(gate), *(x.shape for x in gate_arrays(gate)))


def swapped(old: Network, new: Network, v: str) -> Network | None:
    """Return the old network with one gate of the new, None if it does not fit."""
    if v not in old.index or v not in new.index or old.parents(v) != new.parents(v):
        return None
    if old.states(v) != new.states(v):
        return None
    gate: Gate = new.gate(v)
    return old.with_gate(v, gate)


def _db(engine: Engine, cause: str, rest: str, evidence: Mapping[str, str]) -> float:
    if cause in evidence:
        return 0.0
    return _decibans(engine.posterior(evidence, targets=[cause])[cause], rest)


def _decibans(marginal: Mapping[str, float], rest: str) -> float:
    absent, present = marginal[rest], sum(p for s, p in marginal.items() if s != rest)
    with np.errstate(divide="ignore"):
        return float(np.clip(np.log(present) - np.log(absent), -34.5, 34.5) * DB_PER_NAT)
