"""LIMIDs: decisions that know what they observe and nothing else, solved one after the other.

Single policy updating (Lauritzen & Nilsson 2001, doi:10.1287/mnsc.47.9.1235.9779): with all other
policies held fixed, a decision d with what it observes, fa(d), takes the choice of largest

    M(fa(d)) = Σ_rest P(chances) · Π_{d' ≠ d} δ_{d'} · U

and this is repeated until nothing changes; the expected utility never falls. From policies that
choose at random, and in an order in which each decision is *extremal* (every utility after d is
independent of what the other decisions observe, given fa(d)), one round finds the optimum.
"""

from collections.abc import Mapping, Sequence

import networkx as nx
import numpy as np

from fascinet.engine.influence_diagrams.potentials import (
    NOISE,
    Factor,
    Pool,
    cards_of,
    chances,
    product,
    terms,
    total,
)
from fascinet.engine.influence_diagrams.solution import Policy
from fascinet.model.diagram import InfluenceDiagram

ROUNDS = 100
Policies = Mapping[str, Policy]


def updated(diagram: InfluenceDiagram, known: Mapping[str, str]) -> tuple[dict[str, Policy], bool]:
    """Return policies that no change of a single one betters, and if they are the best of all."""
    order, soluble = solution_order(diagram, known)
    policies: dict[str, Policy] = {}
    before = -np.inf
    for _ in range(1 if soluble else ROUNDS):
        for d in order:
            policies[d] = best_policy(diagram, policies, d, known)
        now = worth(diagram, policies, known)
        if now <= before + NOISE * max(1.0, abs(before)):
            break
        before = now
    return policies, soluble


def best_policy(
    diagram: InfluenceDiagram, policies: Policies, decision: str, known: Mapping[str, str]
) -> Policy:
    """Return the best policy of one decision; others that are not given choose at random."""
    scope = tuple(v for v in diagram.decisions[decision] if v not in known)
    others = {d: p for d, p in policies.items() if d != decision}
    pool = _pool(diagram, others, known, [decision])
    family = (*scope, decision)
    pool.sum_all([v for v in pool.cards if v not in family and v not in known])
    phi = product(pool.chances, family, pool.cards)
    psi = total(pool.utilities, family, pool.cards)
    possible = phi.max(axis=-1) > 0.0
    able = np.where(phi > 0.0, phi * psi, -np.inf)
    top = able.max(axis=-1, keepdims=True)
    near = able >= top - NOISE * np.abs(np.where(possible[..., None], top, 0.0))
    return Policy(decision, scope, np.argmax(near, axis=-1), possible)


def worth(diagram: InfluenceDiagram, policies: Policies, known: Mapping[str, str]) -> float:
    """Return the expected utility of policies, given what is known."""
    weight, sum_ = weighed(diagram, policies, known)
    return sum_ / weight


def weighed(
    diagram: InfluenceDiagram, policies: Policies, known: Mapping[str, str]
) -> tuple[float, float]:
    """Return P(known) under the policies, and the expected utility times that."""
    pool = _pool(diagram, policies, known)
    pool.sum_all([v for v in pool.cards if v not in known])
    weight = float(np.prod([float(p.table) for p in pool.chances]))
    return weight, weight * sum(float(u.table) for u in pool.utilities)


def _pool(
    diagram: InfluenceDiagram, policies: Policies, known: Mapping[str, str],
    free: Sequence[str] = (),
) -> Pool:  # fmt: skip
    """Return all tables; a decision without a policy chooses at random, unless it is free."""
    cards, found = cards_of(diagram), chances(diagram, known)
    for d in diagram.decisions:
        if d in policies:
            table = np.eye(cards[d])[policies[d].choice]
            found.append(Factor((*policies[d].scope, d), table))
        elif d not in free:
            found.append(Factor((d,), np.full(cards[d], 1.0 / cards[d])))
    return Pool(found, terms(diagram, known), cards)


def solution_order(
    diagram: InfluenceDiagram, known: Mapping[str, str]
) -> tuple[tuple[str, ...], bool]:
    """Return the decisions, extremal ones first, and whether each was extremal in its turn."""
    graph, utilities = _with_utilities(diagram)
    left, order, soluble = list(reversed(diagram.order)), list[str](), True
    while left:
        found = next((d for d in left if _is_extremal(diagram, graph, utilities, d, left, known)),
                     None)  # fmt: skip
        soluble = soluble and found is not None
        order.append(left[0] if found is None else found)
        left.remove(order[-1])
    return tuple(order), soluble


def _with_utilities(diagram: InfluenceDiagram) -> "tuple[nx.DiGraph[object], list[object]]":
    """Return the graph with a node for each utility that adds up."""
    graph: nx.DiGraph[object] = nx.DiGraph()
    graph.add_nodes_from(diagram.graph.nodes)
    graph.add_edges_from(diagram.graph.edges)
    nodes = list[object]()
    for k, utility in enumerate(diagram.terms):
        nodes.append(node := ("utility", k))
        graph.add_node(node)
        graph.add_edges_from((u, node) for u in utility.parents)
    return graph, nodes


def _is_extremal(
    diagram: InfluenceDiagram, graph: "nx.DiGraph[object]", utilities: Sequence[object],
    decision: str, left: Sequence[str], known: Mapping[str, str],
) -> bool:  # fmt: skip
    own = {*diagram.decisions[decision], decision}
    others = {v for d in left if d != decision for v in (*diagram.decisions[d], d)}
    below = nx.descendants(graph, decision)
    given = own | known.keys()
    after = {u for u in utilities if u in below}
    return not after or nx.is_d_separator(graph, after, others - given, given)
