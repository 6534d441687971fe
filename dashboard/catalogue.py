"""What can be entered, in which group, and under which words it is found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fascinet.dashboard.words import is_binary, state_words
from fascinet.model.network import Network

CONTEXT = ("setting", "age_group", "sex")
CONTEXT_LABELS = {"setting": "Seen in", "age_group": "Age", "sex": "Sex"}
OPEN_SECTIONS = 2


@dataclass(frozen=True)
class Entry:
    """One finding, test or circumstance that can be entered.

    Attributes
    ----------
    id : str
        The variable.
    label, patient : str
        The clinician's and the patient's words.
    states : tuple of str
        In network order; the first one means absent or normal.
    section : str
        Heading that it stands under.
    words : str
        Synonyms and codes for the search box.
    kind : str
        finding, test, risk or cause.
    rest : str
        The state that means absent or normal.
    question : str
        How to ask for it, if the knowledge says so.
    by : str
        Who can tell: "history" or "examination".
    state_labels : mapping of state to str
        What a state means, where its name does not say it.
    """

    id: str
    label: str
    patient: str
    states: tuple[str, ...]
    section: str
    words: str
    kind: str
    rest: str
    question: str = ""
    by: str = "history"
    state_labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Catalogue:
    """All entries in order, and the states of everything that may be entered."""

    entries: tuple[Entry, ...]
    states: Mapping[str, tuple[str, ...]]
    by_id: Mapping[str, Entry] = field(default_factory=dict[str, Entry])

    @property
    def sections(self) -> dict[str, list[Entry]]:
        """Entries by heading, in order of first appearance."""
        out: dict[str, list[Entry]] = {}
        for entry in self.entries:
            out.setdefault(entry.section, []).append(entry)
        return out


def make_catalogue(network: Network, entries: Iterable[Entry]) -> Catalogue:
    """Return the catalogue of a network; entries whose variable it lacks are left out."""
    known = tuple(e for e in entries if e.id in network.index)
    states = {e.id: e.states for e in known}
    states |= {v: network.states(v) for v in CONTEXT if v in network.index}
    return Catalogue(known, states, {e.id: e for e in known})


def payload(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the groups as the findings component wants them (JSON types, text only)."""
    return [
        {
            "id": f"g{i}",
            "label": section,
            "open": i < OPEN_SECTIONS,
            "rows": [_row(entry) for entry in entries],
        }
        for i, (section, entries) in enumerate(catalogue.sections.items())
    ]


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "label": entry.label,
        "sub": " · ".join(_notes(entry)),
        "words": entry.words,
        "binary": is_binary(entry.states),
        "states": [[s, entry.state_labels.get(s) or state_words(s)] for s in entry.states],
    }


def _notes(entry: Entry) -> list[str]:
    patient = "" if entry.patient == entry.label else entry.patient
    return [text for text in (patient, entry.question) if text]


def context_payload(
    catalogue: Catalogue, values: Mapping[str, str], setting: str
) -> list[dict[str, Any]]:
    """Return setting, age and sex as selects; age and sex may stay unknown."""
    out: list[dict[str, Any]] = []
    for variable in CONTEXT:
        states = catalogue.states.get(variable)
        if states is None:
            continue
        options = [[s, state_words(s)] for s in states]
        if variable != "setting":
            options.insert(0, ["", "?"])
        value = setting if variable == "setting" else values.get(variable, "")
        out.append(
            {
                "id": variable,
                "label": CONTEXT_LABELS[variable],
                "options": options,
                "value": value,
            }
        )
    return out
