"""Charts of how sure: ranges of figures, the curve of one, places in the ranking; see `charts`."""

from collections.abc import Iterable, Sequence

from fascinet.dashboard.chart_parts import (
    BLUE,
    GREY,
    ORANGE,
    Chart,
    Rows,
    Spec,
    axis,
    config,
    height,
    names,
    rule,
    step_for,
    text,
    wrapped,
)
from fascinet.dashboard.words import percent, way

PICK = "pick"  # the selection of a bar that was clicked
LETTERS = 38  # a figure's name is a sentence


def figure_name(name: str) -> str:
    """Return a figure's name in lines, as the tornado shows it."""
    return wrapped(name, LETTERS)


def tornado(bars: Sequence[tuple[str, float, float]], posterior: float) -> Chart:
    """Chart how far each parameter's cited range moves one posterior.

    Parameters
    ----------
    bars : sequence of (name, posterior at the low end, posterior at the high end)
        Widest first.
    posterior : float
        Where all parameters stand at their cited values.
    """
    rows: Rows = []
    bars = [(figure_name(name), low, high) for name, low, high in bars]
    for name, low, high in bars:
        for end, to in (("low end", low), ("high end", high)):
            say = f"at the {end} of its range: {way(posterior, to)}"
            rows.append({"label": name, "end": end, "from": posterior, "to": to, "say": say})
    ends = [r["to"] for r in rows] + [posterior]
    pad = 0.04 * (max(ends) - min(ends)) + 1e-4
    scale = {
        "domain": [max(0, min(ends) - pad), min(1, max(ends) + pad)],
        "zero": False,
        "nice": False,
    }
    y = names("label", [n for n, _, _ in bars])
    y["axis"] = {**y["axis"], "labelFontSize": 12}
    x: Spec = {"type": "quantitative", "scale": scale}
    colour = {
        "field": "end",
        "type": "nominal",
        "scale": {
            "domain": ["low end", "high end"],
            "range": [ORANGE, BLUE],
        },
        "legend": None,
    }
    layers: list[Spec] = [
        {
            "name": "bars",
            "mark": {"type": "bar", "height": 17, "cursor": "pointer"},
            "encoding": {
                "y": y,
                "color": colour,
                "x": {
                    **x,
                    "field": "from",
                    "axis": axis(
                        "Probability of the cause", format="~%", tickCount=4, labelBound=True
                    ),
                },
                "x2": {"field": "to"},
                "fillOpacity": {
                    "field": "end",
                    "type": "nominal",
                    "legend": None,
                    "scale": {"domain": ["low end", "high end"], "range": [0.15, 1]},
                },
                "stroke": colour,
                "tooltip": [{"field": "say", "type": "nominal", "title": "If the figure were"}],
            },
        },
        {
            "data": {"values": [{"p": posterior}]},
            "mark": rule(strokeDash=[4, 3]),
            "encoding": {"x": {**x, "field": "p"}},
        },
    ]
    step = step_for((name for name, _, _ in bars), 46)
    pick = {"name": PICK, "select": {"type": "point", "fields": ["label"]}, "views": ["bars"]}
    return rows, config({"height": height(len(bars), step), "params": [pick], "layer": layers})


def sensitivity(
    points: Sequence[tuple[float, float]],
    now: tuple[float, float],
    cited: tuple[float, float],
    flips: Iterable[float] = (),
    title: str = "Parameter",
) -> Chart:
    """Chart a sensitivity function with its cited range and where the ranking flips.

    Parameters
    ----------
    points : sequence of (parameter, posterior)
    now : (parameter, posterior)
        The cited value.
    cited : (low, high)
        The cited range, shaded.
    flips : iterable of float
        Parameter values at which another cause comes first.
    """
    rows: Rows = [{"t": t, "p": p} for t, p in points]
    x: Spec = {
        "type": "quantitative",
        "scale": {"domain": [points[0][0], points[-1][0]], "nice": False},
    }
    y: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    band = {
        "data": {"values": [{"low": cited[0], "high": cited[1]}]},
        "mark": {"type": "rect", "color": BLUE, "opacity": 0.16},
        "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
    }
    curve = {
        "mark": {"type": "line", "color": BLUE, "strokeWidth": 3},
        "encoding": {
            "x": {**x, "field": "t", "axis": axis(title, format=".2~%")},
            "y": {**y, "field": "p", "axis": axis("Probability of the cause", format="%")},
        },
    }
    spot = {
        "data": {"values": [{"t": now[0], "p": now[1]}]},
        "mark": {"type": "point", "filled": True, "size": 130, "color": BLUE, "opacity": 1},
        "encoding": {"x": {**x, "field": "t"}, "y": {**y, "field": "p"}},
    }
    turn = {
        "data": {"values": [{"t": t, "text": "ranking flips"} for t in flips]},
        "layer": [
            {"mark": rule(strokeDash=[5, 4], color=ORANGE, strokeWidth=2)},
            {
                "mark": text(align="left", dx=5, baseline="top"),
                "encoding": {"y": {"value": 4}, "text": {"field": "text"}},
            },
        ],
        "encoding": {"x": {**x, "field": "t"}},
    }
    layers = [band, curve, spot] + ([turn] if flips else [])
    return rows, config({"height": 320, "layer": layers})


def standings(rows: Sequence[tuple[str, Sequence[float]]]) -> Chart:
    """Chart the probability of each place in the ranking: a cell a place, its number in it.

    Parameters
    ----------
    rows : sequence of (cause, probabilities of place 1, 2, ...)
        Best first.
    """
    data: Rows = [
        {
            "label": wrapped(name),
            "place": f"{k + 1}.",
            "p": p,
            "text": percent(p) if p >= 0.005 else "",
        }
        for name, places in rows
        for k, p in enumerate(places)
    ]
    places = [f"{k + 1}." for k in range(max(len(p) for _, p in rows))]
    x = {
        "field": "place", "type": "ordinal", "sort": places,
        "axis": axis("Place in the ranking", orient="top", labelAngle=0, ticks=False, domain=False),
    }  # fmt: skip
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "color": BLUE, "cornerRadius": 2, "stroke": GREY,
                     "strokeWidth": 0.5},
            "encoding": {
                "fillOpacity": {
                    "field": "p", "type": "quantitative", "legend": None,
                    "scale": {"domain": [0, 1], "range": [0, 0.55]},
                }
            },
        },
        {"mark": text(), "encoding": {"text": {"field": "text"}}},
    ]  # fmt: skip
    y = names("label", [wrapped(name) for name, _ in rows])
    return data, config({
        "height": height(len(rows), step_for((r["label"] for r in data), 34)),
        "encoding": {"x": x, "y": y}, "layer": layers,
    })  # fmt: skip
