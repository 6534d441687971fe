"""Numbers and names as people read them: the one formatter of pages, charts, tooltips and reports.

A probability is shown by `percent`, a figure of the knowledge base by `figure`, a change by
`change`, a ratio of odds by `times`, people by `people`, anything else by `number`. Nothing is
ever shown with an exponent.
"""

import math
from collections.abc import Callable, Mapping

from fascinet.model.network import Network

_SPECIAL = {
    "yes": "present",
    "no": "absent",
    "als": "ALS",
    "hba1c": "HbA1c",
    "primary_care": "Primary care",
    "neuromuscular_clinic": "Neuromuscular clinic",
    "general": "General population",
}
LEAST, MOST = 0.001, 0.99  # beyond these the model's own limits speak, not its digits
NOISE = 0.005  # half a point: smaller changes of a probability are not shown as such
CLEAR = 1.5  # a ratio of odds from which even a small probability has changed
CROWDS = (1_000, 10_000, 100_000, 1_000_000)
NOTHING = "no change"
NEGLIGIBLE = 0.02  # of the best likelihood: a state that fits so little is not named


def percent(p: float) -> str:
    """Return a probability as text; 0.1% and 99% are the last steps shown (data limits)."""
    if p < LEAST:
        return "<0.1%"
    if p > MOST:
        return ">99%"
    return f"{100 * p:.1f}%" if p < 0.0995 else f"{100 * p:.0f}%"


def span_words(low: float, high: float) -> str:
    """Return an interval as "22% – 97%", or as one number where both ends read the same."""
    first, last = percent(low), percent(high)
    return first if first == last else f"{first} – {last}"


def number(x: float, digits: int = 3) -> str:
    """Return a number with so many significant digits and no exponent."""
    if not math.isfinite(x) or x == 0:
        return "0" if x == 0 else "∞" if x > 0 else "−∞" if x < 0 else "unknown"
    places = max(0, digits - 1 - math.floor(math.log10(abs(x))))
    text = f"{round(x, places):,.{min(places, 12)}f}".replace("-", "−")
    return text.rstrip("0").rstrip(".") if "." in text else text


def figure(p: float) -> str:
    """Return a figure of the knowledge base, or a value of a parameter: never cut to a limit."""
    return f"{number(100 * p)}%"


def change(before: float, after: float) -> str:
    """Return a change of probability: in points, for small ones in odds, or that there is none."""
    delta = after - before
    if abs(delta) >= NOISE:
        points = 100 * abs(delta)
        sign = "+" if delta > 0 else "−"
        return f"{sign}{points:.0f} pts" if points >= 9.95 else f"{sign}{points:.1f} pts"
    ratio = odds(after) / odds(before)
    clear = max(ratio, 1 / ratio) >= CLEAR and max(before, after) >= LEAST
    return f"{times(ratio)} in odds" if clear else NOTHING


def way(before: float, after: float) -> str:
    """Return "before → after", or that it stays, when both read the same."""
    first, second = percent(before), percent(after)
    return f"stays {second}" if first == second else f"{first} → {second}"


def odds(p: float) -> float:
    """Return p / (1 - p), with p kept away from 0 and 1."""
    p = min(1 - 1e-9, max(1e-9, p))
    return p / (1 - p)


def times(ratio: float) -> str:
    """Return a likelihood ratio or a ratio of odds as people say it, or that it changes nothing."""
    if max(ratio, 1 / ratio if ratio > 0 else math.inf) < 1.05:
        return NOTHING
    sign, size = ("×", ratio) if ratio >= 1 else ("÷", 1 / ratio if ratio > 0 else math.inf)
    return f"{sign} 10,000 or more" if size > 10_000 else f"{sign} {number(size, 2)}"


def people(p: float) -> tuple[int, int]:
    """Return how many of how many: the smallest crowd in which the count is at least one.

    Returns
    -------
    (count, crowd)
        Of 1,000, 10,000, 100,000 or a million; the count is 0 only below one in two million.
    """
    crowd = next((n for n in CROWDS if round(p * n) >= 1), CROWDS[-1])
    if p > 0.5:  # as many digits for those who are spared
        crowd = next((n for n in CROWDS if round(p * n) < n), CROWDS[-1])
    return round(p * crowd), crowd


def in_people(p: float) -> str:
    """Return "about 26 of 100,000 people"."""
    count, crowd = people(p)
    if count == 0:
        return f"fewer than 1 of {crowd:,} people"
    return f"about {count:,} of {crowd:,} people"


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return "1 finding", "3 findings"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(names: list[str], joint: str = "and") -> str:
    """Return "a", "a and b", "a, b and c"."""
    return f"{', '.join(names[:-1])} {joint} {names[-1]}" if len(names) > 1 else "".join(names)


def state_words(state: str) -> str:
    """Return a state's name for people."""
    return _SPECIAL.get(state, state.replace("_", " "))


def state_name(network: Network, variable: str, state: str) -> str:
    """Return what a state of a variable means, in the data's words where it has any."""
    labels: Mapping[str, str] = network.meta.get(variable, {}).get("state_labels", {})
    return labels.get(state) or state_words(state)


def likelihood_words(
    likelihood: Mapping[str, float], name: Callable[[str], str] = state_words
) -> str:
    """Return soft evidence as what it is: the states that what was seen fits, best first.

    "focal or widespread" where they fit equally well and nothing else does; "likely mild, perhaps
    severe" where they fit unequally.
    """
    top = max(likelihood.values())
    ranked = sorted(likelihood, key=lambda s: -likelihood[s])
    best = [name(s) for s in ranked if likelihood[s] == top]
    rest = [name(s) for s in ranked if NEGLIGIBLE * top < likelihood[s] < top]
    if not rest:
        return listed(best, "or")
    return f"likely {listed(best, 'or')}, perhaps {listed(rest, 'or')}"


def label(network: Network, variable: str, *, patient: bool = False) -> str:
    """Return the clinician's (or the patient's) name of a variable."""
    meta = network.meta.get(variable, {})
    name = meta.get("patient_label" if patient else "label") or meta.get("label")
    return str(name or variable.replace("_", " "))


def short_label(network: Network, variable: str) -> str:
    """Return a variable's name for a picture or the head of a column."""
    return str(network.meta.get(variable, {}).get("short") or label(network, variable))


_NAMES = ("Babinski", "Chvostek", "Guillain", "Isaacs", "Kennedy", "Lambert", "Lhermitte",
          "Parkinson", "Pompe", "Trousseau", "Tourette")  # fmt: skip


def mid(name: str) -> str:
    """Return a label as it stands in a sentence: small at the start, but for names and letters."""
    first = name.split(" ")[0].rstrip(",")
    keeps = name.startswith(_NAMES) or any(c.isupper() or c.isdigit() for c in first[1:])
    return name if keeps or len(first) == 1 else name[:1].lower() + name[1:]


def first_up(text: str) -> str:
    """Return text with a capital at the start."""
    return text[:1].upper() + text[1:]


def is_binary(states: tuple[str, ...]) -> bool:
    """Say whether the states are absent / present."""
    return states == ("no", "yes")


def absent_state(states: tuple[str, ...]) -> str:
    """Return the state that means that nothing is there (the first one, by convention)."""
    return states[0]
