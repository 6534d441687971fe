"""Records that are no tables of rows, as small HTML: a policy, an evaluation, an assignment."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from fascinet.model.svg import percent

if TYPE_CHECKING:
    from fascinet.engine.analyses.policy import Policy
    from fascinet.engine.approximate import Approximation
    from fascinet.engine.evaluate import Evaluation
    from fascinet.engine.mpe import Explanation

SHOWN = 40
MEASURES = {
    "n": "cases", "top1": "true group first", "top3": "among the first three",
    "mrr": "mean reciprocal rank", "mean_log_score": "mean log score", "brier": "Brier score",
    "serious_missed": "serious cases missed", "benign_false_alarm": "benign false alarms",
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


def assignment_html(found: "Explanation") -> str:
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
