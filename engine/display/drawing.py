"""Inference as a picture, and results as small HTML that suits light and dark pages.

The drawing follows the manner of showing an inference in the graph itself: each variable with its
posterior as bars, findings in another colour, arcs as wide as the mutual information between their
ends under the evidence, I(U; V | e) in bits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.model.gates import Array
from fascinet.model.layout import layers
from fascinet.model.lazy import Lazy
from fascinet.model.plural import counted
from fascinet.model.svg import ACCENT, Drawing, percent

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine
    from fascinet.engine.api.posterior import Posterior
    from fascinet.engine.clinic.differential import Differential

charts_room = Lazy("fascinet.engine.display.charts")

Arc = tuple[str, str]
TRACK = "background:rgba(128,128,128,.25);height:.7em;width:9em;position:relative"
SHOWN = 12
MUST = " ▲"


@dataclass(frozen=True)
class InferenceDrawing:
    """A drawing of posteriors in their network.

    Attributes
    ----------
    drawing : Drawing
    information : mapping of (parent, child) to float
        I(parent; child | evidence) in bits; 0 where an end is observed.
    """

    drawing: Drawing
    information: Mapping[Arc, float]

    def svg(self) -> str:
        """Return the drawing as one SVG element."""
        return self.drawing.svg()

    def _repr_html_(self) -> str:
        return self.drawing._repr_html_()  # pyright: ignore[reportPrivateUsage]  (Jupyter's protocol)

    def save(self, path: str) -> None:
        """Write the drawing as .svg, .png or .html."""
        charts_room.save_svg(self.svg(), path)


def draw(
    engine: "Engine",
    evidence: Mapping[str, str] | None = None,
    *,
    soft: Mapping[str, Any] | None = None,
    do: Mapping[str, str] | None = None,
    variables: Iterable[str] | None = None,
) -> InferenceDrawing:
    """Return the posteriors drawn in the network, or in part of it.

    Parameters
    ----------
    engine : Engine
    evidence, soft, do
        As for `Engine.posterior`.
    variables : iterable of str, optional
        Only these; a drawing of more than about 60 is hard to read.
    """
    network = engine.network.do(do) if do else engine.network
    posterior = engine.posterior(evidence, soft=soft, do=do)
    shown = layers(network, variables)
    drawn = [v for row in shown.rows for v in row]
    bits = information(engine, shown.arcs, evidence or {}, soft or {}, do or {})
    most = max(bits.values(), default=0.0) or 1.0
    drawing = Drawing(
        network,
        shown,
        {v: posterior.array(v) for v in drawn},
        {**(evidence or {}), **(do or {})},
        {arc: b / most for arc, b in bits.items()},
    )
    return InferenceDrawing(drawing, bits)


def information(
    engine: "Engine",
    arcs: Iterable[Arc],
    evidence: Mapping[str, str],
    soft: Mapping[str, Any],
    do: Mapping[str, str],
) -> dict[Arc, float]:
    """Return I(U; V | evidence) in bits for each arc, Σ P(u, v) log₂ P(v | u) / P(v)."""
    children: dict[str, list[str]] = {}
    for u, v in arcs:
        children.setdefault(u, []).append(v)
    prior = engine.posterior(evidence, soft=soft, do=do)
    found: dict[Arc, float] = {}
    for u, targets in children.items():
        weights = prior.array(u)
        given: dict[str, list[Array]] = {v: [] for v in targets}
        for state, p in zip(engine.network.states(u), weights, strict=True):
            if p > 0.0 and p < 1.0 and u not in soft:
                answer = engine.posterior({**evidence, u: state}, soft=soft, do=do)
                for v in targets:
                    given[v].append(answer.array(v))
        kept = weights[weights > 0.0]
        for v in targets:
            rows = np.array(given[v])
            found[u, v] = mutual_information(kept, rows) if len(rows) else 0.0
    return found


def mutual_information(weights: Array, rows: Array) -> float:
    """Return Σ_u P(u) Σ_v P(v | u) log₂ (P(v | u) / P(v)), in bits, at least 0."""
    mean = weights @ rows
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(rows > 0.0, rows * np.log2(rows / mean), 0.0)
    return max(float(weights @ terms.sum(axis=1)), 0.0)


# -------------------------------------------------------------------- tables of bars


def bar_cell(p: float, low: float | None = None, high: float | None = None) -> str:
    """Return one bar with its interval as a thin line across it."""
    line = ""
    if low is not None and high is not None:
        line = (
            f'<div style="position:absolute;left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%;'
            'top:.3em;height:.12em;background:currentColor"></div>'
        )
    return (
        f'<td><div style="{TRACK}"><div style="width:{100 * p:.1f}%;height:100%;'
        f'background:{ACCENT}"></div>{line}</div></td>'
    )


def posterior_html(posterior: "Posterior") -> str:
    """Return the variables that the evidence moved most, as bars with prior and posterior."""
    prior = posterior.prior
    moved = sorted(
        (v for v in posterior if v not in posterior.evidence),
        key=lambda v: -float(np.abs(posterior.array(v) - prior.array(v)).max()),
    )
    rows = [
        f"<tr><td>{escape(v if k == 0 else '')}</td><td>{escape(state)}</td>"
        f"{bar_cell(p)}<td>{percent(p)}</td><td>{percent(prior[v][state])}</td></tr>"
        for v in moved[:SHOWN]
        for k, (state, p) in enumerate(posterior[v].items())
    ]
    given = ", ".join(f"{escape(v)} = {escape(s)}" for v, s in posterior.evidence.items())
    more = f"<p>… and {len(moved) - SHOWN} more variables</p>" if len(moved) > SHOWN else ""
    return (
        f"<div><p><strong>Posterior</strong> given {given or 'nothing'}; "
        f"ln P(e) = {posterior.log_prob_evidence:.4g}</p>"
        "<table><tr><th>variable</th><th>state</th><th></th><th>posterior</th><th>prior</th></tr>"
        f"{''.join(rows)}</table>{more}</div>"
    )


def differential_html(found: "Differential") -> str:
    """Return the ranked causes as bars with intervals, red flags above them."""
    flags = "".join(
        f"<p><strong>{escape(flag.level)}</strong>: {escape(flag.text)}</p>"
        for flag in found.red_flags
    )
    rows = [
        f"<tr><td>{escape(entry.label or entry.cause)}{MUST if entry.must_not_miss else ''}</td>"
        f"{bar_cell(entry.posterior, *entry.interval)}<td>{percent(entry.posterior)}</td>"
        f"{bar_cell(entry.responsibility)}<td>{percent(entry.responsibility)}</td>"
        f"<td>{entry.weight_of_evidence_db:+.1f} dB</td></tr>"
        for entry in found.differential[:SHOWN]
    ]
    number = counted(len(found.hard), "finding")
    return (
        f"<div><p><strong>Differential</strong> by {escape(found.rank)}, "
        f"{escape(found.setting)}, {number}; ▲ must not be missed</p>{flags}"
        "<table><tr><th>cause</th><th colspan=2>present</th><th colspan=2>responsible</th>"
        f"<th>weight</th></tr>{''.join(rows)}</table></div>"
    )
