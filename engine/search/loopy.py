"""Loopy belief propagation: for networks whose plan exceeds any budget, and only on request.

Messages run between gates f and variables v until they change no more (Pearl 1988; Murphy, Weiss &
Jordan 1999, arXiv:1301.6725):

    μ(v → f) = local(v) · ∏ μ(g → v) over the other gates,     μ(f → v) = Σ gate · ∏ μ(u → f)

A noisy-MAX of n parents sends in O(n): its cumulative rows factorise. On a network without loops
the fixed point is exact; elsewhere it is not, and its distance from the truth is unknown to the
method itself. So a run of likelihood weighting is set beside it:

    error = |p(lbp) − p(weighting)| + 1.96 · standard error of the weighting,

which bounds |p(lbp) − p| wherever the weighting's 95% interval holds. ln P(e) is Bethe's (Yedidia,
Freeman & Weiss 2005, doi:10.1109/TIT.2005.850085).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fascinet.engine.search.approximate import Approximation
from fascinet.engine.tables.request import Request
from fascinet.model.errors import ConvergenceError, ImpossibleEvidenceError
from fascinet.model.gates import Array, Gate, NoisyMax
from fascinet.model.network import Network

TRUST = 1.96  # standard errors of a 95% interval


@dataclass(frozen=True)
class LoopyBeliefs(Approximation):
    """Beliefs of loopy propagation, `errors` as in the module's text.

    Attributes
    ----------
    converged : bool
        Whether the largest change of a message fell to the tolerance.
    sweeps : int
        Passes over all gates, forwards and backwards in turn.
    residual : float
        max |μ − μ before| over all messages of the last sweep, each summing to one.
    change : float
        max |p − p before| over all beliefs between the last two sweeps.
    disagreement : float
        max over all states of |p(lbp) − p(weighting)| / standard error of the weighting; much above
        3 means that loops matter here (NaN where no standard error is positive).
    """

    converged: bool
    sweeps: int
    residual: float
    change: float
    disagreement: float


class _Sender(Protocol):
    """A gate that turns the messages of its family into its own."""

    def send(self, incoming: Sequence[Array], to: int) -> Array:
        """Return the message to member `to` of the family, not normalised."""
        ...


class _TableSender:
    def __init__(self, table: Array) -> None:
        self.table = table

    def send(self, incoming: Sequence[Array], to: int) -> Array:
        out = self.table
        for axis in range(len(incoming) - 1, -1, -1):
            if axis != to:
                out = np.tensordot(out, incoming[axis], axes=(axis, 0))
        return out


class _MaxSender:
    """Sends P(X ≤ k | messages) = P(L ≤ k) · ∏_i Σ_u μ_i(u) P(Z_i ≤ k | u): no table is made."""

    def __init__(self, gate: NoisyMax) -> None:
        self.leak = np.cumsum(gate.leak)
        self.links = [np.cumsum(link, axis=1) for link in gate.links]

    def send(self, incoming: Sequence[Array], to: int) -> Array:
        upto = self.leak
        for i, link in enumerate(self.links):
            if i != to:
                upto = upto * (incoming[i] @ link)
        if to == len(self.links):
            return np.maximum(np.diff(upto, prepend=0.0), 0.0)
        steps = np.diff(upto * self.links[to], axis=1, prepend=0.0)
        return np.maximum(steps, 0.0) @ incoming[-1]


def sender(gate: Gate) -> _Sender:
    """Return how a gate sends."""
    if isinstance(gate, NoisyMax) and len(gate.links) > 1:
        return _MaxSender(gate)
    return _TableSender(gate.to_table())


class LoopyRun:
    """The messages of one case.

    Parameters
    ----------
    network : Network
    request : Request
        Interventions cut the variable's own gate.
    """

    def __init__(self, network: Network, request: Request) -> None:
        self.local = [_local(request, v, len(network.states(name)))
                      for v, name in enumerate(network.variables)]  # fmt: skip
        index = network.index
        order = [v for v in network.topological if index[v] not in request.cut]
        self.family = [(*(index[u] for u in network.parents(v)), index[v]) for v in order]
        self.gates = [sender(network.gate(v)) for v in order]
        self.seats: list[list[int]] = []
        degree = [0] * len(self.local)
        for family in self.family:
            self.seats.append([degree[v] for v in family])
            for v in family:
                degree[v] += 1
        self.inbox = [
            np.full((d, len(x)), 1.0 / len(x)) for d, x in zip(degree, self.local, strict=True)
        ]

    def to_gate(self, v: int, seat: int) -> Array:
        """Return μ(v → gate), normalised."""
        others = self.inbox[v].copy()
        others[seat] = 1.0
        return normal(self.local[v] * others.prod(axis=0))

    def sweep(self, damping: float, forwards: bool) -> float:
        """Send every gate's messages once; return the largest change of one."""
        residual = 0.0
        gates = range(len(self.gates))
        for g in gates if forwards else reversed(gates):
            family, seats = self.family[g], self.seats[g]
            incoming = [self.to_gate(v, s) for v, s in zip(family, seats, strict=True)]
            for i, (v, s) in enumerate(zip(family, seats, strict=True)):
                new, old = normal(self.gates[g].send(incoming, i)), self.inbox[v][s]
                residual = max(residual, float(np.abs(new - old).max()))
                self.inbox[v][s] = (1.0 - damping) * new + damping * old
        return residual

    def beliefs(self) -> list[Array]:
        """Return the belief of each variable."""
        return [normal(x * box.prod(axis=0)) for x, box in zip(self.local, self.inbox, strict=True)]

    def log_prob(self) -> float:
        """Return Bethe's ln P(e): Σ ln z(gate) + Σ ln z(variable) − Σ ln z(edge)."""
        total = sum(
            float(np.log((x * box.prod(axis=0)).sum()))
            for x, box in zip(self.local, self.inbox, strict=True)
        )
        for gate, family, seats in zip(self.gates, self.family, self.seats, strict=True):
            incoming = [self.to_gate(v, s) for v, s in zip(family, seats, strict=True)]
            last = len(family) - 1
            total += float(np.log(gate.send(incoming, last) @ incoming[last]))
            for v, s, m in zip(family, seats, incoming, strict=True):
                total -= float(np.log(m @ self.inbox[v][s]))
        return total


def _local(request: Request, v: int, states: int) -> Array:
    if v in request.states:
        return np.eye(states)[request.states[v]]
    return request.soft.get(v, np.ones(states))


def normal(message: Array) -> Array:
    """Return a message that sums to one.

    Raises
    ------
    ImpossibleEvidenceError
        If all of it is zero: two gates leave no state in common.
    """
    total = message.sum()
    if not total > 0.0:
        raise ImpossibleEvidenceError({})
    return message / total


def loopy_beliefs(
    network: Network,
    request: Request,
    check: Approximation | None,
    *,
    sweeps: int = 500,
    tolerance: float = 1e-10,
    damping: float = 0.0,
    keep: bool = False,
) -> LoopyBeliefs:
    """Return the fixed point with its error estimate.

    Parameters
    ----------
    check : Approximation or None
        Likelihood weighting of the same case; without it (no draw fits) the errors are NaN.
    sweeps : int
        Most passes over all gates.
    tolerance : float
        Largest change of a message at which it stops.
    damping : float
        Share of the old message that is kept, in [0, 1).
    keep : bool
        Return the last beliefs, with `converged` false, instead of raising.

    Raises
    ------
    ConvergenceError
        If the messages still change after `sweeps`.
    ImpossibleEvidenceError
    """
    run = LoopyRun(network, request)
    before, residual, change, done = run.beliefs(), np.inf, np.inf, 0
    while done < sweeps and residual > tolerance:
        residual = run.sweep(damping, forwards=done % 2 == 0)
        after = run.beliefs()
        change = max(float(np.abs(a - b).max()) for a, b in zip(after, before, strict=True))
        before, done = after, done + 1
    if residual > tolerance and not keep:
        raise ConvergenceError(done, residual, tolerance)
    found = dict(zip(network.variables, before, strict=True))
    if check is None:
        errors, effective, far = {v: np.full_like(p, np.nan) for v, p in found.items()}, 0.0, np.nan
    else:
        errors = {v: np.abs(p - check[v]) + TRUST * check.errors[v] for v, p in found.items()}
        effective, far = check.effective_samples, disagreement(found, check)
    return LoopyBeliefs(
        found, errors, run.log_prob(), effective, residual <= tolerance, done, residual, change, far
    )


def disagreement(found: dict[str, Array], check: Approximation) -> float:
    """Return the largest difference from the weighting in its standard errors."""
    worst = np.nan
    for v, p in found.items():
        error = check.errors[v]
        if (error > 0.0).any():
            worst = np.fmax(worst, (np.abs(p - check[v])[error > 0.0] / error[error > 0.0]).max())
    return float(worst)
