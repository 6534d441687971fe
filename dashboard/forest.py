"""Pooled figures as a forest plot: each study with its interval, and what the network uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from math import sqrt

from fascinet.dashboard import service
from fascinet.dashboard.figures import brief
from fascinet.dashboard.service import Resources
from fascinet.dashboard.tables import Html, table
from fascinet.dashboard.words import figure as share
from fascinet.dashboard.words import label, state_name
from fascinet.model.schema import Figure, Study

Z = 1.959964  # of a 95% interval
LEAST = 2  # studies that make a pool
APART = 1e-6  # by which a figure in use differs from the pooled one
HEADS = ("Study", "Found in", "Share, 95% interval")


@dataclass(frozen=True)
class Row:
    """One line of a forest plot.

    Attributes
    ----------
    kind : str
        "study", "pooled", or "used" where the network's figure is not the pooled one.
    name, count : str
    p, low, high : float
    n : int
    """

    kind: str
    name: str
    p: float
    low: float
    high: float
    count: str = ""
    n: int = 0


@lru_cache(maxsize=128)
def forests(cause: str) -> dict[str, tuple[Row, ...]]:
    """Return the figures of a cause that rest on several studies, each with its lines."""
    known = service.resources()
    return {
        name: (*(_study(known, study) for study in figure.studies), *_summary(figure))
        for name, figure in _pooled_figures(known, cause)
    }


def _pooled_figures(known: Resources, cause: str) -> Iterator[tuple[str, Figure]]:
    record, network = known.knowledge.causes[cause], known.network
    for own in record.states[1:]:
        for variable, link in record.links(own).items():
            for state, figure in link.items():
                if len(figure.studies) >= LEAST:
                    name = f"{label(network, variable)}: {state_name(network, variable, state)}"
                    yield name, figure


def _study(known: Resources, study: Study) -> Row:
    events = min(study.events, study.n)
    count = f"{events:,} of {study.n:,}"
    return Row("study", brief(known.knowledge, study.source), *wilson(events, study.n), count,
               study.n)  # fmt: skip


def _summary(figure: Figure) -> Iterator[Row]:
    middle, low, high = figure.pooled or (figure.p, figure.low, figure.high)
    yield Row("pooled", "Pooled", middle, low, high)
    if max(abs(figure.p - middle), abs(figure.low - low), abs(figure.high - high)) > APART:
        yield Row("used", "Used in the network, see its note", figure.p, figure.low, figure.high)


def wilson(events: int, n: int) -> tuple[float, float, float]:
    """Return a share with its 95% interval (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    p = events / n
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return p, max(0.0, middle - half), min(1.0, middle + half)


def forest(name: str, rows: tuple[Row, ...]) -> str:
    """Return one forest plot as a table; squares grow with the sample, diamonds are pooled."""
    body = [(Html(escape(r.name) + _mark(r)), r.count, _words(r)) for r in rows]
    return table(name, HEADS, body, (1, 2))


def _words(row: Row) -> str:
    first, low, high = (share(round(x, 3)) for x in (row.p, row.low, row.high))
    return f"{first} ({low} to {high})"


def _mark(row: Row) -> str:
    size = min(15.0, 5.0 + sqrt(row.n) / 5) if row.kind == "study" else 11.0
    return (
        "<span class='fn-forest' aria-hidden='true'>"
        f"<span style='left:{100 * row.low:.1f}%;width:{100 * (row.high - row.low):.1f}%'></span>"
        f"<i class='{row.kind}' style='left:{100 * row.p:.1f}%;width:{size:.1f}px;"
        f"height:{size:.1f}px'></i></span>"
    )
