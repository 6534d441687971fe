"""Charts as pure functions: rows and a Vega-Lite specification without data, nothing drawn here.

Every function returns `(rows, spec)`; `st.vega_lite_chart(rows, spec)` draws it, `to_svg` renders
it offline for reports. Blue is for, orange against: told apart in all common colour blindness,
and always doubled by position or sign. Text and rules take the page's own colour.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fascinet.dashboard.chart_parts import (
    BLUE,
    GREY,
    INK,
    LR_TICKS,
    ORANGE,
    PERCENT_TICKS,
    ROOM,
    Chart,
    Rows,
    Spec,
    axis,
    config,
    height,
    logit,
    names,
    rule,
    step_for,
    text,
    wrapped,
)
from fascinet.dashboard.words import NOTHING, number, percent, times


def differential(entries: Iterable[Mapping[str, Any]]) -> Chart:
    """Chart posterior bars with prior tick, interval and responsibility.

    Parameters
    ----------
    entries : iterable of mapping
        label, prior, posterior, low, high, responsibility; best first.
    """
    rows: Rows = [
        {**e, "label": wrapped(e["label"]), "text": percent(e["posterior"])} for e in entries
    ]
    y = names("label", [r["label"] for r in rows])
    x: Spec = {"type": "quantitative", "scale": {"domain": [0, 1.12]}}
    ticks = axis("Probability", format="%", values=[0, 0.25, 0.5, 0.75, 1])
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "color": BLUE, "opacity": 0.45, "height": 18},
            "encoding": {"x": {**x, "field": "posterior", "axis": ticks}},
        },
        {
            "mark": {"type": "bar", "color": BLUE, "height": 8},
            "encoding": {"x": {**x, "field": "responsibility"}},
        },
        {
            "mark": rule(strokeWidth=1.6),
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {
                "type": "tick",
                "color": INK,
                "thickness": 2.5,
                "size": 24,
                "strokeDash": [2, 2],
            },
            "encoding": {"x": {**x, "field": "prior"}},
        },
        {
            "mark": text(align="right", fontWeight="bold"),
            "encoding": {"x": {**x, "datum": 1.12}, "text": {"field": "text"}},
        },
    ]
    return rows, config({"height": height(len(rows)), "encoding": {"y": y}, "layer": layers})


# ------------------------------------------------------------------------------- why


LEAST_SPAN = 30.0  # decibans that the waterfall shows at least, so that a weak finding looks weak


def waterfall(prior: float, steps: Sequence[tuple[str, float]], posterior: float) -> Chart:
    """Chart how age, sex and each finding move the odds of one cause from before to now.

    Parameters
    ----------
    prior, posterior : float
        Probabilities of the cause.
    steps : sequence of (finding, weight of evidence in decibans)
        In the order drawn; they sum to the change of 10 log10 odds.
    """
    start, end = 10 * logit(prior), 10 * logit(posterior)
    path = [start, *(start + sum(db for _, db in steps[: i + 1]) for i in range(len(steps))), end]
    half = 0.006 * max(LEAST_SPAN, max(path) - min(path))
    rows: Rows = [_pillar("Before", start, half, percent(prior))]
    for (name, db), at in zip(steps, path, strict=False):
        mark = "▲" if db > 0 else "▼"
        ratio = times(10 ** (db / 10))
        text = ratio if ratio == NOTHING else f"{mark} {ratio}"
        kind = "for" if db > 0 else "against"
        rows.append({"label": wrapped(name), "from": at, "to": at + db, "kind": kind, "text": text,
                     "edge": max(at, at + db)})  # fmt: skip
    rows.append(_pillar("Now", end, half, percent(posterior)))
    return rows, _waterfall_spec(rows)


def decibans(db: float) -> str:
    """Return a weight of evidence with its sign."""
    return "0.0 dB" if abs(db) < 0.05 else f"{db:+.1f} dB".replace("-", "−")


def _pillar(name: str, value: float, half: float, text: str) -> dict[str, Any]:
    return {
        "label": name,
        "from": value - half,
        "to": value + half,
        "kind": "odds",
        "text": text,
        "edge": value + half,
    }


def _waterfall_spec(rows: Rows) -> Spec:
    ends = [v for r in rows for v in (r["from"], r["to"])]
    low, high = min(ends), max(ends)
    room = max(0.0, LEAST_SPAN - (high - low)) / 2
    start = low - room - 0.015 * max(LEAST_SPAN, high - low)
    far = f"{start} + {high - start} / (1 - {ROOM[76]})"  # where the text of the last bar ends
    scale = {"domainMin": start, "domainMax": {"expr": f"max({high + room}, {far})"},
             "nice": False, "zero": False}  # fmt: skip
    y = names("label", [r["label"] for r in rows])
    x = {
        "field": "from",
        "type": "quantitative",
        "scale": scale,
        "axis": axis("Odds of the cause, 10 log₁₀ (dB)", tickCount=5),
    }
    colour = {
        "field": "kind",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["for", "against", "odds"], "range": [BLUE, ORANGE, GREY]},
    }
    layers = [
        {
            "mark": {"type": "bar", "height": 17},
            "encoding": {"x": x, "x2": {"field": "to"}, "color": colour},
        },
        {
            "mark": text(align="left", dx=6),
            "encoding": {
                "x": {"field": "edge", "type": "quantitative", "scale": scale},
                "text": {"field": "text"},
            },
        },
    ]
    return config(
        {
            "height": height(len(rows), step_for((r["label"] for r in rows), 28)),
            "encoding": {"y": y},
            "layer": layers,
        }
    )


def fagan(pre: float, ratio: float, post: float) -> Chart:
    """Chart Fagan's nomogram (NEJM 1975;293:257): the three points lie on one straight line.

    Parameters
    ----------
    pre, post : float
        Probability before and after.
    ratio : float
        Likelihood ratio, post odds / pre odds.
    """
    rows: Rows = [_tick(0, -logit(p), number(100 * p), "right") for p in PERCENT_TICKS]
    rows += [
        _tick(1, math.log10(r) / 2, "" if "2" in number(r) else number(r), "right")
        for r in LR_TICKS
    ]
    rows += [_tick(2, logit(p), number(100 * p), "left") for p in PERCENT_TICKS]
    spots = [(0, -logit(pre)), (1, math.log10(max(ratio, 1e-9)) / 2), (2, logit(post))]
    rows += [{"x": x, "y": y, "part": "line", "text": ""} for x, y in spots]
    reach = max(FAGAN_REACH, *(abs(y) + 0.15 for _, y in spots))
    return rows, _fagan_spec(reach)


def _tick(x: int, y: float, text: str, side: str) -> dict[str, Any]:
    return {"x": x, "y": y, "part": f"tick-{side}", "text": text}


FAGAN_REACH = 3.2  # half the height of the nomogram in log10 odds; rarer causes stretch it


def _fagan_spec(reach: float) -> Spec:
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [-0.35, 2.35], "nice": False},
        "axis": None,
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "scale": {"domain": [-reach, reach], "nice": False},
        "axis": None,
    }
    labels: list[Spec] = [
        {
            "transform": [{"filter": f"datum.part == 'tick-{side}'"}],
            "mark": text(align=side, dx=dx, fontSize=12),
            "encoding": {"text": {"field": "text"}},
        }
        for side, dx in (("right", -9), ("left", 9))
    ]
    ticks: list[Spec] = [
        {
            "transform": [{"filter": "datum.part != 'line'"}],
            "mark": {"type": "point", "shape": "stroke", "size": 60, "color": INK},
        },
        {
            "transform": [{"filter": "datum.part == 'line'"}],
            "mark": {
                "type": "line",
                "color": ORANGE,
                "strokeWidth": 2.5,
                "point": {"size": 90, "color": ORANGE, "filled": True},
            },
        },
    ]
    heads: list[Spec] = [
        {
            "data": {"values": [{"x": i, "y": reach, "text": t}]},
            "mark": text(fontWeight="bold", dy=-16),
            "encoding": {"text": {"field": "text"}},
        }
        for i, t in enumerate(["Before, %", "Likelihood ratio", "After, %"])
    ]
    axes: list[Spec] = [
        {
            "data": {"values": [{"x": i, "y": 0.1 - reach, "to": reach - 0.1}]},
            "mark": rule(opacity=0.6),
            "encoding": {"y2": {"field": "to"}},
        }
        for i in range(3)
    ]
    return config(
        {
            "height": 520,
            "padding": {"top": 26, "left": 5, "right": 5, "bottom": 5},
            "encoding": {"x": x, "y": y},
            "layer": [*axes, *ticks, *labels, *heads],
        }
    )


def people(share: float, total: int = 1000, columns: int = 40) -> Chart:
    """Chart `total` people as dots, the first of them filled: natural frequencies.

    Parameters
    ----------
    share : float
        Probability; round(share · total) dots are filled.
    """
    filled = round(share * total)
    rows: Rows = [
        {"x": i % columns, "y": i // columns, "kind": "with" if i < filled else "without"}
        for i in range(total)
    ]
    colour = {
        "field": "kind",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["with", "without"], "range": [ORANGE, GREY]},
    }
    opacity = {
        "field": "kind",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["with", "without"], "range": [1, 0.32]},
    }
    spec: Spec = {
        "height": 12 * math.ceil(total / columns),
        "mark": {"type": "point", "filled": True, "size": 55},
        "encoding": {
            "x": {
                "field": "x",
                "type": "quantitative",
                "axis": None,
                "scale": {"domain": [-0.6, columns - 0.4]},
            },
            "y": {
                "field": "y",
                "type": "quantitative",
                "axis": None,
                "scale": {"reverse": True, "domain": [-0.6, math.ceil(total / columns) - 0.4]},
            },
            "color": colour,
            "opacity": opacity,
        },
    }
    return rows, config(spec)
