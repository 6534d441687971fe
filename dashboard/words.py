"""Numbers and names as people read them."""

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


def percent(p: float) -> str:
    """Return a probability as text; 0.1% and 99% are the last steps shown (data limits)."""
    if p < 0.001:
        return "<0.1%"
    if p > 0.99:
        return ">99%"
    return f"{100 * p:.1f}%" if p < 0.0995 else f"{100 * p:.0f}%"


def points(before: float, after: float) -> str:
    """Return a change of probability in percentage points, or nothing when it is none."""
    delta = 100 * (after - before)
    if abs(delta) < 0.05:
        return "no change"
    sign = "+" if delta > 0 else "−"
    return f"{sign}{abs(delta):.1f} pts" if abs(delta) < 9.95 else f"{sign}{abs(delta):.0f} pts"


def times(ratio: float) -> str:
    """Return a likelihood ratio as people say it."""
    if ratio >= 1:
        return f"× {ratio:.3g}" if ratio < 1000 else "× >1000"
    return f"÷ {1 / ratio:.3g}" if ratio > 0.001 else "÷ >1000"


def state_words(state: str) -> str:
    """Return a state's name for people."""
    return _SPECIAL.get(state, state.replace("_", " "))


def label(network: Network, variable: str, *, patient: bool = False) -> str:
    """Return the clinician's (or the patient's) name of a variable."""
    meta = network.meta.get(variable, {})
    name = meta.get("patient_label" if patient else "label") or meta.get("label")
    return str(name or variable.replace("_", " "))


def is_binary(states: tuple[str, ...]) -> bool:
    """Say whether the states are absent / present."""
    return states == ("no", "yes")


def absent_state(states: tuple[str, ...]) -> str:
    """Return the state that means that nothing is there (the first one, by convention)."""
    return states[0]
