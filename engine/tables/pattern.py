"""What the structure of a program depends on: which variables are observed, and how."""

from dataclasses import dataclass

from fascinet.engine.tables.arrays import NetworkArrays


@dataclass(frozen=True)
class Pattern:
    """What the structure of a program depends on.

    Attributes
    ----------
    observed : frozenset of int
        Variables whose state is known, interventions included.
    low : frozenset of int
        Those of them that are noisy-MAX variables in state 0.
    soft : frozenset of int
        Variables with a likelihood.
    cut : frozenset of int
        Interventions: observed, and their own gate left out.
    targets : frozenset of int or None
        Whose posteriors are wanted; None means all.
    joint : frozenset of int
        Variables that must not be set apart as leaf queries.
    patient : bool
        Many runs will follow: a large tree is worth a longer search.
    """

    observed: frozenset[int] = frozenset()
    low: frozenset[int] = frozenset()
    soft: frozenset[int] = frozenset()
    cut: frozenset[int] = frozenset()
    targets: frozenset[int] | None = None
    joint: frozenset[int] = frozenset()
    patient: bool = False


def relevant(net: NetworkArrays, pattern: Pattern) -> set[int]:
    """Return the variables that are not barren: ancestors of evidence and targets."""
    if pattern.targets is None:
        return set(range(len(net.cards)))
    seen: set[int] = set()
    stack = [*pattern.observed, *pattern.soft, *pattern.targets]
    while stack:
        v = stack.pop()
        if v not in seen:
            seen.add(v)
            if v not in pattern.cut:
                stack.extend(net.parents[v])
    return seen
