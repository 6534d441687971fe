"""Pooled figures as a forest plot: each study with its interval, and what the network uses."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

from fascinet.dashboard.chart_parts import (
    BLUE,
    GREY,
    INK,
    Chart,
    Rows,
    Spec,
    axis,
    config,
    height,
    rule,
    text,
)
from fascinet.dashboard.figures import brief
from fascinet.dashboard.service import Resources
from fascinet.dashboard.words import figure as share
from fascinet.dashboard.words import label, state_name
from fascinet.model.schema import Figure, Study

Z = 1.959964  # of a 95% interval
LEAST = 2  # studies that make a pool
SEVERAL = 1e-6  # by which a used figure differs from the pooled one


def forest_rows(known: Resources, cause: str) -> Rows:
    """Return the rows of a cause's forest plot; none where no figure rests on several studies.

    Returns
    -------
    list of dict
        kind ("head", "study", "pooled" or "used"), label, p, low, high, n, text; the label starts
        with its place, which the axis leaves out.
    """
    rows: Rows = []
    for name, figure in _pooled_figures(known, cause):
        rows.append({"kind": "head", "label": name})
        rows += [_study(known, study) for study in figure.studies]
        middle, low, high = figure.pooled or (figure.p, figure.low, figure.high)
        rows.append(_row("pooled", "Pooled", middle, low, high))
        if max(abs(figure.p - middle), abs(figure.low - low), abs(figure.high - high)) > SEVERAL:
            rows.append(_row("used", "Used, see its note", figure.p, figure.low, figure.high))
    return [{**row, "label": f"{i}|{row['label']}|{row['kind']}"} for i, row in enumerate(rows)]


def _pooled_figures(known: Resources, cause: str) -> Iterator[tuple[str, Figure]]:
    record, network = known.knowledge.causes[cause], known.network
    seen: set[str] = set()
    for own in record.states[1:]:
        for variable, link in record.links(own).items():
            for state, figure in link.items():
                name = f"{label(network, variable)}: {state_name(network, variable, state)}"
                if len(figure.studies) >= LEAST and name not in seen:
                    seen.add(name)
                    yield name, figure


def _study(known: Resources, study: Study) -> dict[str, Any]:
    p, low, high = wilson(min(study.events, study.n), study.n)
    name = f"{brief(known.knowledge, study.source)}, {study.events:,} of {study.n:,}"
    return {**_row("study", name, p, low, high), "n": study.n}


def _row(kind: str, name: str, p: float, low: float, high: float) -> dict[str, Any]:
    words = f"{share(round(p, 3))} ({share(round(low, 3))} to {share(round(high, 3))})"
    return {"kind": kind, "label": name, "p": p, "low": low, "high": high, "n": 0, "text": words}


def wilson(events: int, n: int) -> tuple[float, float, float]:
    """Return a share with its 95% interval (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    p = events / n
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return p, max(0.0, middle - half), min(1.0, middle + half)


def forest(rows: Rows) -> Chart:
    """Chart studies as squares as large as their sample, pooled figures as diamonds."""
    x: Spec = {"type": "quantitative", "scale": {"domain": [0, 1.45]}}
    ticks = axis("Share with the finding", format="%", values=[0, 0.25, 0.5, 0.75, 1])
    heads = {
        "test": "split(datum.label, '|')[2] != 'study' && split(datum.label, '|')[2] != 'used'",
        "value": 700,
    }
    y = {
        "field": "label", "type": "nominal", "sort": [r["label"] for r in rows],
        "axis": {**axis(ticks=False, domain=False), "labelExpr": "split(datum.label, '|')[1]",
                 "labelFontWeight": {"condition": heads, "value": 400}},
    }  # fmt: skip
    kinds = ["study", "pooled", "used"]
    one: Spec = {"field": "kind", "type": "nominal", "legend": None}
    colour = {**one, "scale": {"domain": kinds, "range": [GREY, BLUE, INK]}}
    shape = {**one, "scale": {"domain": kinds, "range": ["square", "diamond", "diamond"]}}
    size = {
        "condition": {
            "test": "datum.kind == 'study'", "field": "n", "type": "quantitative", "legend": None,
            "scale": {"type": "sqrt", "domain": [0, 5000], "range": [30, 260], "clamp": True},
        },
        "value": 220,
    }  # fmt: skip
    measured = {"filter": "datum.kind != 'head'"}
    layers: list[Spec] = [
        {"mark": rule(opacity=0), "encoding": {"x": {**x, "datum": 0, "axis": ticks}}},
        {"transform": [measured], "mark": rule(strokeWidth=1.6),
         "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}}},
        {"transform": [measured], "mark": {"type": "point", "filled": True, "opacity": 1},
         "encoding": {"x": {**x, "field": "p"}, "color": colour, "shape": shape, "size": size}},
        {"transform": [measured], "mark": text(align="left"),
         "encoding": {"x": {**x, "datum": 1.04}, "text": {"field": "text"}}},
    ]  # fmt: skip
    spec = {"height": height(len(rows), 24), "encoding": {"y": y}, "layer": layers}
    return rows, config(spec)
