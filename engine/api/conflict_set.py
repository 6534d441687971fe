"""A minimal set of findings that exclude each other, by bisection of a deletion filter."""

from collections.abc import Callable, Sequence
from typing import TypeVar

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
