"""The knowledge base as rows of tables."""

from collections.abc import Sequence
from functools import lru_cache
from textwrap import shorten
from typing import Any

from fascinet.dashboard.figures import place_name, reference
from fascinet.dashboard.service import Resources, resources
from fascinet.dashboard.words import figure as share
from fascinet.dashboard.words import label, number, state_name, state_words
from fascinet.model.schema import Cited, Figure, Knowledge, Odds, Place, Spread


def figure_rows(knowledge: Knowledge) -> list[dict[str, Any]]:
    """Return one row a figure; `Text` holds everything in lower case, to search in."""
    return _all_rows() if knowledge is resources().knowledge else _rows(knowledge)


@lru_cache(maxsize=1)
def _all_rows() -> list[dict[str, Any]]:
    return _rows(resources().knowledge)


def _rows(knowledge: Knowledge) -> list[dict[str, Any]]:
    return [_row(knowledge, place) for place in knowledge.figures()]


def _row(knowledge: Knowledge, place: Place) -> dict[str, Any]:
    figure = place.figure
    cited = reference(knowledge, figure.source)
    row: dict[str, Any] = {
        "Where": place.where,
        "What": place_name(resources().network, place.where),
        "Value": _value(figure),
        "Range": _range(figure),
        "n": figure.n,
        "Grade": figure.grade,
        "Source": figure.source,
        "DOI": cited.url or None,
        "Article": ", ".join(figure.article),
        "Note": figure.note,
    }
    said = (place.where, row["What"], figure.source, cited.text, figure.note, row["Article"])
    text = " ".join(map(str, said))
    return {**row, "Text": text.lower()}


def _value(figure: Figure | Odds | Spread) -> str:
    if isinstance(figure, Figure):
        return share(figure.p)
    if isinstance(figure, Odds):
        return f"OR {number(figure.value)}"
    return ", ".join(f"{state_words(s)} {share(p)}" for s, p in figure.p.items())


def _range(figure: Figure | Odds | Spread) -> str:
    if isinstance(figure, Figure):
        return f"{number(100 * figure.low)}–{share(figure.high)}"
    if isinstance(figure, Odds):
        return f"{number(figure.range[0])}–{number(figure.range[1])}"
    return f"as {figure.weight:g} people"


def script_rows(known: Resources, cause: str) -> list[dict[str, Any]]:
    """Return the illness script of a cause: its priors, its link to twitching, its findings."""
    record = known.knowledge.causes[cause]
    rows: list[dict[str, Any]] = []
    for setting, link in record.prior.settings.items():
        for state, figure in link.items():
            place = "Before anything" if setting == "all" else f"Prior, {state_words(setting)}"
            rows.append(_script_row(known, f"{place}: {state_words(state)}", figure))
    if record.trigger is not None:
        for state, figure in record.trigger.link.items():
            name = "Makes muscle twitch" + (f" ({state_words(state)})" if state != "yes" else "")
            rows.append(_script_row(known, name, figure))
    network = known.network
    found = [
        (f"{label(network, v)}: {state_name(network, v, s)}{_kind(record.states, own)}", figure)
        for own in record.states[1:]
        for v, link in record.links(own).items()
        for s, figure in link.items()
    ]
    found.sort(key=lambda item: -item[1].p)
    return rows + [_script_row(known, name, figure) for name, figure in found]


def fingerprint(known: Resources, causes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the findings of one or two illness scripts with their leaks, as a chart wants them.

    Returns
    -------
    list of dict
        finding, cause, p (net effect of the cause alone), leak; most frequent first.
    """
    rows: list[dict[str, Any]] = []
    for cause in causes:
        record = known.knowledge.causes[cause]
        for own in record.states[1:]:
            for variable, link in record.links(own).items():
                name = label(known.network, variable)
                for state, figure in link.items():
                    rows.append({
                        "finding": name + _state(known, variable, state),
                        "cause": record.label + _kind(record.states, own),
                        "p": figure.p, "leak": _leak(known, variable, state),
                    })  # fmt: skip
    best = {row["finding"]: 0.0 for row in rows}
    for row in rows:
        best[row["finding"]] = max(best[row["finding"]], row["p"])
    return sorted(rows, key=lambda row: (-best[row["finding"]], row["finding"], row["cause"]))


def _state(known: Resources, variable: str, state: str) -> str:
    return "" if state == "yes" else f": {state_name(known.network, variable, state)}"


def _leak(known: Resources, variable: str, state: str) -> float:
    record = known.knowledge.findings.get(variable) or known.knowledge.tests.get(variable)
    figure = record.leak.get(state) if record is not None else None
    return figure.p if figure is not None else 0.0


def _kind(states: tuple[str, ...], own: str) -> str:
    return f" (if {state_words(own)})" if len(states) > 2 else ""


def _script_row(known: Resources, name: str, figure: Figure) -> dict[str, Any]:
    cited = reference(known.knowledge, figure.source)
    return {
        "What": name,
        "p": share(figure.p),
        "Range": _range(figure),
        "n": "" if figure.n is None else f"{figure.n:,}",
        "Grade": figure.grade,
        "Source": _short(cited.text, figure),
        "Article": ", ".join(figure.article),
        "Link": cited.url,
    }


def _short(text: str, figure: Cited) -> str:
    note = f" {figure.note}" if figure.note else ""
    whole = f"{text}.{note}"
    return shorten(whole, 150, placeholder=" …")
