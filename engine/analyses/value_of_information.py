"""What next: the expected information of each open question or test.

    bits(X) = Σ_T I(T; X | e) = Σ_T Σ_{t,x} P(t, x | e) log2 [P(t, x | e) / P(t | e) P(x | e)]

over the targets T: with one target its mutual information with X (Shannon), with several the sum
over them. P(t, x | e) of all pairs comes from one batch: the case with each state of each target.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.access import (
    Evidence,
    Soft,
    Vectors,
    require_possible,
    vectors_of,
)
from fascinet.engine.analyses.hypotheses import causes, differential, present
from fascinet.engine.analyses.must_not_miss import Kept, decisive, guarded, in_sight
from fascinet.engine.analyses.pairs import pairs_by_parents
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.target_pairs import pairs_by_target
from fascinet.model.errors import ArgumentError, OptionError
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network

if TYPE_CHECKING:
    import pandas as pd

    from fascinet.engine.api.engine import Engine

plots_room = Lazy("fascinet.engine.display.plots")

MODES = ("both", "rule_in", "rule_out")
FEW = 8  # states of targets for which one inference a state costs least
ASKABLE = frozenset({"finding", "test", "risk"})


@dataclass(frozen=True, eq=False, repr=False)
class ValueOfInformation(Result):
    """Open questions and tests, best score first.

    Attributes
    ----------
    variables : tuple of str
    bits : array, shape (N,)
        Expected information about the targets.
    cost : array
    score : array
        bits / max(cost, 1): a question that costs nothing is divided by one.
    pairs : mapping of (target, variable) to array (target states, variable states)
        P(t, x | e).
    worth : float
        Bits per cost below which nothing is worth asking.
    kept : tuple of Kept
        Tests that causes which must not be missed keep in sight (`must_not_miss`).
    """

    network: Network
    targets: tuple[str, ...]
    variables: tuple[str, ...]
    bits: Array
    cost: Array
    score: Array
    pairs: Mapping[tuple[str, str], Array]
    worth: float
    mode: str
    kept: tuple[Kept, ...] = ()

    @property
    def stop(self) -> bool:
        """Whether nothing left is worth its cost: no score reaches `worth`, no test is kept."""
        return bool((self.score < self.worth).all()) and not self.kept

    def suggested(self, count: int = 5) -> tuple[str, ...]:
        """Return the best `count`, among them every kept test; questions and tests alike."""
        return in_sight(self.variables, self.kept, count)

    def apart(self) -> tuple["pd.DataFrame", "pd.DataFrame"]:
        """Return questions and tests as two tables: asking is free, so questions go by bits."""
        frame = self.to_frame()
        kinds = [self.network.meta.get(v, {}).get("kind") for v in self.variables]
        tests = np.array([kind == "test" for kind in kinds], dtype=bool)
        questions = np.argsort(-self.bits, kind="stable")
        questions = questions[~tests[questions]]
        return (frame.iloc[questions].reset_index(drop=True),
                frame.iloc[np.flatnonzero(tests)].reset_index(drop=True))  # fmt: skip

    def columns(self) -> Columns:
        """Return variable, bits, cost, score."""
        return {
            "variable": list(self.variables),
            "bits": self.bits,
            "cost": self.cost,
            "score": self.score,
        }

    def outcomes(self, variable: str, target: str | None = None) -> "pd.DataFrame":
        """Return what each outcome would do: variable, outcome, probability, target, posteriors.

        One row an outcome and target state: P(x | e), P(t | e), P(t | e, x).
        """
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for t in self.targets if target is None else (target,):
            joint = self.pairs[(t, variable)]
            for x, outcome in enumerate(self.network.states(variable)):
                p = float(joint[:, x].sum())
                for i, state in enumerate(self.network.states(t)):
                    rows.append({
                        "variable": variable, "outcome": outcome, "probability": p,
                        "target": t, "state": state, "before": float(joint[i].sum()),
                        "after": float(joint[i, x]) / p if p > 0 else float("nan"),
                    })  # fmt: skip
        return pd.DataFrame(rows)

    def crossing(self, target: str, state: str, threshold: float) -> "pd.DataFrame":
        """Return, for each variable, the probability that its outcome carries P(t) over a line.

        Columns variable, up, down: P(P(t | e, x) ≥ threshold) if now below, and the reverse.
        """
        import pandas as pd

        i = self.network.state_index(target, state)
        rows: list[dict[str, Any]] = []
        for v in self.variables:
            joint = self.pairs[(target, v)]
            marginal = joint.sum(axis=0)
            after = joint[i] / np.where(marginal > 0, marginal, 1.0)
            now = joint[i].sum()
            up = float(marginal[(after >= threshold) & (now < threshold)].sum())
            down = float(marginal[(after < threshold) & (now >= threshold)].sum())
            rows.append({"variable": v, "up": up, "down": down})
        return pd.DataFrame(rows)

    def title(self) -> str:
        """Return the best of the list, or that nothing is worth its cost."""
        if self.stop:
            return f"Nothing left to ask reaches {self.worth:g} bits per cost"
        return f"Most informative next: {self.variables[0]} ({self.bits[0]:.3g} bits)"

    def summary(self) -> dict[str, Any]:
        """Return targets, mode and the stop signal."""
        return {
            "targets": list(self.targets), "mode": self.mode, "stop": self.stop,
            "must_not_miss": [asdict(k) for k in self.kept],
        }  # fmt: skip

    def plot(self, count: int = 15) -> Any:
        """Return bars of expected information (Altair)."""
        return plots_room.information(self, count)


def value_of_information(
    engine: "Engine",
    targets: str | Sequence[str] | None = None,
    evidence: Evidence | None = None,
    candidates: Sequence[str] | None = None,
    costs: Mapping[str, float] | None = None,
    *,
    soft: Soft | None = None,
    mode: str = "both",
    worth: float = 0.005,
    must_not_miss: Mapping[str, float] | None = None,
) -> ValueOfInformation:
    """Return the value of every candidate, best score first.

    Parameters
    ----------
    engine : Engine
    targets : str or sequence of str, optional
        Variables to learn about. Default: the differential of a network with causes.
    evidence, soft : mapping, optional
        What is known.
    candidates : sequence of str, optional
        Default: all open findings, tests and risks; in a plain network all open variables.
    costs : mapping of str to float, optional
        Default: `Network.meta[v]["cost"]`, else 1.
    mode : {"both", "rule_in", "rule_out"}
        Count only outcomes that raise, or lower, the target's chief hypothesis (its states but the
        resting one). The two add up to "both".
    worth : float
        Bits per cost below which `stop` says that nothing is worth asking.
    must_not_miss : mapping of cause to float, optional
        Probabilities from which a cause among the targets keeps its decisive test in sight;
        default: 0.01 for the causes that the network marks.

    Raises
    ------
    UnknownVariableError, OptionError, ImpossibleEvidenceError
    """
    if mode not in MODES:
        raise OptionError("mode", mode, MODES)
    network = engine.network
    names = target_names(network, targets)
    known = {*(evidence or {}), *(soft or {})}
    open_ = candidates_of(network, names, known) if candidates is None else tuple(candidates)
    for v in open_:
        network.check(v)
    open_ = tuple(v for v in open_ if v not in known and v not in names)
    pairs = joint_pairs(engine, vectors_of(network, evidence or {}, soft), names, open_)
    if not any(joint.any() for joint in pairs.values()):
        require_possible(engine, evidence or {}, soft)
    bits = np.zeros(len(open_))
    for t in names if open_ else ():
        bits += gains(network, t, [pairs[t, v] for v in open_], mode)
    cost = np.array([cost_of(network, v, costs) for v in open_])
    score = bits / np.maximum(cost, 1.0)
    order = np.lexsort((-bits, -score))
    return ValueOfInformation(
        network, names, tuple(open_[i] for i in order),
        frozen(bits[order]), frozen(cost[order]), frozen(score[order]), pairs, worth, mode,
        _kept(network, guarded(network, must_not_miss, names), pairs, open_),
    )  # fmt: skip


def _kept(
    network: Network,
    lines: Mapping[str, tuple[str, float]],
    pairs: Mapping[tuple[str, str], Array],
    candidates: Sequence[str],
) -> tuple[Kept, ...]:
    """Return the test that each target above its line keeps."""
    out: list[Kept] = []
    for t, (cause, line) in lines.items():
        there = present_mask(network, t)
        if not candidates or pairs[t, candidates[0]][there].sum() < line:
            continue
        joint = np.concatenate([pairs[t, v] for v in candidates], axis=1)
        both = np.array([joint[~there].sum(axis=0), joint[there].sum(axis=0)])
        ends = accumulate(len(network.states(v)) for v in candidates)
        spans = pairwise([0, *ends])
        joints = {v: both[:, a:b] for v, (a, b) in zip(candidates, spans, strict=True)}
        kept = decisive(cause, line, joints)
        out += [] if kept is None else [kept]
    return tuple(out)


def target_names(network: Network, targets: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the target variables: as given, or those of the differential."""
    if isinstance(targets, str):
        targets = (targets,)
    if targets is None:
        targets = [h.variable for h in differential(network)]
        if not targets:
            raise OptionError("targets", "None", network.variables)
    names = tuple(dict.fromkeys(network.check(t) for t in targets))
    if not names:
        raise ArgumentError("targets", "one variable or more", "none")
    return names


def candidates_of(network: Network, targets: Sequence[str], known: set[str]) -> tuple[str, ...]:
    """Return what can be asked or tested."""
    kinds = {v: network.meta.get(v, {}).get("kind") for v in network.variables}
    if causes(network):
        return tuple(v for v in network.variables if kinds[v] in ASKABLE and v not in known)
    return tuple(v for v in network.variables if v not in known and v not in targets)


def cost_of(network: Network, variable: str, costs: Mapping[str, float] | None) -> float:
    """Return the cost of a test: as given, as the network says, or 1."""
    given = (costs or {}).get(variable)
    return float(network.meta.get(variable, {}).get("cost", 1.0) if given is None else given)


def joint_pairs(
    engine: "Engine", vectors: Vectors, targets: Sequence[str], candidates: Sequence[str]
) -> dict[tuple[str, str], Array]:
    """Return P(t, x | e) of every target and candidate, shape (target states, states).

    In a network of tables, and for few targets, one case a target state; for many targets among
    wide gates one case a candidate's state (`pairs`).
    """
    asked = sum(len(engine.network.states(t)) for t in targets)
    if asked > FEW and any(b.is_max for b in engine.arrays.blocks):
        return pairs_by_parents(engine, vectors, targets, candidates)
    return pairs_by_target(engine, vectors, targets, candidates)


def gain(network: Network, target: str, joint: Array, mode: str = "both") -> float:
    """Return I(T; X) in bits from P(t, x), or the part of it from outcomes that rule in or out."""
    return float(gains(network, target, [joint], mode)[0])


def gains(network: Network, target: str, joints: Sequence[Array], mode: str = "both") -> Array:
    """Return the same for many X at once."""
    joint = np.concatenate(joints, axis=1)
    widths = [j.shape[1] for j in joints]
    starts = np.cumsum([0, *widths[:-1]])
    t = np.repeat(np.add.reduceat(joint, starts, axis=1), widths, axis=1)
    x = joint.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(joint > 0, joint * np.log2(joint / (t * x)), 0.0)
    per_outcome = terms.sum(axis=0)
    if mode != "both":
        chief = present_mask(network, target)
        raised = joint[chief].sum(axis=0) > t[chief].sum(axis=0) * x
        per_outcome = np.where(raised == (mode == "rule_in"), per_outcome, 0.0)
    return np.maximum(np.add.reduceat(per_outcome, starts), 0.0)


def present_mask(network: Network, target: str) -> NDArray[np.bool_]:
    """Return which states of the target mean that it is there."""
    return np.array(present(network, target).indicator) > 0
