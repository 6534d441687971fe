"""Numbers and intervals as evidence: a value with its unit says which states remain possible."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite

from fascinet.model.errors import FormatError

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?"
INTERVAL = re.compile(
    rf"\s*(?P<mark><=|>=|[<>≤≥=])?\s*(?P<low>{NUMBER})"
    rf"(?:\s*(?:\.\.|–|to)\s*(?P<high>{NUMBER}))?\s*(?P<unit>[A-Za-z%µμ\[][^\s<>=]{{0,30}})?\s*"
)
MICRO = str.maketrans({"μ": "u", "µ": "u"})


@dataclass(frozen=True)
class Quantity:
    """How a measured number becomes a state.

    Attributes
    ----------
    unit : str
    cuts : tuple of float
        Increasing; in `unit`.
    order : tuple of str
        The states from the lowest value to the highest, one more than cut points.
    normal : str
        The state whose range includes its ends: 3.5 to 5.0 is normal, 3.4 and 5.1 are not. A cut
        point between two other states belongs to the one nearer to normal.
    units : mapping of str to float
        Other units; a value times this is the value in `unit`.
    """

    unit: str
    cuts: tuple[float, ...]
    order: tuple[str, ...]
    normal: str
    units: Mapping[str, float] = field(default_factory=dict)

    def factor(self, unit: str) -> float:
        """Return by what a value in another unit is multiplied.

        Raises
        ------
        FormatError
            If the unit is not known.
        """
        known = {_bare(self.unit): 1.0} | {_bare(u): f for u, f in self.units.items()}
        if unit and _bare(unit) not in known:
            expected = " or ".join((self.unit, *self.units))
            raise FormatError(f"unit {unit.strip()!r} is not known: expected {expected}")
        return known[_bare(unit)] if unit else 1.0

    def with_range(self, low: float | None, high: float | None, unit: str = "") -> "Quantity":
        """Return the same with the laboratory's own reference range around `normal`.

        Cut points further out keep their ratio to the end of the range that they follow.
        """
        scale, at, cuts = self.factor(unit), self.order.index(self.normal), list(self.cuts)
        if low is not None and at > 0:
            cuts[:at] = [c * low * scale / self.cuts[at - 1] for c in self.cuts[:at]]
        if high is not None and at < len(cuts):
            cuts[at:] = [c * high * scale / self.cuts[at] for c in self.cuts[at:]]
        return Quantity(self.unit, tuple(cuts), self.order, self.normal, self.units)

    def states(self, low: float, high: float, ends: tuple[bool, bool]) -> tuple[str, ...]:
        """Return the states that an interval touches; `ends`: whether its ends belong to it."""
        at = self.order.index(self.normal)
        found: list[str] = []
        for k, state in enumerate(self.order):
            below = self.cuts[k - 1] if k else -inf
            above = self.cuts[k] if k < len(self.cuts) else inf
            # the cut below belongs to this state at or below normal, the cut above at or above it
            starts = high > below or (high == below and ends[1] and k <= at)
            stops = low < above or (low == above and ends[0] and k >= at)
            if starts and stops:
                found.append(state)
        return tuple(found)


def _bare(unit: str) -> str:
    text = unit.translate(MICRO).replace(" ", "").removeprefix("UCUM:").lower()
    return text.replace("[iu]", "u").replace("iu/", "u/").replace("[", "").replace("]", "")


def parse_interval(text: str) -> tuple[float, float, tuple[bool, bool], str] | None:
    """Return low, high, which ends belong to it, and the unit; None if it is no number.

    >>> parse_interval(">1000 U/L")
    (1000.0, inf, (False, False), 'U/L')
    >>> parse_interval("3.1 to 3.4"), parse_interval("raised")
    ((3.1, 3.4, (True, True), ''), None)
    """
    found = INTERVAL.fullmatch(text)
    if found is None:
        return None
    mark, unit = found["mark"] or "", (found["unit"] or "").strip()
    low = float(found["low"])
    if not isfinite(low) or (found["high"] and mark):
        return None
    if found["high"]:
        high = float(found["high"])
        return (low, high, (True, True), unit) if low <= high else None
    closed = mark in ("<=", ">=", "≤", "≥", "=", "")
    if mark in ("<", "<=", "≤"):
        return -inf, low, (False, closed), unit
    if mark in (">", ">=", "≥"):
        return low, inf, (closed, False), unit
    return low, low, (True, True), unit


def told_states(
    value: object, quantity: Quantity | None, states: Sequence[str]
) -> tuple[int, ...] | None:
    """Return the states that a number or interval leaves possible; None if it is neither.

    A text that is a state's name is none.

    Raises
    ------
    FormatError
        If it is an interval and there are no cut points, or its unit is not known.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = value if isinstance(value, str) else repr(value)
    if text in states or text.strip() in states:
        return None
    found = parse_interval(text)
    if found is None:
        return None
    if quantity is None:
        if text.strip()[0] in "<>≤≥":
            raise FormatError(
                f"{text.strip()!r}: no cut points are known that make a number one of the states "
                f"{', '.join(states)}"
            )
        return None
    low, high, ends, unit = found
    scale = quantity.factor(unit)
    named = quantity.states(low * scale, high * scale, ends)
    return tuple(states.index(s) for s in named)
