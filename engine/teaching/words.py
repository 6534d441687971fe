"""What is said in a consultation: questions and answers, in words of the data."""

from typing import TYPE_CHECKING

from fascinet.engine.teaching.practice import Evidence, Practice

if TYPE_CHECKING:
    from fascinet.model.schema import Variable

NONE = ("no", "none", "normal")
PEOPLE = ("Babinski", "Chvostek", "Guillain", "Isaacs", "Kennedy", "Lhermitte", "Parkinson",
          "Trousseau")  # fmt: skip


def name_of(rooms: Practice, variable: str) -> str:
    """Return what a clinician calls a variable."""
    return str(rooms.network.meta.get(variable, {}).get("label") or variable.replace("_", " "))


def lay_name(rooms: Practice, variable: str) -> str:
    """Return what a patient calls a variable."""
    meta = rooms.network.meta.get(variable, {})
    return str(meta.get("patient_label") or name_of(rooms, variable))


def state_name(rooms: Practice, variable: str, state: str) -> str:
    """Return a state in words."""
    record = _record(rooms, variable)
    told = record.state_labels.get(state) if record is not None else None
    return told or state.replace("_", " ")


def question(rooms: Practice, variable: str) -> str:
    """Return how one asks, examines or orders."""
    record = _record(rooms, variable)
    way = rooms.way_of(variable)
    if way == "ask":
        asked = record.question if record is not None else ""
        return asked or f"{lay_name(rooms, variable)}?"
    return name_of(rooms, variable)


def answer(rooms: Practice, variable: str, state: str) -> str:
    """Return what the patient says, the examination shows, or the laboratory reports.

    >>> from fascinet.teaching import practice
    >>> answer(practice(), "insomnia", "yes"), answer(practice(), "clonus", "no")
    ('Yes: trouble sleeping.', 'Not found: Clonus.')
    >>> answer(practice(), "twitch_duration", "weeks")
    'For weeks.'
    """
    way, words = rooms.way_of(variable), state_name(rooms, variable, state)
    if variable == "twitch_duration":
        return f"For {words}."
    if way == "ask":
        return _said(rooms, variable, state, words)
    name = name_of(rooms, variable)
    if rooms.network.states(variable) == ("no", "yes"):
        return f"Found: {name}." if state == "yes" else f"Not found: {name}."
    return f"{name}: {words}."


def _said(rooms: Practice, variable: str, state: str, words: str) -> str:
    states, lay = rooms.network.states(variable), lay_name(rooms, variable)
    if states == ("no", "yes"):
        return f"Yes: {small(lay)}." if state == "yes" else "No."
    if state in NONE:
        return "No, none."
    return f"{words[:1].upper()}{words[1:]}."


def small(text: str) -> str:
    """Return text as it stands in a sentence; letters and names of people keep their capitals.

    >>> small("Muscle cramps"), small("ALS"), small("Parkinson's disease"), small("TSH")
    ('muscle cramps', 'ALS', "Parkinson's disease", 'TSH')
    """
    first = text.split(" ")[0].rstrip(",")
    keeps = first.startswith(PEOPLE) or first[1:] != first[1:].lower() or len(first) == 1
    return text if keeps else text[:1].lower() + text[1:]


def _record(rooms: Practice, variable: str) -> "Variable | None":
    known = rooms.knowledge
    for shelf in (known.findings, known.tests, known.risks, known.causes, known.context):
        if variable in shelf:
            return shelf[variable]
    return None


def opening(rooms: Practice, known: Evidence) -> str:
    """Return how a patient introduces themselves: age, sex, the complaint and how it began.

    >>> from fascinet.teaching import practice
    >>> opening(practice(), {"age_group": "60+", "sex": "male", "twitch_duration": "months",
    ...                      "twitch_spread": "single_site", "twitching": "yes"})
    'A man aged 60+: “My muscles have been twitching for months, in one place.”'
    """
    who = {"male": "A man", "female": "A woman"}.get(known.get("sex", ""), "A person")
    age = f" aged {known['age_group']}" if "age_group" in known else ""
    since = f" for {known['twitch_duration']}" if "twitch_duration" in known else ""
    where = SPREAD.get(known.get("twitch_spread", ""), "")
    return f"{who}{age}: “My muscles have been twitching{since}{where}.”"


SPREAD = {
    "single_site": ", in one place",
    "focal_limb": ", in one limb",
    "widespread": ", in many places",
}
