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

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.hypotheses import resting_state
from fascinet.engine.analyses.parameters import gate_figures, parameters_of
from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.coarse import Coarse
from fascinet.engine.clinic.divorce import JOINT, Owner, divorce, flat_engine
from fascinet.engine.clinic.lanes import Lanes, plain_lanes
from fascinet.engine.run.derivatives import Derivatives
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.model.gates import Array, NoisyMax, Table
from fascinet.model.network import Network

Slopes: TypeAlias = Mapping[str, tuple[Array, ...]]  # by variable, in the shapes of its gate

KEPT = 16  # bases with links at rest
_rests: "WeakKeyDictionary[Engine, OrderedDict[frozenset[tuple[str, tuple[bool, ...]]], Array]]"
_rests = WeakKeyDictionary()
_lock = Lock()


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
    lanes = plain_lanes(flat_engine(engine, {**hard, **soft}), hard, soft)
    return disablement_of(lanes, lanes.slopes()[2][-1], findings, owners)


def disablement_of(
    lanes: Lanes, slopes: Array, findings: Sequence[str], owners: Sequence[Owner]
) -> Array:
    """Return d(c, f) as `disablement` does, by the program of a case.

    Parameters
    ----------
    lanes : Lanes
        Of a network without deterministic mechanisms.
    slopes : array, shape (parameters,)
        ∂ ln P(e) / ∂ θ.
    """
    network = lanes.engine.network
    seen = lanes.seen
    found = _by_gate(network, slopes, findings)
    groups = [(i, owner) for i, owner in enumerate(owners) if owner.together]
    out = np.zeros((len(owners), len(findings)))
    for part in ([o for o in enumerate(owners) if not o[1].together], groups):
        places, some = [i for i, _ in part], [owner for _, owner in part]
        out[places] = single_shares(network, found, findings, seen, some)
    for i, j, share in joint_shares(lanes, findings, groups):
        out[i, j] = share
    return np.clip(out, 0.0, 1.0)


def _by_gate(network: Network, slopes: Array, findings: Iterable[str]) -> Slopes:
    """Return the slopes of some variables' parameters in the shapes of their gates."""
    starts = parameter_starts(network)
    out: dict[str, tuple[Array, ...]] = {}
    for v in findings:
        at, parts = starts[v], list[Array]()
        for part in gate_figures(network.gate(v)):
            parts.append(slopes[at : at + part.size].reshape(part.shape))
            at += part.size
        out[v] = tuple(parts)
    return out


@lru_cache(maxsize=64)
def parameter_starts(network: Network) -> dict[str, int]:
    """Return where the parameters of each variable start."""
    sizes = [sum(x.size for x in gate_figures(network.gate(v))) for v in network.variables]
    starts = (np.cumsum(sizes) - sizes).tolist()
    return dict(zip(network.variables, starts, strict=True))


def joint_shares(
    lanes: Lanes, findings: Sequence[str], groups: Sequence[tuple[int, Owner]]
) -> Iterator[tuple[int, int, float]]:
    """Yield place, finding and d of groups with several links into a noisy-MAX, or with its leak.

    d = 1 − P(e without the group's links) / P(e): the same program, with other numbers for these
    links, all in one call. What the group sends is only taken away where the finding could be in
    that state.
    """
    network = lanes.engine.network
    rows: list[tuple[int, int, Owner]] = []
    for j, finding in enumerate(findings):
        if not isinstance(network.gate(finding), NoisyMax):
            continue
        parents = frozenset(network.parents(finding))
        joint = [
            (i, owner) for i, owner in groups if owner.leak or len(parents & owner.variables) > 1
        ]
        if joint and _gap(lanes.seen(finding) > 0):
            yield from _split_shares(lanes, j, finding, joint, [owner for _, owner in groups])
        else:
            rows += [(i, j, owner) for i, owner in joint]
    if rows:
        bases, which = _without(lanes, findings, [(j, owner) for _, j, owner in rows])
        logs = lanes.log_probs_with(bases, which)
        for (i, j, _), log in zip(rows, logs[1:], strict=True):
            yield i, j, 1.0 - float(np.exp(log - logs[0]))


def _split_shares(
    lanes: Lanes,
    j: int,
    finding: str,
    joint: Sequence[tuple[int, Owner]],
    groups: Sequence[Owner],
) -> Iterator[tuple[int, int, float]]:
    """Yield d where what is sent depends on the largest of the group: by a node of its own."""
    split = divorce(lanes.engine.network, [finding], (), groups)
    engine = Engine(split, budget=lanes.engine.budget, backend=lanes.engine.backend)
    own = replace(lanes, engine=engine, coarse=Coarse(engine, engine, {}))
    found = _by_gate(split, own.slopes()[2][-1], (finding, *split.parents(finding)))
    for i, owner in joint:
        yield i, j, _share(split, found, finding, lanes.seen(finding), owner)


def _gap(live: NDArray[np.bool_]) -> bool:
    """Tell whether an impossible state lies between two possible ones."""
    places = np.flatnonzero(live)
    return bool(len(places) and not live[places[0] : places[-1] + 1].all())


def _without(
    lanes: Lanes, findings: Sequence[str], rows: Sequence[tuple[int, Owner]]
) -> tuple[Array, NDArray[np.int64]]:
    """Return bases with links at rest, and which of them each row takes each block from.

    The first row takes nothing away. In the first base all links into all findings are at rest, and
    a row takes its group's from there; one that takes the leak with it has a base of its own.
    """
    network, net = lanes.engine.network, lanes.engine.arrays
    bases = [rest_base(lanes.engine, frozenset((f, _live(lanes, f)) for f in findings))]
    which = np.zeros((len(rows) + 1, len(net.begins)), np.int64)
    places = {f: _places(network, net, f) for f in {findings[j] for j, _ in rows}}
    for row, (j, owner) in zip(which[1:], rows, strict=True):
        finding = findings[j]
        mine = [p for p in network.parents(finding) if p in owner.variables]
        if owner.leak or not places[finding]:
            taken = _at_rest(network, [(finding, mine, owner.leak, _live(lanes, finding))])
            bases.append(lanes.engine.solver.rebase(taken[None])[0])
            row[:] = len(bases)
        else:
            row[np.concatenate([places[finding][p] for p in mine])] = 1
    return np.array(bases), which


def _places(network: Network, net: NetworkArrays, finding: str) -> dict[str, NDArray[np.int64]]:
    """Return the blocks that each parent's link takes; none if the gate is worked as a table."""
    blocks = net.blocks[network.index[finding]]
    if not blocks.links:
        return {}
    starts = [
        (raw, k.link, k.first, k.step, k.bfirst, k.bstep)
        for raw, k in zip(blocks.raw, blocks.links, strict=True)
    ]
    return dict(zip(network.parents(finding), np.searchsorted(net.begins, starts), strict=True))


def _live(lanes: Lanes, finding: str) -> tuple[bool, ...]:
    """Return which states an observed finding could be in."""
    return tuple((lanes.seen(finding) > 0).tolist())


def rest_base(engine: Engine, findings: frozenset[tuple[str, tuple[bool, ...]]]) -> Array:
    """Return the base with all links into all findings at rest; kept.

    Parameters
    ----------
    findings : frozenset of (variable, which of its states are possible)
        Of a finding of two states there is one way to be out of rest, so that all such findings
        share one base.
    """
    network = engine.network
    more = frozenset((f, live) for f, live in findings if len(live) > 2 and _is_max(network, f))
    with _lock:
        rests = _rests.setdefault(engine, OrderedDict())
        if more not in rests:
            own = dict(more)
            taken = [
                (f, network.parents(f), False, own.get(f, (False, True)))
                for f in network.variables
                if f in own or (_is_max(network, f) and len(network.states(f)) == 2)
            ]
            rests[more] = engine.solver.rebase(_at_rest(network, taken)[None])[0]
            while len(rests) > KEPT:
                rests.popitem(last=False)
        rests.move_to_end(more)
        return rests[more]


def _is_max(network: Network, finding: str) -> bool:
    return isinstance(network.gate(finding), NoisyMax)


def _at_rest(
    network: Network, taken: Iterable[tuple[str, Iterable[str], bool, Sequence[bool]]]
) -> Array:
    """Return all parameters with some links (and leaks) put to rest.

    Parameters
    ----------
    taken : iterable of (finding, parents, whether the leak goes too, possible states)
    """
    values = parameters_of(network).values.copy()
    for finding, parents, leak, possible in taken:
        gate, at = network.gate(finding), parameter_starts(network)[finding]
        assert isinstance(gate, NoisyMax)
        live, gone = np.array(possible), set(parents)
        mine = [*(parent in gone for parent in network.parents(finding)), leak]
        for part, is_taken in zip((*gate.links, gate.leak), mine, strict=True):
            if is_taken:
                kept = np.where(live, 0.0, part)
                kept[..., 0] += np.where(live, part, 0.0).sum(axis=-1)
                values[at : at + part.size] = kept.reshape(-1)
            at += part.size
    return values


def single_shares(
    network: Network,
    found: Slopes,
    findings: Sequence[str],
    seen: Callable[[str], Array],
    owners: Sequence[Owner],
) -> Array:
    """Return d(c, f) of single causes, each parent of each finding looked at once."""
    of = {v: i for i, owner in enumerate(owners) for v in owner.variables}
    out = np.zeros((len(owners), len(findings)))
    for j, finding in enumerate(findings):
        likelihood = seen(finding)
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
            for i in sorted({of[p] for p in network.parents(finding) if p in of}):
                out[i, j] = _excess(network, found, finding, likelihood, owners[i])
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
    seen = [_likelihood(divorced, f, hard, soft) for f in findings]
    rows = [
        [_share(divorced, found, f, x, owner) for f, x in zip(findings, seen, strict=True)]
        for owner in owners
    ]
    return np.clip(np.array(rows).reshape(len(owners), len(findings)), 0.0, 1.0)


def _share(
    network: Network, found: Slopes | Derivatives, finding: str, likelihood: Array, owner: Owner
) -> float:
    """Return d of one owner for one finding."""
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
    found: Slopes | Derivatives,
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
    network: Network, found: Slopes | Derivatives, finding: str, likelihood: Array, owner: Owner
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
