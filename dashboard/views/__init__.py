"""One file a page; a new page is one file and one line here."""

from collections.abc import Callable
from dataclasses import dataclass

from fascinet.dashboard.views import differential, network, why


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
    )
