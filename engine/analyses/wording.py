"""Explanations in plain sentences, each made from one figure of the result.

Templates, not prose: a sentence is said only if its figure supports it, and carries the figure.
"""

import math
from typing import TYPE_CHECKING

from fascinet.model.errors import OptionError
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.analyses.explain import Explanation

READERS = ("student", "clinician")
SMALL, CLEAR, STRONG, DECISIVE = 1.0, 3.0, 7.0, 13.0
GAP = 3.0


def strength(db: float) -> str:
    """Return a word for a weight of evidence: 3 dB is a factor of 2, 10 dB of 10, 13 dB of 20."""
    size = abs(db)
    if size < SMALL:
        return "hardly"
    if size < CLEAR:
        return "slightly"
    if size < STRONG:
        return "clearly"
    return "strongly" if size < DECISIVE else "very strongly"


def percent(p: float) -> str:
    """Return a probability in words that never claim certainty."""
    if p < 0.001:
        return "less than 0.1%"
    if p > 0.99:
        return "more than 99%"
    return f"{100 * p:.1f}%" if p < 0.1 else f"{100 * p:.0f}%"


def label(network: Network | None, variable: str, reader: str) -> str:
    """Return what a reader calls a variable."""
    meta = network.meta.get(variable, {}) if network is not None else {}
    key = "patient_label" if reader == "student" else "label"
    return str(meta.get(key) or meta.get("label") or variable.replace("_", " "))


def sentences(
    result: "Explanation", reader: str = "student", network: Network | None = None
) -> tuple[str, ...]:
    """Return the explanation of a result for a reader.

    Raises
    ------
    OptionError
        If the reader is neither "student" nor "clinician".
    """
    if reader not in READERS:
        raise OptionError("reader", reader, READERS)
    name = label(network, result.hypothesis.variable, reader)
    out = [_opening(result, name, reader)]
    order = sorted(
        range(result.context, len(result.findings)), key=lambda i: -abs(result.shapley_db[i])
    )
    for i in order:
        if abs(result.shapley_db[i]) >= SMALL:
            out.append(_weight(result, i, name, reader, network))
    for i in order:
        if abs(result.gap_db[i]) >= GAP:
            out.append(_gap(result, i, reader, network))
    quiet = [i for i in order if abs(result.shapley_db[i]) < SMALL]
    if quiet:
        names = ", ".join(_finding(result, i, reader, network) for i in quiet)
        out.append(f"Of little weight either way (under {SMALL:.0f} dB each): {names}.")
    return tuple(out)


def _opening(result: "Explanation", name: str, reader: str) -> str:
    moved = float(result.weight_db[result.context :].sum())
    turn = "stays at about" if abs(moved) < 0.5 else "rises to" if moved > 0 else "falls to"
    if reader == "clinician":
        return (
            f"{name}: pre-test probability {percent(result.base)}, post-test "
            f"{percent(result.posterior)}; weight of evidence {moved:+.1f} dB."
        )
    return (
        f"Before any finding, {name} had a probability of {percent(result.base)}; with the "
        f"{counted(len(result.findings) - result.context, 'finding')} it {turn} "
        f"{percent(result.posterior)}."
    )


def _finding(result: "Explanation", i: int, reader: str, network: Network | None) -> str:
    name = label(network, result.findings[i], reader)
    state = result.states[i].replace("_", " ")
    return name if state == "yes" else f"{name}: {state}"


def _weight(result: "Explanation", i: int, name: str, reader: str, network: Network | None) -> str:
    db = float(result.shapley_db[i])
    side = "for" if db > 0 else "against"
    finding = _finding(result, i, reader, network)
    if reader == "clinician":
        return (
            f"{finding}: {db:+.1f} dB {side}; likelihood ratio {result.textbook_lr[i]:.3g} alone, "
            f"{result.in_context_lr[i]:.3g} given the other findings."
        )
    times = 10 ** (abs(db) / 10)
    return (
        f"{finding} speaks {strength(db)} {side} {name}: on average it multiplies the odds "
        f"{side} it by {times:.3g}."
    )


def _gap(result: "Explanation", i: int, reader: str, network: Network | None) -> str:
    finding = _finding(result, i, reader, network)
    alone, here = float(result.textbook_lr[i]), float(result.in_context_lr[i])
    weaker = abs(_log(here)) < abs(_log(alone))
    if reader == "clinician":
        word = "overstates" if weaker else "understates"
        return (
            f"The textbook likelihood ratio of {finding} ({alone:.3g}) {word} its weight here "
            f"({here:.3g}): it is not independent of the other findings."
        )
    if weaker:
        return (
            f"{finding} counts less here than on its own: the other findings already say the "
            f"same, or another cause accounts for it (likelihood ratio {here:.3g} instead of "
            f"{alone:.3g})."
        )
    return (
        f"{finding} counts more here than on its own (likelihood ratio {here:.3g} instead of "
        f"{alone:.3g})."
    )


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf
