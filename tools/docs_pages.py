"""Generated pages of the documentation: the knowledge base and the evaluation."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fascinet.model.schema import Cause, Cited, Figure, Knowledge, Odds, Source, Spread

GRADES = {
    "A": "large registry or review",
    "B": "single cohort",
    "C": "small or second hand",
    "D": "expert estimate",
}
HIDDEN = {"key", "ENTRYTYPE", "ID", "keywords"}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; bars in cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(x).replace("|", "\\|").replace("\n", " ") for x in row) + " |"
        for row in lines
    )


def number(x: float) -> str:
    """Return a probability as one reads it."""
    return f"{x:.3g}"


def cite(key: str) -> str:
    """Return a link from a page of a cause to its source."""
    return key.replace("_", " ") if key == "expert_estimate" else f"[{key}](sources.md#{key})"


def figure_row(what: Sequence[str], x: Cited) -> list[str]:
    """Return cells for what is said, its value, range, n, grade and source."""
    if isinstance(x, Spread):
        value = ", ".join(f"{k} {number(p)}" for k, p in x.p.items())
        low_high = f"weight {x.weight:g}"
    else:
        assert isinstance(x, Figure | Odds)
        value = number(x.p) if isinstance(x, Figure) else f"odds × {number(x.value)}"
        low_high = f"{number(x.range[0])} – {number(x.range[1])}"
    return [*what, value, low_high, str(x.n or ""), x.grade, cite(x.source), ", ".join(x.article)]


HEAD = ["value", "range", "n", "grade", "source", "article"]


# -------------------------------------------------------------------- knowledge base


def cause_page(knowledge: Knowledge, cause: Cause) -> str:
    """Return the illness script of one cause."""
    parts = [f"# {cause.label}", cause.summary or cause.patient_label]
    facts = [("variable", f"`{cause.id}`"), ("states", ", ".join(cause.states)),
             ("for patients", cause.patient_label), ("group", cause.group.replace("_", " ")),
             ("must not be missed", "yes" if cause.must_not_miss else "no")]  # fmt: skip
    facts += [(system, ", ".join(codes)) for system, codes in cause.codes.items()]
    parts.append(table(["about", ""], facts))
    parts.append("## How probable\n\n" + _priors(cause))
    if cause.trigger:
        parts.append("## How it makes muscle twitch\n\n" + _trigger(cause))
    if cause.all_findings:
        parts.append("## What it brings about\n\nP(finding | this cause alone), leak excluded.\n\n"
                     + _findings(knowledge, cause))  # fmt: skip
    if cause.article:
        told = [knowledge.statements[s] for s in cause.article if s in knowledge.statements]
        parts.append("## From the article\n\n" + "\n".join(f"- **{s.id}** {s.text}" for s in told))
    return "\n\n".join(parts) + "\n"


def _priors(cause: Cause) -> str:
    rows = [
        figure_row([setting.replace("_", " "), state], figure)
        for setting, link in cause.prior.settings.items()
        for state, figure in link.items()
    ]
    text = "P(state | adult with twitching, setting).\n\n" + table(
        ["setting", "state", *HEAD], rows
    )
    moved = [
        figure_row([f"{parent} = {state}", own], odds)
        for parent, states in cause.prior.odds.items()
        for state, by_own in states.items()
        for own, odds in by_own.items()
    ]
    moved += [
        figure_row([f"{parent} = {state}", own], figure)
        for parent, states in cause.prior.links.items()
        for state, by_own in states.items()
        for own, figure in by_own.items()
    ]
    return text + (
        "\n\nRisk factors:\n\n" + table(["risk", "state", *HEAD], moved) if moved else ""
    )


def _trigger(cause: Cause) -> str:
    assert cause.trigger is not None
    trigger = cause.trigger
    rows = [figure_row(["twitching", state], x) for state, x in trigger.link.items()]
    shown = [("any", trigger.shows), *trigger.by_state.items()]
    for state, shows in shown:
        rows += [figure_row([f, state], x) for f, x in shows.spreads.items()]
        rows += [figure_row([f, state], x) for f, x in shows.figures.items()]
    path = f"Through *{trigger.mechanism.replace('_', ' ')}*.\n\n"
    return path + table(["what", "state of the cause", *HEAD], rows)


def _findings(knowledge: Knowledge, cause: Cause) -> str:
    known = knowledge.variables
    groups = [("any", cause.findings), *cause.findings_by_state.items()]
    rows = [
        figure_row([known[f].label if f in known else f, f"`{state}`", own], x)
        for own, findings in groups
        for f, link in findings.items()
        for state, x in link.items()
    ]
    return table(["finding", "state", "state of the cause", *HEAD], rows)


def knowledge_index(knowledge: Knowledge) -> str:
    """Return the overview: causes by group, and counts of figures by grade."""
    grades: dict[str, int] = defaultdict(int)
    for place in knowledge.figures():
        grades[place.figure.grade] += 1
    causes = sorted(knowledge.causes.values(), key=lambda c: (c.group, c.label))
    rows = [
        (f"[{c.label}]({c.id}.md)", c.group.replace("_", " "), len(c.all_findings),
         "▲" if c.must_not_miss else "")
        for c in causes
    ]  # fmt: skip
    graded = [(g, GRADES[g], grades.get(g, 0)) for g in GRADES]
    flags = [(f.id, f.level, f.text, f.action) for f in knowledge.red_flags]
    return "\n\n".join([
        "# Knowledge base",
        f"{knowledge.name} {knowledge.version}: {len(knowledge.causes)} causes, "
        f"{len(knowledge.risks)} risk factors, {len(knowledge.findings)} findings, "
        f"{len(knowledge.tests)} tests, {sum(grades.values())} figures.",
        table(["cause", "group", "findings", "must not be missed"], rows),
        "## How well the figures are founded", table(["grade", "meaning", "figures"], graded),
        "## Red flags", table(["id", "level", "what", "action"], flags),
    ]) + "\n"  # fmt: skip


def coverage(knowledge: Knowledge) -> str:
    """Return each statement of the article with the places that stand for it."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, record in knowledge.variables.items():
        for s in record.article:
            places[s].append(name)
    for flag in (*knowledge.red_flags, *knowledge.actions):
        for s in flag.article:
            places[s].append(flag.id)
    for place in knowledge.figures():
        for s in place.figure.article:
            places[s].append(place.where)
    rows = []
    for s in knowledge.statements.values():
        found = list(dict.fromkeys(places[s.id]))
        more = f" and {len(found) - 4} more" if len(found) > 4 else ""
        where = ", ".join(f"`{x}`" for x in found[:4]) + more
        rows.append((s.id, "must" if s.must else "", s.text, where or "*nowhere*"))
    covered = sum(bool(places[s]) for s in knowledge.statements)
    return (
        "# Coverage of the article\n\n"
        f"{covered} of {len(knowledge.statements)} statements are carried by the network.\n\n"
        + table(["id", "", "statement", "where it lies"], rows) + "\n"
    )  # fmt: skip


def sources_page(knowledge: Knowledge) -> str:
    """Return the bibliography with an anchor for each key."""
    parts = ["# Sources"]
    for key, source in sorted(knowledge.sources.items()):
        parts.append(f"### {key} {{ #{key} }}\n\n{reference(source)}")
    return "\n\n".join(parts) + "\n"


def reference(source: Source) -> str:
    """Return one reference as a line."""
    fields = {k.lower(): " ".join(str(x).strip("{}").split()) for k, x in source.fields.items()}
    order = ("author", "title", "journal", "booktitle", "publisher", "volume", "pages", "year")
    said = [fields[k].replace("*", "\\*") for k in order if fields.get(k)]
    doi = fields.get("doi", "")
    link = f" [doi:{doi}](https://doi.org/{doi})" if doi else ""
    note = f" {fields['note']}" if fields.get("note") else ""
    return ". ".join(said) + "." + link + note


# -------------------------------------------------------------------- results


def evaluation(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the measures, a column for each set of cases."""
    names = {
        "n": "cases", "top1": "true group first", "top3": "true group among the first three",
        "mrr": "mean reciprocal rank", "mean_log_score": "mean log score", "brier": "Brier score",
        "serious_low_ranked": "serious, not in the top three by rank",
        "serious_reassured": "serious, yet reassured", "benign_false_alarm": "benign false alarms",
        "benign_urgent": "benign, with an urgent flag",
    }  # fmt: skip
    rows = [(label, *(f"{one[key]:.3g}" for one in found.values())) for key, label in names.items()]
    return table(["measure", *found], rows)


def foundation(knowledge: Knowledge) -> str:
    """Return in a sentence how many figures there are and on what they rest."""
    figures = [place.figure for place in knowledge.figures()]
    estimates = sum(f.source == "expert_estimate" for f in figures)
    counts = ", ".join(
        f"{sum(f.grade == g for f in figures)} of grade {g} ({said})" for g, said in GRADES.items()
    )
    return (
        f"Version {knowledge.version} has {len(figures):,} figures: {counts}. "
        f"{estimates:,} of them, {estimates / len(figures):.0%}, are estimates."
    )
