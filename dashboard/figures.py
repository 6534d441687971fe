"""The figure of the knowledge base behind a parameter of the network, and its source."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from unicodedata import normalize

from fascinet.dashboard.words import (
    absent_state,
    first_up,
    is_binary,
    label,
    listed,
    mid,
    state_name,
    state_words,
)
from fascinet.model.gates import Table
from fascinet.model.network import Network
from fascinet.model.schema import Cause, Cited, Knowledge, Source

TRIGGER = "trigger_"
PLACES = {"general": "the general population", "neuromuscular_clinic": "a neuromuscular clinic"}
ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a",
}  # fmt: skip
LETTERS = {"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø",
           "O": "Ø", "l": "ł", "L": "Ł", "i": "ı", "j": "ȷ"}  # fmt: skip
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
        space = r"\s*" if not tex.isalpha() else r"(?:\s+|(?=[{\\]))"
        text = re.sub(
            rf"\\{re.escape(tex)}{space}\{{?\\?(\w)\}}?", lambda m, k=mark: m[1] + k, text
        )
    for tex, letter in LETTERS.items():
        text = re.sub(rf"\\{tex}(?![A-Za-z])\s*(?:\{{\}})?", letter, text)
    text = text.replace("---", "\N{EM DASH}").replace("--", "\N{EN DASH}")
    text = normalize("NFC", re.sub(r"[{}]|\\(?=[&%_$#])", "", text))
    return re.sub(r"\s+([,;:])", r"\1", text)


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
    """Return what a parameter is, in words.

    "how common ALS is in men aged 60+ in primary care", "how often ALS shows muscle atrophy", "how
    often muscle atrophy has none of the listed causes".
    """
    kind = str(network.meta.get(variable, {}).get("kind", ""))
    what = _state_of(network, variable, state)
    others = {p: s for p, s in parents.items() if not _is_context(network, p)}
    where = _where(network, {p: s for p, s in parents.items() if p not in others})
    if kind == "trigger":
        cause = str(network.meta[variable].get("cause", ""))
        of = _by(network, cause or variable, parents.get(cause, ""))
        return f"how often {of} makes muscle twitch"
    if kind in {"cause", "risk", "context"} and not others:
        return f"how common {what} is{where or ' in adults'}"
    if not others:
        return f"how often {what} has none of the listed causes{where}"
    if isinstance(network.gate(variable), Table) and kind in {"cause", "risk"}:
        rest = len(others) > 1 and all(
            s == absent_state(network.states(p)) for p, s in others.items()
        )
        without = "without any of its risk factors"
        besides = without if rest else listed([_with(network, p, s) for p, s in others.items()])
        return f"how common {what} is{where}, {besides}"
    given = listed([_bringer(network, p, s) for p, s in others.items()])
    verb = "brings about" if kind in {"cause", "risk"} else "shows"
    return f"how often {given} {verb} {what}{where}"


def place_name(network: Network, where: str) -> str:
    """Return what a number of the data files is, in the words of `parameter_name`.

    Parameters
    ----------
    network : Network
    where : str
        "causes/als.yaml: findings.atrophy.yes", see `fascinet.model.schema.Place`.
    """
    file, key = where.split(": ", 1)
    name, *rest = key.split(".")
    if file.startswith("causes/"):
        name, rest = file.removeprefix("causes/").removesuffix(".yaml"), key.split(".")
    return first_up(_place(network, name, rest))


def _place(network: Network, name: str, path: Sequence[str]) -> str:
    """Return the words for a number of one record, by where it stands in it."""
    of = mid(label(network, name)) if name in network.index else "an ordinary twitch"
    match path:
        case ["spread"]:
            return f"how people divide by {of}"
        case ["leak", state]:
            return f"how often {_state_of(network, name, state)} has none of the listed causes"
        case ["prior", "settings", setting, state]:
            where = {} if setting == "all" else {"setting": setting}
            return f"how common {_state_of(network, name, state)} is{_where(network, where)}"
        case ["prior", "odds", parent, value, state]:
            who = _group(network, parent, value)
            return f"how much more common {_state_of(network, name, state)} is {who} (odds)"
        case ["prior", "links", parent, value, state]:
            by = _state_of(network, parent, value)
            return f"how often {by} brings about {_state_of(network, name, state)}"
        case ["findings", *what]:
            return f"how often {of} shows {_shown_state(network, what)}"
        case ["findings_by_state", own, *what]:
            return f"how often {_state_of(network, name, own)} shows {_shown_state(network, what)}"
        case [*_, "link", state]:
            who = _state_of(network, name, state) if name in network.index else "nothing listed"
            return f"how often {who} makes muscle twitch"
        case ["shows", kind, variable, *state]:
            return _twitch(network, name, "yes", kind, [variable, *state])
        case ["trigger", "shows", kind, variable, *state]:
            return _twitch(network, name, "yes", kind, [variable, *state])
        case ["trigger", "by_state", own, kind, variable, *state]:
            return _twitch(network, name, own, kind, [variable, *state])
        case _:
            return f"{of}: {' '.join(map(state_words, path))}"


def _twitch(network: Network, name: str, own: str, kind: str, what: Sequence[str]) -> str:
    who = _state_of(network, name, own) if name in network.index else "no listed cause"
    start, verb = {
        "spreads": ("how twitching", "divides by"),
        "figures": ("how often twitching", "shows"),
    }[kind]
    return f"{start} from {who} {verb} {_shown_state(network, what)}"


def _shown_state(network: Network, what: Sequence[str]) -> str:
    variable, *state = what
    if variable not in network.index:
        return " ".join(map(state_words, what))
    if state and state[0] in network.states(variable):
        return _state_of(network, variable, state[0])
    return mid(label(network, variable))


def _group(network: Network, parent: str, value: str) -> str:
    if _is_context(network, parent):
        return _where(network, {parent: value}).strip()
    return _with(network, parent, value)


def _state_of(network: Network, variable: str, state: str) -> str:
    name, states = mid(label(network, variable)), network.states(variable)
    if is_binary(states):
        return name if state != absent_state(states) else f"no {name}"
    return f"{name} ({state_name(network, variable, state)})"


def _with(network: Network, parent: str, state: str) -> str:
    if state == absent_state(network.states(parent)):
        return f"without {mid(label(network, parent))}"
    return f"with {_state_of(network, parent, state)}"


def _bringer(network: Network, parent: str, state: str) -> str:
    """Return the parent whose effect a parameter is: a trigger is its cause's twitching."""
    meta = network.meta.get(parent, {})
    if meta.get("kind") == "trigger":
        cause = meta.get("cause")
        return (
            f"twitching from {_by(network, str(cause), state)}" if cause else "an ordinary twitch"
        )
    return _state_of(network, parent, state)


def _by(network: Network, cause: str, state: str) -> str:
    """Return a cause's name, with its state where it can be there in more than one."""
    told = state in network.states(cause)[1:] and not is_binary(network.states(cause))
    return _state_of(network, cause, state) if told else mid(label(network, cause))


def _is_context(network: Network, variable: str) -> bool:
    return network.meta.get(variable, {}).get("kind") == "context"


def _where(network: Network, context: Mapping[str, str]) -> str:
    """Return " in men aged 60+ in primary care" for what is given of setting, age and sex."""
    people = {"male": "men", "female": "women"}.get(context.get("sex", ""), "")
    age = f"aged {context['age_group']}" if "age_group" in context else ""
    who = " ".join(filter(None, (people or ("people" if age else ""), age)))
    rest = [PLACES.get(s) or mid(state_words(s)) for v, s in context.items()
            if v not in {"sex", "age_group"}]  # fmt: skip
    return "".join(f" in {part}" for part in (who, *rest) if part)
