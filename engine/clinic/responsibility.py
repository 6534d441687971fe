"""Responsibility: how far a cause accounts for the findings at hand.

Present is not the same as responsible: half of all adults sleep badly, whatever makes their
muscles twitch. Following Richens, Lee and Johri (2020, doi 10.1038/s41467-020-17419-7), a cause is
ranked by its *expected disablement*: the findings that would go if it were cured. Here each
finding counts by its information:

    r_c = Σ_f w_f d(c, f) / Σ_f w_f        w_f = −ln P(state of f | setting)

    d(c, f) = P(f would no longer be as observed without c's own links | evidence)

The noise of a gate is part of the model: for a noisy-MAX, Z_c is what c's link sends and the
finding is the largest Z. So, with L the likelihood of the finding's states,

    d(c, f) = E[L(max(Z_c, others)) − L(others) | e]
            = Σ_u Σ_{k: L_k > 0} θ_c[u, k] (D[u, k] − D[u, 0])

where θ_c[u, k] = P(Z_c = k | u) and D = ∂ ln P(e) / ∂ θ_c, each entry taken as free: one reverse
pass gives d for every cause and finding at once, exactly. Several causes are taken out together
by a hidden node that is the largest of their Z (divorcing, which changes no probability); its
link to the finding takes the place of θ_c. For a table it is the excess risk
max(0, P(k|u) − P(k|u, c resting)), which bounds the probability of necessity from below (Tian
and Pearl 2000, doi 10.1023/A:1018912507879).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.hypotheses import resting_state
from fascinet.engine.analyses.parameters import gate_figures, parameters_of
from fascinet.engine.analyses.redraw import log_probs_of
from fascinet.engine.api.engine import Engine
from fascinet.engine.run.derivatives import Derivatives
from fascinet.engine.run.evidence import read_request
from fascinet.model.gates import Array, Gate, NoisyMax, Table, max_convolve
from fascinet.model.network import Network

JOINT = "{} | {}"
_flat: "WeakKeyDictionary[Engine, dict[frozenset[str], Engine]]" = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True)
class Owner:
    """Variables whose links are taken out together, and whether the leaks go with them.

    `together` marks a group of several causes; groups share no variable with each other.
    """

    name: str
    variables: frozenset[str]
    together: bool = False
    leak: bool = False


@dataclass(frozen=True)
class FlatGate:
    """A noisy-MAX over parents that are no deterministic mechanisms themselves."""

    parents: tuple[str, ...]
    links: tuple[Array, ...]
    leak: Array

    @property
    def rest(self) -> Array:
        """The distribution that is always at rest."""
        return np.eye(len(self.leak))[0]


def flatten(network: Network, finding: str, observed: Iterable[str]) -> FlatGate | None:
    """Return the noisy-MAX of `finding`, its deterministic mechanisms replaced by their parents.

    None if its gate is no noisy-MAX.
    """
    gate = network.gate(finding)
    if not isinstance(gate, NoisyMax):
        return None
    rows: dict[str, Array] = {}
    leak, observed = gate.leak, set(observed)
    for parent, link in zip(network.parents(finding), gate.links, strict=True):
        below = None
        if parent not in observed and _is_mechanism(network, parent, link):
            below = flatten(network, parent, observed)
        if below is None:
            _add(rows, parent, link)
            continue
        leak = max_convolve(leak, below.leak)
        for grand, passed in zip(below.parents, below.links, strict=True):
            _add(rows, grand, passed)
    return FlatGate(tuple(rows), tuple(rows.values()), leak)


def _add(rows: dict[str, Array], parent: str, link: Array) -> None:
    """Add a link; a parent that acts by two mechanisms sends the larger of the two."""
    rows[parent] = max_convolve(rows[parent], link) if parent in rows else link


def _is_mechanism(network: Network, parent: str, link: Array) -> bool:
    """Tell whether the parent is a noisy-MAX without noise, its state handed on unchanged."""
    gate = network.gate(parent)
    if not isinstance(gate, NoisyMax) or not np.array_equal(link, np.eye(len(link))):
        return False
    return all(np.isin(part, (0.0, 1.0)).all() for part in (*gate.links, gate.leak))


def divorce(
    network: Network, findings: Sequence[str], observed: Iterable[str], groups: Sequence[Owner]
) -> Network:
    """Return the network in which each group acts on each finding through one node of its own.

    A group with one parent among the finding's needs none. Every probability stays as it was. The
    node of group G on finding f is named "f | G".
    """
    states = {v: network.states(v) for v in network.variables}
    parents = {v: network.parents(v) for v in network.variables}
    gates: dict[str, Gate] = {v: network.gate(v) for v in network.variables}
    for finding in findings:
        flat = flatten(network, finding, observed)
        if flat is None:
            continue
        links = dict(zip(flat.parents, flat.links, strict=True))
        joined: dict[str, Array] = {}
        for group in groups:
            mine = [p for p in flat.parents if p in group.variables]
            leak = flat.leak if group.leak else flat.rest
            if len(mine) > 1 or group.leak:
                node = JOINT.format(finding, group.name)
                states[node], parents[node] = network.states(finding), tuple(mine)
                gates[node] = NoisyMax(tuple(links.pop(p) for p in mine), leak)
                joined[node] = np.eye(len(flat.leak))
        has_leak = any(group.leak for group in groups)
        parents[finding] = (*links, *joined)
        gates[finding] = NoisyMax(
            (*links.values(), *joined.values()), flat.rest if has_leak else flat.leak
        )
    return network.replace(states=states, parents=parents, gates=gates)


def disablement(
    engine: Engine,
    findings: Sequence[str],
    hard: Mapping[str, str],
    soft: Mapping[str, Any],
    owners: Sequence[Owner],
) -> Array:
    """Return d(c, f), shape (owners, findings).

    Parameters
    ----------
    engine : Engine
    findings : sequence of str
        Observed variables out of their resting state.
    hard, soft : mapping
        All that was observed.
    owners : sequence of Owner
        Single causes, and groups that share no variable with each other.
    """
    flat = flat_engine(engine, {**hard, **soft})
    found = flat.derivatives(hard, soft=soft)
    groups = [(i, owner) for i, owner in enumerate(owners) if owner.together]
    out = np.zeros((len(owners), len(findings)))
    for part in ([o for o in enumerate(owners) if not o[1].together], groups):
        places, some = [i for i, _ in part], [owner for _, owner in part]
        out[places] = single_shares(flat.network, found, findings, hard, soft, some)
    for j, finding in enumerate(findings):
        gate = flat.network.gate(finding)
        if groups and isinstance(gate, NoisyMax):
            seen = _likelihood(flat.network, finding, hard, soft)
            for i, share in joint_shares(flat, finding, seen, hard, soft, groups).items():
                out[i, j] = share
    return np.clip(out, 0.0, 1.0)


def joint_shares(
    flat: Engine,
    finding: str,
    seen: Array,
    hard: Mapping[str, str],
    soft: Mapping[str, Any],
    groups: Sequence[tuple[int, Owner]],
) -> dict[int, float]:
    """Return d of the groups with several links into a finding's noisy-MAX, or with its leak.

    d = 1 − P(e without the group's links) / P(e): the same program, run on another base for each
    group. What the group sends is only taken away where the finding could be in that state.
    """
    parents = flat.network.parents(finding)
    joint = {
        i: owner for i, owner in groups
        if owner.leak or sum(p in owner.variables for p in parents) > 1
    }  # fmt: skip
    live = seen > 0
    if not joint:
        return {}
    if _gap(live):  # what is sent then depends on the largest of the group: a node of its own
        split = divorce(flat.network, [finding], (), [owner for _, owner in groups])
        found = Engine(split, budget=flat.budget, backend=flat.backend).derivatives(hard, soft=soft)
        return {i: _share(split, found, finding, hard, soft, owner) for i, owner in joint.items()}
    values = parameters_of(flat.network).values
    bases = [values, *(_without(flat.network, finding, live, owner) for owner in joint.values())]
    logs = log_probs_of(flat, [read_request(flat.network, hard, soft, None)], iter(bases))[:, 0]
    return {i: 1.0 - float(np.exp(log - logs[0])) for i, log in zip(joint, logs[1:], strict=True)}


def _gap(live: NDArray[np.bool_]) -> bool:
    """Tell whether an impossible state lies between two possible ones."""
    places = np.flatnonzero(live)
    return bool(len(places) and not live[places[0] : places[-1] + 1].all())


def _without(network: Network, finding: str, live: NDArray[np.bool_], owner: Owner) -> Array:
    """Return all parameters, the owner's links (and leak) into the finding put to rest."""
    at = 0
    for v in network.variables:
        if v == finding:
            break
        at += sum(part.size for part in gate_figures(network.gate(v)))
    values = parameters_of(network).values.copy()
    gate = network.gate(finding)
    assert isinstance(gate, NoisyMax)
    mine = [parent in owner.variables for parent in network.parents(finding)]
    for part, taken in zip((*gate.links, gate.leak), (*mine, owner.leak), strict=True):
        if taken:
            kept = np.where(live, 0.0, part)
            kept[..., 0] += np.where(live, part, 0.0).sum(axis=-1)
            values[at : at + part.size] = kept.reshape(-1)
        at += part.size
    return values


def flat_engine(engine: Engine, observed: Iterable[str]) -> Engine:
    """Return the engine of the network without deterministic mechanisms, kept with its programs.

    Single causes need no joint nodes, so that one network serves every case in which no mechanism
    was itself observed.
    """
    network = engine.network
    seen = frozenset(v for v in observed if _hands_on(network, v))
    with _lock:
        kept = _flat.setdefault(engine, {})
        if seen not in kept:
            flat = divorce(network, network.variables, seen, ())
            kept[seen] = Engine(flat, budget=engine.budget, backend=engine.backend)
            kept[seen].solver.kept = engine.solver.kept
        return kept[seen]


def _hands_on(network: Network, variable: str) -> bool:
    """Tell whether a child takes the variable's state as it is."""
    return any(
        _is_mechanism(network, variable, link)
        for child in network.children(variable)
        if isinstance(gate := network.gate(child), NoisyMax)
        for parent, link in zip(network.parents(child), gate.links, strict=True)
        if parent == variable
    )


def single_shares(
    network: Network,
    found: Derivatives,
    findings: Sequence[str],
    hard: Mapping[str, str],
    soft: Mapping[str, Any],
    owners: Sequence[Owner],
) -> Array:
    """Return d(c, f) of single causes, each parent of each finding looked at once."""
    of = {v: i for i, owner in enumerate(owners) for v in owner.variables}
    out = np.zeros((len(owners), len(findings)))
    for j, finding in enumerate(findings):
        likelihood = _likelihood(network, finding, hard, soft)
        gate = network.gate(finding)
        if isinstance(gate, NoisyMax):
            live = likelihood > 0
            for parent, link, slope in zip(
                network.parents(finding), gate.links, found[finding], strict=False
            ):
                if parent in of:
                    gone = link * (slope - slope[:, :1])
                    out[of[parent], j] += float(gone[:, live].sum())
        else:
            for i, owner in enumerate(owners):
                out[i, j] = _excess(network, found, finding, likelihood, owner)
    return out


def shares(
    divorced: Network,
    found: Derivatives,
    findings: Sequence[str],
    hard: Mapping[str, str],
    soft: Mapping[str, Any],
    owners: Sequence[Owner],
) -> Array:
    """Return d(c, f) from the derivatives of the divorced network."""
    rows = [[_share(divorced, found, f, hard, soft, owner) for f in findings] for owner in owners]
    return np.clip(np.array(rows).reshape(len(owners), len(findings)), 0.0, 1.0)


def _share(
    network: Network,
    found: Derivatives,
    finding: str,
    hard: Mapping[str, str],
    soft: Mapping[str, Any],
    owner: Owner,
) -> float:
    """Return d of one owner for one finding."""
    likelihood = _likelihood(network, finding, hard, soft)
    if isinstance(network.gate(finding), Table):
        return _excess(network, found, finding, likelihood, owner)
    joint = JOINT.format(finding, owner.name)
    is_joint = owner.together and joint in network.index
    wanted = {joint} if is_joint else owner.variables
    places = [finding, *(p for p in network.parents(finding) if p.startswith(f"{finding} | "))]
    return sum(_necessity(network, found, place, wanted, likelihood) for place in places)


def _likelihood(
    network: Network, finding: str, hard: Mapping[str, str], soft: Mapping[str, Any]
) -> Array:
    states = network.states(finding)
    if finding in hard:
        return np.eye(len(states))[states.index(hard[finding])]
    given = soft[finding]
    return np.array([given[s] for s in states] if isinstance(given, Mapping) else given)


def _necessity(
    network: Network,
    found: Derivatives,
    place: str,
    wanted: Iterable[str],
    likelihood: Array,
) -> float:
    """Return Σ_u Σ_{k: L_k > 0} θ[u, k] (D[u, k] − D[u, 0]) of the wanted parents of one gate."""
    gate = network.gate(place)
    assert isinstance(gate, NoisyMax)
    live = likelihood > 0
    total = 0.0
    for i, parent in enumerate(network.parents(place)):
        if parent in wanted:
            slope = found[place][i]
            total += float((gate.links[i] * (slope - slope[:, :1]))[:, live].sum())
    return total


def _excess(
    network: Network, found: Derivatives, finding: str, likelihood: Array, owner: Owner
) -> float:
    """Return Σ_u Σ_k D[u, k] max(0, θ[u, k] − θ[u with the owner at rest, k])."""
    gate = network.gate(finding)
    assert isinstance(gate, Table)
    parents = network.parents(finding)
    rested = gate.values
    for axis, parent in enumerate(parents):
        if parent in owner.variables:
            rest = resting_state(network, parent)
            rested = np.broadcast_to(np.take(rested, [rest], axis=axis), gate.values.shape)
    risk = np.maximum(0.0, gate.values - rested)
    live = likelihood > 0
    live[resting_state(network, finding)] = False
    return float((found[finding][0] * risk)[..., live].sum())


def responsibility(matrix: Array, weights: Array) -> Array:
    """Return r_c = Σ_f w_f d(c, f) / Σ_f w_f, shape (owners,)."""
    total = float(weights.sum())
    return matrix @ weights / total if total > 0 else np.zeros(len(matrix))
