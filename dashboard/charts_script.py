"""Charts of knowledge: the fingerprint of an illness script, and a forest of pooled studies."""

from collections.abc import Sequence
from typing import Any

from fascinet.dashboard.chart_parts import (
    BLUE,
    INK,
    ORANGE,
    Chart,
    Rows,
    Spec,
    axis,
    config,
    height,
    names,
    text,
)
from fascinet.dashboard.words import figure, number

SHOWN = 30


def fingerprint(rows: Sequence[dict[str, Any]], causes: Sequence[str]) -> Chart:
    """Chart how often a cause alone shows each finding, against how often it is there anyway.

    Parameters
    ----------
    rows : sequence of dict
        finding, cause, p, leak; most frequent first. At most `SHOWN` findings are drawn.
    causes : sequence of str
        One, or two to be compared: their bars stand one above the other.
    """
    order = list(dict.fromkeys(r["finding"] for r in rows))[:SHOWN]
    data: Rows = [{**r, "say": f"{figure(r['p'])}, otherwise {figure(r['leak'])}"}
                  for r in rows if r["finding"] in order]  # fmt: skip
    kinds = list(dict.fromkeys(r["cause"] for r in data))
    palette = [BLUE, ORANGE] if len(kinds) == 2 else [BLUE, ORANGE, "#7a5195", "#2f9e77", "#8a949e"]
    x: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    lane = {"field": "cause", "type": "nominal", "sort": kinds}
    colour = {
        "field": "cause", "type": "nominal",
        "scale": {"domain": kinds, "range": palette[: len(kinds)]},
        "legend": None if len(kinds) == 1 else
        {"title": None, "orient": "top", "labelColor": INK, "labelFontSize": 13, "labelLimit": 400},
    }  # fmt: skip
    layers: list[Spec] = [
        {
            "mark": {"type": "bar"},
            "encoding": {
                "x": {**x, "field": "p", "axis": axis("How often", format="%")},
                "yOffset": lane, "color": colour,
                "tooltip": [{"field": f, "type": "nominal"} for f in ("finding", "cause", "say")],
            },
        },
        {
            "mark": {"type": "tick", "color": INK, "thickness": 2.5, "size": 18},
            "encoding": {"x": {**x, "field": "leak"}},
        },
    ]  # fmt: skip
    step = 24 if len(kinds) == 1 else 14 * len(kinds) + 8
    return data, config({
        "height": height(len(order), step), "encoding": {"y": names("finding", order)},
        "layer": layers,
    })  # fmt: skip


def forest(studies: Sequence[tuple[str, int, int]], pooled: tuple[float, float, float]) -> Chart:
    """Chart the studies behind one figure and what they give together.

    Parameters
    ----------
    studies : sequence of (name, events, n)
        Their 95% intervals are Wilson's.
    pooled : (p, low, high)
    """
    rows: Rows = []
    for name, events, n in studies:
        p, low, high = wilson(events, n)
        rows.append({"label": f"{name} ({events:,} of {n:,})", "p": p, "low": low, "high": high,
                     "kind": "study", "weight": n, "say": _span(p, low, high)})  # fmt: skip
    p, low, high = pooled
    rows.append({"label": "Together", "p": p, "low": low, "high": high, "kind": "pooled",
                 "weight": max(r["weight"] for r in rows), "say": _span(p, low, high)})  # fmt: skip
    x: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    shape = {"field": "kind", "type": "nominal", "legend": None,
             "scale": {"domain": ["study", "pooled"], "range": ["square", "diamond"]}}  # fmt: skip
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1.6},
            "encoding": {"x": {**x, "field": "low", "axis": axis("Frequency", format="%")},
                         "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "color": BLUE, "opacity": 1},
            "encoding": {
                "x": {**x, "field": "p"}, "shape": shape,
                "size": {"field": "weight", "type": "quantitative", "legend": None,
                         "scale": {"range": [60, 260]}},
            },
        },
        {"mark": text(align="left", dx=8), "encoding": {"x": {**x, "field": "high"},
                                                         "text": {"field": "say"}}},
    ]  # fmt: skip
    y = names("label", [r["label"] for r in rows])
    return rows, config({"height": height(len(rows), 30), "encoding": {"y": y}, "layer": layers})


def _span(p: float, low: float, high: float) -> str:
    return f"{number(100 * p)}% ({number(100 * low)} to {number(100 * high)})"


def wilson(events: int, n: int, z: float = 1.959964) -> tuple[float, float, float]:
    """Return a share with Wilson's 95% interval (JASA 1927;22:209)."""
    p = events / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return p, max(0.0, middle - half), min(1.0, middle + half)
