"""Checks of arguments that are no names: a wrong type gives an error that names the argument.

>>> whole_number("count", "many")
Traceback (most recent call last):
fascinet.model.errors.ArgumentError: count: expected a whole number of 1 or more, got 'many'
"""

from collections.abc import Iterable, Mapping
from math import inf, nan
from operator import index
from typing import Any, SupportsIndex, TypeVar, cast

from fascinet.model.errors import ArgumentError, kind_of, shown

Kind = TypeVar("Kind")


def whole_number(name: str, value: object, least: int = 1) -> int:
    """Return a whole number, of `least` or more."""
    found = None
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        found = index(value)
    if found is None or found < least:
        raise ArgumentError(name, f"a whole number of {least} or more", shown(value))
    return found


def text_of(name: str, value: object) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise ArgumentError(name, "a text", kind_of(value))
    return value


def instance_of(name: str, value: object, kind: type[Kind]) -> Kind:
    """Return an object of one class."""
    if not isinstance(value, kind):
        raise ArgumentError(name, f"a {kind.__name__}", kind_of(value))
    return value


def instances_of(name: str, values: object, kind: type[Kind]) -> tuple[Kind, ...]:
    """Return several objects of one class."""
    several = f"a list of {kind.__name__} objects"
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ArgumentError(name, several, kind_of(values))
    found = tuple(values)
    for value in found:
        if not isinstance(value, kind):
            raise ArgumentError(name, several, f"one with {kind_of(value)}")
    return found


def mapping_of(name: str, value: object, what: str) -> Mapping[Any, Any]:
    """Return a mapping; `what` says of what to what."""
    if not isinstance(value, Mapping):
        raise ArgumentError(name, f"a mapping of {what}", kind_of(value))
    return value


def interval_of(name: str, value: object) -> tuple[float, float]:
    """Return a pair of numbers, the lower first."""
    try:
        low, high = (float(x) for x in cast("Iterable[Any]", value))
    except (TypeError, ValueError):
        raise ArgumentError(name, "a pair of numbers (low, high)", shown(value)) from None
    if not low <= high:
        raise ArgumentError(name, "a pair of numbers (low, high), low first", shown(value))
    return low, high


def number_of(name: str, value: object, low: float = 0.0, high: float = inf) -> float:
    """Return a number between two bounds."""
    bounds = f"{low:g} or more" if high == inf else f"{low:g} to {high:g}"
    try:
        found = float(cast("float", value))
    except (TypeError, ValueError):
        found = nan
    if isinstance(value, str | bytes) or not low <= found <= high:
        raise ArgumentError(name, f"a number of {bounds}", shown(value))
    return found
