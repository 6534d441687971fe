"""Modules imported when first used."""

from importlib import import_module
from typing import Any


class Lazy:
    """Stands for a module, and imports it when an attribute is first asked for.

    >>> Lazy("math").floor(2.5)
    2
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
