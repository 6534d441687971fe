"""From measured values with their reference ranges to the results of tests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fascinet.model.phenopackets import Measurement, Unused

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
) -> Results:
    """Return what measurements say of tests: below, within or above the reference range.

    Parameters
    ----------
    measured : iterable of Measurement
    tests : mapping of LOINC code to variable
    states, normal : mapping of variable to its states, and to the state that means normal

    Notes
    -----
    Where a test was measured twice, an abnormal result counts, with a warning; results on both
    sides of the range are used neither way.
    """
    found = Results()
    said: dict[str, list[tuple[str, Measurement]]] = {}
    for item in measured:
        test = tests.get(loinc(item.code), "")
        state = "" if item.problem else state_of(item, states.get(test, ()), normal.get(test, ""))
        if state:
            said.setdefault(test, []).append((state, item))
        else:
            reason = item.problem or "measurement of no variable: not used"
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


def state_of(item: Measurement, states: tuple[str, ...], normal: str) -> str:
    """Return the state that a value means; empty where the test has no such sides.

    A test that knows one side only is normal on the other.
    """
    below, above = (next((s for s in states if s in side), "") for side in (BELOW, ABOVE))
    if not (below or above) or normal not in states:
        return ""
    if item.value < item.low:
        return below or normal
    return above or normal if item.value > item.high else normal
