"""A minimal set of findings that exclude each other, by bisection of a deletion filter."""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, TypeVar

Finding = TypeVar("Finding")


def minimal_conflict(
    findings: Sequence[Finding], possible: Callable[[Sequence[Finding]], bool]
) -> list[Finding]:
    """Return a smallest-by-inclusion part of `findings` that is impossible.

    Each member is found by bisecting for the shortest impossible prefix; its last finding must be
    in the conflict. That takes about log2(n) checks a member instead of n in all.

    Parameters
    ----------
    findings : sequence
        Impossible together.
    possible : callable
        Whether P(findings) > 0; must be monotone, as probability is.
    """
    core: list[Finding] = []
    rest = list(findings)
    while rest and (not core or possible(core)):
        low, high = 1, len(rest)
        while low < high:
            middle = (low + high) // 2
            if possible([*core, *rest[:middle]]):
                low = middle + 1
            else:
                high = middle
        core.append(rest[low - 1])
        rest = rest[: low - 1]
    return core


def conflicting(
    log_prob: Callable[..., float],
    evidence: Mapping[str, Any] | None,
    soft: Mapping[str, Any] | None,
    do: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return a smallest part of impossible evidence that is impossible.

    Parameters
    ----------
    log_prob : callable
        ln P of hard and soft evidence under an intervention.
    """
    hard, likely = evidence or {}, soft or {}

    def possible(findings: Sequence[tuple[str, bool]]) -> bool:
        seen = {v: hard[v] for v, is_soft in findings if not is_soft}
        said = {v: likely[v] for v, is_soft in findings if is_soft}
        return log_prob(seen, said, do) > -inf

    given: Mapping[str, Any] = {**likely, **hard}
    findings = [(v, v in likely) for v in given]
    return {v: given[v] for v, _ in minimal_conflict(findings, possible)}
