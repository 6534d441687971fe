"""From measured values with their reference ranges to the results of tests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fascinet.model.errors import FormatError
from fascinet.model.phenopackets import Measurement, Unused
from fascinet.model.quantity import Quantity

BELOW = frozenset(("low", "suppressed"))
ABOVE = frozenset(("high", "raised"))


@dataclass
class Results:
    """The state of each test, what was not used, and warnings."""

    states: dict[str, str] = field(default_factory=dict)
    unused: list[Unused] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def results(
    measured: Iterable[Measurement],
    tests: Mapping[str, str],
    states: Mapping[str, tuple[str, ...]],
    normal: Mapping[str, str],
    quantities: Mapping[str, Quantity] | None = None,
) -> Results:
    """Return what measurements say of tests: below, within or above the reference range.

    Parameters
    ----------
    measured : iterable of Measurement
    tests : mapping of LOINC code to variable
    states, normal : mapping of variable to its states, and to the state that means normal
    quantities : mapping of variable to Quantity, optional
        Declared cut points and units: they serve where a value comes without a reference range, and
        convert units.

    Notes
    -----
    Where a test was measured twice, an abnormal result counts, with a warning; results on both
    sides of the range are used neither way.
    """
    found = Results()
    said: dict[str, list[tuple[str, Measurement]]] = {}
    for item in measured:
        test = tests.get(loinc(item.code), "")
        quantity = (quantities or {}).get(test)
        state, reason = "", item.problem or "measurement of no variable: not used"
        if test and not item.problem:
            try:
                state = _compared(item, states.get(test, ()), normal.get(test, ""), quantity)
            except FormatError as error:
                reason = f"{error}: not used"
        if state:
            said.setdefault(test, []).append((state, item))
            if item.low is None and item.high is None and quantity is not None:
                cuts = ", ".join(f"{c:g}" for c in quantity.cuts)
                found.warnings.append(
                    f"{test}: {item.value:g} {item.units[0]} without a reference range: read as "
                    f"{state}, by the cut points {cuts} {quantity.unit}"
                )
        else:
            found.unused.append(Unused(item.code, item.label, reason))
    for test, given in said.items():
        _settle(test, given, normal[test], found)
    return found


def _settle(test: str, given: list[tuple[str, Measurement]], normal: str, found: Results) -> None:
    told = {state for state, _ in given}
    odd = told - {normal}
    if len(odd) > 1:
        reason = f"measured as {' and as '.join(sorted(odd))}: not used"
        found.unused += [Unused(item.code, item.label, reason) for _, item in given]
        return
    found.states[test] = next(iter(odd), normal)
    if len(told) > 1:
        found.warnings.append(f"{test}: measured as {normal} and as {found.states[test]}, kept it")


def loinc(code: str) -> str:
    """Return the LOINC number of an assay; empty if it is of another system.

    >>> loinc("LOINC:2157-6"), loinc("https://loinc.org/2157-6"), loinc("NCIT:C64489")
    ('2157-6', '2157-6', '')
    """
    head, _, last = code.strip().replace("/", ":").rpartition(":")
    return last if "loinc" in head.lower() else ""


def _compared(
    item: Measurement, states: tuple[str, ...], normal: str, quantity: Quantity | None
) -> str:
    """Return the state that a value means; empty where the test has no such sides.

    Raises
    ------
    FormatError
        If it has no range and no cut points are declared, or units do not fit.
    """
    own, other = item.units
    if quantity is not None:
        if item.low is None and item.high is None and not own:
            raise FormatError("no reference range and no unit")
        ranged = quantity
        if not own or (own == other and own not in (quantity.unit, *quantity.units)):
            return state_of(item, states, normal, quantity)  # in units of its own
        if item.low is not None or item.high is not None:
            ranged = quantity.with_range(item.low, item.high, other or own)
        value = item.value * quantity.factor(own)
        return ranged.states(value, value, (True, True))[0]
    if item.low is None and item.high is None:
        raise FormatError("no reference range")
    if own and other and own != other:
        raise FormatError("its reference range is in another unit")
    return state_of(item, states, normal, None)


def state_of(
    item: Measurement, states: tuple[str, ...], normal: str, quantity: Quantity | None
) -> str:
    """Return the state of a value beside its own range, whatever the unit.

    A test that knows one side only is normal on the other.
    """
    if quantity is not None and item.units[0] == item.units[1]:
        given = Quantity("", quantity.cuts, quantity.order, quantity.normal)
        return given.with_range(item.low, item.high).states(item.value, item.value, (True, True))[0]
    below, above = (next((s for s in states if s in side), "") for side in (BELOW, ABOVE))
    if not (below or above) or normal not in states:
        return ""
    if item.low is not None and item.value < item.low:
        return below or normal
    return above or normal if item.high is not None and item.value > item.high else normal
