"""What a row of the ranking shows when it is opened: why, why not, and what would change it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fascinet.dashboard.plans import options, results
from fascinet.dashboard.reasons import QUIET_DB, Weight, reasons
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import listed, percent, times

SHOWN = 5
TESTS = 2
MANY = 3  # results: of more only the ends are told


@dataclass(frozen=True)
class Detail:
    """Why a cause stands where it stands, in short lines of (text, note).

    Attributes
    ----------
    pro, con : tuple of (str, str)
        What speaks for and against it, strongest first, with what it does to the odds.
    changes : tuple of (str, str)
        The questions or tests that would tell most about it, with what each result would make of
        its probability.
    """

    pro: tuple[tuple[str, str], ...]
    con: tuple[tuple[str, str], ...]
    changes: tuple[tuple[str, str], ...]

    def payload(self) -> dict[str, Any]:
        """Return it as the ranking component wants it."""
        return {"pro": list(self.pro), "con": list(self.con), "next": list(self.changes)}


@lru_cache(maxsize=64)
def detail(case: Case, cause: str) -> Detail:
    """Return what an opened row shows."""
    found = reasons(case, cause)
    ranked = sorted(found.weights, key=lambda w: -abs(w.db))
    return Detail(
        tuple(_line(w) for w in ranked if w.db >= QUIET_DB)[:SHOWN],
        tuple(_line(w) for w in ranked if w.db <= -QUIET_DB)[:SHOWN],
        tuple(_change(case, cause, option.id, option.name) for option in
              options(case, cause, "both")[:TESTS]),
    )  # fmt: skip


def _line(weight: Weight) -> tuple[str, str]:
    return weight.text, times(10 ** (weight.db / 10))


def _change(case: Case, cause: str, test: str, name: str) -> tuple[str, str]:
    found = sorted(results(case, test), key=lambda r: r.present[cause])
    if len(found) > MANY:
        low, high = found[0], found[-1]
        return name, (
            f"from {percent(low.present[cause])} ({low.text}) to {percent(high.present[cause])} "
            f"({high.text})"
        )
    return name, listed([f"{r.text}: {percent(r.present[cause])}" for r in found], "or")
