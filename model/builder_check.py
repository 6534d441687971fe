"""What is wrong, or looks wrong, in a network under construction."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np

from fascinet.model.gates import Function, Gate, NoisyMax
from fascinet.model.issue import Issue

Part: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], Gate | None]  # states, parents, gate
Parts: TypeAlias = Mapping[str, Part]
ABSENT = frozenset({"no", "none", "absent", "normal", "false", "off", "0", "never"})


def issues_of(parts: Parts) -> tuple[Issue, ...]:
    """Return all issues, errors first, each in the order of the variables."""
    found = [*_gates(parts), *_cycle(parts), *_resting(parts), *_never(parts), *_alone(parts)]
    return tuple(sorted(found, key=lambda i: i.level))


def _gates(parts: Parts) -> Iterator[Issue]:
    if not parts:
        yield Issue("error", "empty", "network", "has no variable", "call variable(…)")
    for v, (states, parents, gate) in parts.items():
        if gate is None:
            yield Issue(
                "error", "gate", v, "has no table or gate", f'call table("{v}", …) or another gate'
            )
            continue
        want = (*(len(parts[u][0]) for u in parents), len(states))
        got = (*gate.cards, gate.states)
        if want != got:
            yield Issue(
                "error", "shape", v, f"expected a gate of shape {want}, got {got}",
                "give it another gate: a parent's states have changed",
            )  # fmt: skip


def _cycle(parts: Parts) -> Iterator[Issue]:
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(parts)
    graph.add_edges_from((u, v) for v, (_, us, _) in parts.items() for u in us)
    if not nx.is_directed_acyclic_graph(graph):
        arcs = list(nx.find_cycle(graph))
        text = " → ".join([*(str(a[0]) for a in arcs), str(arcs[0][0])])
        yield Issue("error", "cycle", text, "the arcs make a cycle", "take one of the arcs out")


def _resting(parts: Parts) -> Iterator[Issue]:
    """Noisy gates take the first state for the resting one, of the variable and its parents."""
    for v, (states, parents, gate) in parts.items():
        if not isinstance(gate, NoisyMax):
            continue
        for u, names in ((v, states), *((u, parts[u][0]) for u in parents)):
            absent = [s for s in names[1:] if s.lower() in ABSENT]
            if absent and names[0].lower() not in ABSENT:
                yield Issue(
                    "warning", "resting_state", v,
                    f"the noisy gate takes {u}={names[0]} for the resting state",
                    f"put {absent[0]!r} first among the states of {u!r} if that is what rests",
                )  # fmt: skip


def _never(parts: Parts) -> Iterator[Issue]:
    for v, (states, _, gate) in parts.items():
        if gate is None or len(states) < 2:
            continue
        for state, is_possible in zip(states, _possible(gate), strict=True):
            if not is_possible:
                yield Issue(
                    "warning", "impossible_state", v,
                    f"{v}={state} has probability 0 whatever the parents",
                    "leave the state out, or give it a probability in some row",
                )  # fmt: skip


def _possible(gate: Gate) -> list[bool]:
    if isinstance(gate, Function):
        return [bool((gate.outcome == k).any()) for k in range(gate.states)]
    if isinstance(gate, NoisyMax):  # the largest of the parts: k is reached if all can stay at k
        tops = [np.flatnonzero(link > 0) % gate.states for link in gate.links]
        least = max([int(np.argmax(gate.leak > 0)), *(int(t.min()) for t in tops)])
        reached = {int(k) for t in (*tops, np.flatnonzero(gate.leak > 0)) for k in t}
        return [k in reached and k >= least for k in range(gate.states)]
    return (gate.values.reshape(-1, gate.states).max(axis=0) > 0).tolist()


def _alone(parts: Parts) -> Iterator[Issue]:
    linked = {u for v, (_, us, _) in parts.items() if us for u in (*us, v)}
    for v in parts:
        if len(parts) > 1 and v not in linked:
            yield Issue(
                "warning", "unconnected", v, "has neither parents nor children",
                "nothing can be learnt from it: add an arc, or leave it out",
            )  # fmt: skip
