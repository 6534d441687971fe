"""The figure of the knowledge base behind a parameter of the network, and its source."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten
from unicodedata import normalize

from fascinet.dashboard.words import label, state_words
from fascinet.model.network import Network
from fascinet.model.schema import Cause, Cited, Knowledge, Source

TRIGGER = "trigger_"
ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308"}
GRADES = {
    "A": "large registry or systematic review",
    "B": "single cohort or cross-sectional study",
    "C": "small, second-hand or recalled",
    "D": "expert estimate",
}


@dataclass(frozen=True)
class Reference:
    """A source as people cite it.

    Attributes
    ----------
    key : str
    text : str
        Authors, title, journal, year.
    url : str
        DOI link where there is one.
    """

    key: str
    text: str
    url: str


def reference(knowledge: Knowledge, key: str) -> Reference:
    """Return the reference of a source key; an expert estimate has none."""
    source = knowledge.sources.get(key)
    if source is None:
        return Reference(key, key.replace("_", " ").capitalize(), "")
    return Reference(key, _cite(source), _url(source))


def _cite(source: Source) -> str:
    fields = source.fields
    who = _authors(fields.get("author", ""))
    where = fields.get("journal") or fields.get("howpublished") or fields.get("publisher", "")
    parts = (who, fields.get("title", ""), where, fields.get("year", ""))
    return ". ".join(_plain(p).rstrip(".") for p in parts if p)


def _plain(text: str) -> str:
    """Return BibTeX text without braces, and its accents as letters."""
    for tex, mark in ACCENTS.items():
        text = re.sub(rf"\\{re.escape(tex)}\{{?(\w)\}}?", rf"\1{mark}", text)
    text = text.replace("---", "\N{EM DASH}").replace("--", "\N{EN DASH}")
    return normalize("NFC", re.sub(r"[{}]|\\(?=[&%_])", "", text))


def _authors(text: str) -> str:
    """Return the first author; an institution in braces is one author."""
    if text.startswith("{"):
        return _plain(text)
    names = text.split(" and ")
    return names[0] + (" et al." if len(names) > 1 else "")


def brief(knowledge: Knowledge, key: str) -> str:
    """Return a source as "first author, year", for places with little room."""
    source = knowledge.sources.get(key)
    if source is None:
        return key.replace("_", " ")
    who = _authors(source.fields.get("author", "")) or source.fields.get("title", key)
    name = shorten(_plain(who).split(",")[0], 60, placeholder=" …")
    return ", ".join(filter(None, (name, source.fields.get("year", ""))))


def _url(source: Source) -> str:
    doi, url = source.fields.get("doi", ""), source.fields.get("url", "")
    if doi:
        return doi if doi.startswith("http") else f"https://doi.org/{doi}"
    return url if url.startswith(("http://", "https://")) else ""


def figure_of(
    knowledge: Knowledge, variable: str, state: str, parents: Mapping[str, str]
) -> Cited | None:
    """Return the cited figure that a parameter comes from, or None for what is computed."""
    if variable.startswith(TRIGGER):
        return _trigger(knowledge, variable.removeprefix(TRIGGER), parents)
    if variable in knowledge.causes or variable in knowledge.risks:
        return _prior(knowledge, variable, state, parents)
    if variable in knowledge.findings or variable in knowledge.tests:
        return _finding(knowledge, variable, state, parents)
    return None


def _trigger(knowledge: Knowledge, cause: str, parents: Mapping[str, str]) -> Cited | None:
    record = knowledge.causes.get(cause)
    if record is None or record.trigger is None:
        return None
    return record.trigger.link.get(parents.get(cause, "yes"))


def _prior(
    knowledge: Knowledge, variable: str, state: str, parents: Mapping[str, str]
) -> Cited | None:
    record = knowledge.causes.get(variable) or knowledge.risks[variable]
    for parent, value in parents.items():
        link = record.prior.links.get(parent, {}).get(value, {}).get(state)
        if link is not None:
            return link
    settings = record.prior.settings
    return settings.get(parents.get("setting", "all"), settings.get("all", {})).get(state)


def _finding(
    knowledge: Knowledge, variable: str, state: str, parents: Mapping[str, str]
) -> Cited | None:
    if not parents:
        record = knowledge.findings.get(variable) or knowledge.tests[variable]
        return record.leak.get(state)
    if len(parents) != 1:
        return None
    parent, value = next(iter(parents.items()))
    cause = knowledge.causes.get(parent.removeprefix(TRIGGER))
    if cause is None:
        return None
    if parent.startswith(TRIGGER):
        return _shown(cause, variable, value)
    return cause.links(value).get(variable, {}).get(state)


def _shown(cause: Cause, variable: str, value: str) -> Cited | None:
    if cause.trigger is None:
        return None
    for shown in (cause.trigger.by_state.get(value), cause.trigger.shows):
        if shown is not None:
            found = shown.spreads.get(variable) or shown.figures.get(variable)
            if found is not None:
                return found
    return None


def parameter_name(network: Network, variable: str, state: str, parents: Mapping[str, str]) -> str:
    """Return a parameter in words: "Weakness: objective, if ALS"."""
    what = f"{label(network, variable)}: {state_words(state)}"
    given = [
        label(network, p) if s == "yes" else f"{label(network, p)} {state_words(s)}"
        for p, s in parents.items()
    ]
    return f"{what} | {', '.join(given)}" if given else f"{what} | no listed cause"
