"""One file a page; a new page is one file and one line here."""

from collections.abc import Callable
from dataclasses import dataclass

from fascinet.dashboard.views import (
    cases,
    differential,
    how_sure,
    knowledge,
    network,
    quiz,
    what_if,
    what_next,
    why,
)


@dataclass(frozen=True)
class View:
    """One page: its title in the navigation, its path in the address, and what draws it."""

    title: str
    path: str
    draw: Callable[[], None]


def pages() -> tuple[View, ...]:
    """Return all pages in the order of the navigation."""
    return (
        View("Differential", "differential", differential.page),
        View("Network", "network", network.page),
        View("Why", "why", why.page),
        View("What next", "next", what_next.page),
        View("What if", "if", what_if.page),
        View("How sure", "sure", how_sure.page),
        View("Knowledge", "knowledge", knowledge.page),
        View("Cases", "cases", cases.page),
        View("Quiz", "quiz", quiz.page),
    )
