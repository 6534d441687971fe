"""One file a page; a new page is one file and one line here.

A page's module is imported when the page is first opened, so that the first visitor waits for one
page and not for all; `load_all` imports the others in the server's idle time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class View:
    """One page.

    Attributes
    ----------
    title : str
        In the navigation.
    path : str
        In the address.
    module : str
        File in this folder; its function `page` draws it.
    """

    title: str
    path: str
    module: str

    def draw(self) -> None:
        """Draw the page."""
        self.load()()

    def load(self) -> Callable[[], None]:
        """Return what draws the page."""
        page: Callable[[], None] = import_module(f"{__name__}.{self.module}").page
        return page


def pages() -> tuple[View, ...]:
    """Return all pages in the order of the navigation."""
    return (
        View("Differential", "differential", "differential"),
        View("Network", "network", "network"),
        View("Why", "why", "why"),
        View("What next", "next", "what_next"),
        View("What if", "if", "what_if"),
        View("How sure", "sure", "how_sure"),
        View("Knowledge", "knowledge", "knowledge"),
        View("Cases", "cases", "cases"),
        View("Patient", "patient", "patient"),
        View("Exercises", "exercises", "exercises"),
        View("Present", "present", "present"),
        View("Class", "room", "room"),
    )


def load_all() -> None:
    """Import every page."""
    for view in pages():
        view.load()
