"""The report of a case: one self-contained HTML page, and the same as PDF."""

from dataclasses import dataclass
from functools import partial
from html import escape

from fascinet.dashboard import charts, service
from fascinet.dashboard.chart_parts import to_svg
from fascinet.dashboard.figures import reference
from fascinet.dashboard.reasons import describe, in_words, reasons
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import label, likelihood_words, percent, span_words, state_name

SHOWN = 10
LIMITS = (
    "For teaching only; not for the care of a patient.",
    "Findings are taken as independent given causes and mechanisms; where they are not, "
    "probabilities near 0 or 1 are overconfident, and are shown as below 0.1% or above 99%.",
    "Many figures are expert estimates; the base rate of ALS among people who come with twitching "
    "is known within a factor of ten at best.",
)


@dataclass(frozen=True)
class Report:
    """The content of a report, the same for both formats.

    Attributes
    ----------
    title, model : str
    present, absent, uncertain, missing : tuple of str
        Findings, findings known to be absent, soft evidence, and what was not asked.
    flags : tuple of str
    rows : tuple of (cause, before, now, interval, accounts for)
    reasons : tuple of str
        Why the first of the ranking stands there.
    sources : tuple of str
    """

    title: str
    model: str
    context: str
    present: tuple[str, ...]
    absent: tuple[str, ...]
    uncertain: tuple[str, ...]
    missing: tuple[str, ...]
    flags: tuple[str, ...]
    rows: tuple[tuple[str, str, str, str, str], ...]
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    chart: charts.Chart


def compose(case: Case) -> Report:
    """Return the report of a case."""
    known = service.resources()
    answer = service.whole(case)
    shown = answer.differential[:SHOWN]
    first = next((e.cause for e in service.ranked(case)), None)
    entered = [(v, s) for v, s in case.evidence.items() if v in known.catalogue.by_id]
    bars = [
        {"label": e.label, "prior": e.prior, "posterior": e.posterior, "low": e.interval[0],
         "high": e.interval[1], "responsibility": e.responsibility}
        for e in shown
    ]  # fmt: skip
    asked = {t.finding for t in answer.next_tests[:SHOWN]}
    model = answer.model
    return Report(
        title="Differential of muscle twitching",
        model=f"{model['name']} {model['version']}, network {model['hash']}",
        context=", ".join(
            state_name(known.network, v, s) for v, s in service.ground_and_findings(case)[0].items()
            if v != "twitching"
        ),
        present=tuple(describe(v, s) for v, s in entered if s != known.resting[v]),
        absent=tuple(describe(v, s) for v, s in entered if s == known.resting[v]),
        uncertain=tuple(
            f"{label(known.network, v)}: "
            f"{likelihood_words(like, partial(state_name, known.network, v))}"
            for v, like in case.soft_evidence.items()
        ),
        missing=tuple(known.catalogue.by_id[v].label for v in asked if v in known.catalogue.by_id),
        flags=tuple(f"{f.level.capitalize()}: {f.text} ({f.id})" for f in answer.red_flags),
        rows=tuple(
            (e.label, percent(e.prior), percent(e.posterior),
             span_words(*e.interval), percent(e.responsibility))
            for e in shown
        ),
        reasons=tuple(in_words(reasons(case, first), clinician=True)) if first else (),
        sources=_sources(case),
        chart=charts.differential(bars),
    )  # fmt: skip


def _sources(case: Case) -> tuple[str, ...]:
    """Return the references behind the figures of the findings entered."""
    known = service.resources()
    keys: dict[str, None] = {}
    for cause in known.knowledge.causes.values():
        for state in cause.states[1:]:
            for finding, link in cause.links(state).items():
                if finding in case.evidence:
                    keys |= {f.source: None for f in link.values()}
    cited = [reference(known.knowledge, k) for k in sorted(keys) if k in known.knowledge.sources]
    return tuple(f"{c.text}. {c.url}".strip() for c in cited)


def html_of(case: Case) -> str:
    """Return the report of a case as HTML."""
    return to_html(compose(case))


STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #14202b; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 1.6rem; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: 0.3rem 0.5rem; border-bottom: 1px solid #c9d3db; text-align: left; }
td.num, th.num { text-align: right; overflow-wrap: normal; }
th[scope] { overflow-wrap: normal; }
.flag { border-left: 5px solid #c2410c; background: #fdeee6; padding: 0.4rem 0.8rem; }
.small { font-size: 0.85rem; } svg { max-width: 100%; height: auto; }
"""


def to_html(report: Report) -> str:
    """Return the report as one HTML file that needs nothing else."""
    rows = "".join(
        "<tr>" + "".join(_cell(i, text) for i, text in enumerate(row)) + "</tr>"
        for row in report.rows
    )
    heads = ("Cause", "Before", "Now", "95% interval", "Accounts for")
    head = "".join(f"<th class='{'num' if i else ''}'>{h}</th>" for i, h in enumerate(heads))
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(report.title)}</h1>"
        f"<p><b>{escape(LIMITS[0])}</b> {escape(report.context)}.</p>"
        f"{''.join(f'<p class=flag>{escape(f)}</p>' for f in report.flags)}"
        f"{_list('Present', report.present)}{_list('Absent', report.absent)}"
        f"{_list('Uncertain', report.uncertain)}"
        f"{_list('Not asked, and worth asking', report.missing)}"
        f"<h2>Differential</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"{to_svg(report.chart)}"
        f"{_list('Why the first stands there', report.reasons)}"
        f"{_list('Limits', LIMITS)}{_list('Sources', report.sources)}"
        f"<p class='small'>{escape(report.model)}</p></body></html>"
    )


def _cell(i: int, text: str) -> str:
    if i == 0:
        return f"<th scope='row'>{escape(text)}</th>"
    return f"<td class='num'>{escape(text)}</td>"


def _list(title: str, items: tuple[str, ...]) -> str:
    if not items:
        return ""
    lines = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<h2>{escape(title)}</h2><ul>{lines}</ul>"
