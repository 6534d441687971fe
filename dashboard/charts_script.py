"""Charts of knowledge: the fingerprint of an illness script."""

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
    step_for,
    wrapped,
)
from fascinet.dashboard.words import figure

SHOWN = 30
LETTERS = 38


def fingerprint(rows: Sequence[dict[str, Any]], causes: Sequence[str]) -> Chart:
    """Chart how often a cause alone shows each finding, against how often it is there anyway.

    Parameters
    ----------
    rows : sequence of dict
        finding, cause, p, leak; most frequent first. At most `SHOWN` findings are drawn.
    causes : sequence of str
        One, or two to be compared: their bars stand one above the other.
    """
    rows = [{**r, "finding": wrapped(r["finding"], LETTERS)} for r in rows]
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
        {"title": None, "orient": "top", "labelColor": INK, "labelFontSize": 13, "labelLimit": 400,
         "direction": "vertical", "offset": 4, "legendX": 0},
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
    step = step_for(order, 24 if len(kinds) == 1 else 14 * len(kinds) + 8)
    return data, config({
        "height": height(len(order), step), "encoding": {"y": names("finding", order)},
        "layer": layers,
    })  # fmt: skip
