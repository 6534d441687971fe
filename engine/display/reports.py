"""Reports as small HTML: rows of any of them, a policy, an evaluation, an assignment."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isnan
from typing import TYPE_CHECKING, Any, cast

from fascinet.model.svg import percent

if TYPE_CHECKING:
    import pandas as pd

    from fascinet.engine.analyses.policy import Policy
    from fascinet.engine.clinic.evaluate import Evaluation
    from fascinet.engine.search.approximate import Approximation
    from fascinet.engine.search.mpe import Assignment

SHOWN, ROWS = 40, 20
PAD = "padding:.1em .6em"
MEASURES = {
    "n": "cases", "top1": "true group first", "top3": "among the first three",
    "mrr": "mean reciprocal rank", "mean_log_score": "mean log score", "brier": "Brier score",
    "serious_low_ranked": "serious, not in the top three by rank",
    "serious_reassured": "serious, yet reassured", "benign_false_alarm": "benign false alarms",
    "benign_urgent": "benign, with an urgent flag",
}  # fmt: skip


def table_html(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table under its title; everything is escaped, at most 40 rows are shown."""
    listed = list(rows)
    top = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(x)}</td>" for x in row) + "</tr>" for row in listed[:SHOWN]
    )
    more = f"<p>… and {len(listed) - SHOWN} more</p>" if len(listed) > SHOWN else ""
    shown = f"<table><tr>{top}</tr>{body}</table>{more}"
    return f"<div><p><strong>{escape(title)}</strong></p>{shown}</div>"


def rows_html(title: str, frame: "pd.DataFrame") -> str:
    """Return the first rows of a frame, numbers to four digits; wide ones scroll."""
    numbers = [frame[c].dtype.kind in "if" for c in frame.columns]
    align = ["right" if n else "left" for n in numbers]
    top = "".join(
        f'<th style="text-align:{a};{PAD}">{escape(str(c))}</th>'
        for c, a in zip(frame.columns, align, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{a};{PAD}">{escape(word(x))}</td>'
            for x, a in zip(row, align, strict=True)
        )
        + "</tr>"
        for row in frame.head(ROWS).itertuples(index=False)
    )
    more = f"<p>… {len(frame) - ROWS} more rows</p>" if len(frame) > ROWS else ""
    table = f'<table class="dataframe"><tr>{top}</tr>{body}</table>'
    return (
        f"<div><p>{escape(title)}</p>"
        f'<div style="overflow:auto;max-width:100%">{table}</div>{more}</div>'
    )


def word(x: Any) -> str:
    """Return one cell: numbers to four digits, NaN as a dash, given states in a line."""
    if isinstance(x, Mapping):
        return ", ".join(f"{k} = {v}" for k, v in cast("Mapping[Any, Any]", x).items())
    if isinstance(x, float):
        return "–" if isnan(x) else f"{x:.4g}"
    return str(x)


def policy_html(policy: "Policy") -> str:
    """Return the tree of tests as nested lists, each outcome with its probability."""
    return f"<div>{_step(policy)}</div>"


def _step(policy: "Policy") -> str:
    if policy.test is None:
        return "stop"
    items = "".join(
        f"<li>{escape(outcome)} ({percent(p)}): {_step(after)}</li>"
        for outcome, (p, after) in policy.then.items()
    )
    return f"<strong>{escape(policy.test)}</strong> ({policy.bits:.3g} bits)<ul>{items}</ul>"


def evaluation_html(found: "Evaluation") -> str:
    """Return the measures over all cases."""
    values: Mapping[str, float] = vars(found)
    rows = [(label, f"{values[key]:.3g}") for key, label in MEASURES.items()]
    return table_html("Evaluation", ("measure", "value"), rows)


def assignment_html(found: "Assignment") -> str:
    """Return the most probable states with their joint probability."""
    title = f"Most probable explanation, P = {found.probability:.3g}"
    return table_html(title, ("variable", "state"), list(found.assignment.items()))


def approximation_html(found: "Approximation") -> str:
    """Return the estimates with their standard errors."""
    rows = [
        (v if k == 0 else "", str(k), f"{p:.4f}", f"± {e:.4f}")
        for v, values in found.posteriors.items()
        for k, (p, e) in enumerate(zip(values.tolist(), found.errors[v].tolist(), strict=True))
    ]
    title = f"Estimate from {found.effective_samples:,.0f} effective draws"
    return table_html(title, ("variable", "state", "posterior", "error"), rows)
