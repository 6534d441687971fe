"""Charts of change: scenarios, ranges of parameters, results of a test; see `charts`."""

from collections.abc import Sequence

from fascinet.dashboard.chart_parts import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    ROOM,
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
from fascinet.dashboard.words import NOTHING, change, percent


def direction(before: float, after: float) -> str:
    """Return "up", "down" or "same": noise has no direction."""
    if change(before, after) == NOTHING:
        return "same"
    return "up" if after > before else "down"


def marked(before: float, after: float) -> str:
    """Return a change with an arrow, which a print without colour keeps."""
    mark = {"up": "▲ ", "down": "▼ ", "same": ""}[direction(before, after)]
    return mark + change(before, after)


def difference(pairs: Sequence[tuple[str, float, float]], first: str, second: str) -> Chart:
    """Chart two scenarios side by side: a dumbbell a cause, from `first` to `second`."""
    rows: Rows = [
        {
            "label": wrapped(n),
            "a": a,
            "b": b,
            "kind": direction(a, b),
            "text": marked(a, b),
            "edge": max(a, b),
        }
        for n, a, b in pairs
    ]
    y = names("label", [r["label"] for r in rows])
    scale = {"domainMin": 0, "domainMax": {"expr": f"1 / (1 - {ROOM[76]})"}, "nice": False}
    ticks = axis(f"○ {first}   ● {second}", format="%", values=[0, 0.25, 0.5, 0.75, 1])
    x: Spec = {"type": "quantitative", "scale": scale}
    colour = {
        "field": "kind",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["up", "down", "same"], "range": [BLUE, ORANGE, GREY]},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 4},
            "encoding": {
                "x": {**x, "field": "a", "axis": ticks},
                "x2": {"field": "b"},
                "color": colour,
            },
        },
        {
            "mark": {"type": "point", "size": 90, "strokeWidth": 2},
            "encoding": {"x": {**x, "field": "a"}, "color": colour},
        },
        {
            "mark": {"type": "point", "size": 110, "filled": True, "opacity": 1},
            "encoding": {"x": {**x, "field": "b"}, "color": colour},
        },
        {
            "mark": text(align="left", dx=10),
            "encoding": {"x": {**x, "field": "edge"}, "text": {"field": "text"}},
        },
    ]
    return rows, config(
        {
            "height": height(len(rows), step_for((r["label"] for r in rows), 28)),
            "encoding": {"y": y},
            "layer": layers,
        }
    )


def outcomes(
    results: Sequence[tuple[str, float, float]], now: float, limit: float | None = None
) -> Chart:
    """Chart what each result of a test would make of one cause.

    Parameters
    ----------
    results : sequence of (result, its probability, the posterior after it)
    now : float
        The posterior before the test.
    limit : float, optional
        The probability above which one acts, drawn as a line.
    """
    rows: Rows = [
        {
            "label": wrapped(f"{name} ({percent(p)})"),
            "p": p,
            "after": after,
            "from": now,
            "kind": "up" if after >= now else "down",
            "text": percent(after),
            "edge": max(after, now),
        }
        for name, p, after in results
    ]
    scale = {"domainMin": 0, "domainMax": {"expr": f"1 / (1 - {ROOM[60]})"}, "nice": False}
    x: Spec = {"type": "quantitative", "scale": scale}
    colour = {
        "field": "kind",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["up", "down"], "range": [BLUE, ORANGE]},
    }
    size = {
        "field": "p",
        "type": "quantitative",
        "legend": None,
        "scale": {"domain": [0, 1], "range": [2, 22]},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "rule"},
            "encoding": {
                "size": size,
                "color": colour,
                "x": {
                    **x,
                    "field": "from",
                    "axis": axis(
                        "After each result (thick: likely)",
                        format="%",
                        values=[0, 0.25, 0.5, 0.75, 1],
                    ),
                },
                "x2": {"field": "after"},
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 120, "opacity": 1},
            "encoding": {"x": {**x, "field": "after"}, "color": colour},
        },
        {
            "mark": text(align="left", dx=10, fontWeight="bold"),
            "encoding": {"x": {**x, "field": "edge"}, "text": {"field": "text"}},
        },
        {
            "mark": {"type": "tick", "color": INK, "thickness": 2, "size": 30},
            "encoding": {"x": {**x, "field": "from"}},
        },
    ]
    if limit is not None:
        line: Spec = {"data": {"values": [{"limit": limit}]}, "mark": rule(strokeDash=[5, 4])}
        layers.append({**line, "encoding": {"x": {**x, "field": "limit"}, "y": None}})
    y = names("label", [r["label"] for r in rows])
    return rows, config({"height": height(len(rows), 44), "encoding": {"y": y}, "layer": layers})
