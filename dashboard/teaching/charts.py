"""Charts of teaching: two belief curves, reliability, and the distribution of a class."""

from collections.abc import Sequence

from fascinet.dashboard.chart_parts import (
    BLUE,
    INK,
    ORANGE,
    Chart,
    Rows,
    Spec,
    axis,
    config,
    rule,
    text,
)
from fascinet.dashboard.words import percent

ENGINE = "Engine"
APART = 0.06  # of the height, between two figures


def curves(
    steps: Sequence[str], lines: Sequence[tuple[str, Sequence[float | None]]], big: bool = False
) -> Chart:
    """Chart beliefs by step; what was not stated is left out, and its neighbours joined.

    Parameters
    ----------
    steps : sequence of str
        What was learned at each step, in order; the first is the start.
    lines : sequence of (name, probabilities)
        The engine's first, then the learner's or the class's.
    big : bool
        For a projector.
    """
    rows: Rows = [
        {"n": i, "step": step, "who": who, "p": p[i], "text": percent(p[i] or 0.0), "at": at}
        for (who, p), at in zip(lines, _apart([p[-1] for _, p in lines]), strict=True)
        for i, step in enumerate(steps)
        if p[i] is not None
    ]
    size = 20 if big else 13
    whos = [who for who, _ in lines]
    labels = axis(None, labelFontSize=size, labelAngle=0 if len(steps) < 4 else -30,
                  labelExpr=f"{[_cut(s) for s in steps]!r}[datum.value]",
                  values=list(range(len(steps))), grid=False)  # fmt: skip
    encoding: Spec = {
        "x": {"field": "n", "type": "quantitative", "axis": labels,
              "scale": {"domain": [-0.2, max(1, len(steps) - 1) + 0.4]}},
        "y": {"field": "p", "type": "quantitative", "scale": {"domain": [0, 1]},
              "axis": axis("Probability", format="%", labelFontSize=size, titleFontSize=size)},
        "color": {"field": "who", "type": "nominal",
                  "scale": {"domain": whos, "range": [BLUE, ORANGE][: len(whos)]},
                  "legend": {"title": None, "orient": "top", "labelColor": INK,
                             "labelFontSize": size, "symbolSize": 30 * size,
                             "symbolType": "stroke", "symbolStrokeWidth": 4}},
        "strokeDash": {"field": "who", "type": "nominal", "legend": None,
                       "scale": {"domain": whos, "range": [[1, 0], [6, 4]][: len(whos)]}},
    }  # fmt: skip
    layers: list[Spec] = [
        {"mark": {"type": "line", "strokeWidth": 4 if big else 2.5}},
        {"mark": {"type": "point", "filled": True, "size": 160 if big else 70}},
    ]
    ends = [{"mark": text(align="left", dx=8, fontSize=size, fontWeight="bold"),
             "transform": [{"filter": f"datum.n == {len(steps) - 1}"}],
             "encoding": {"text": {"field": "text"}, "color": {"value": INK}, "y": {"field": "at"},
                          "strokeDash": {"value": [1, 0]}}}]  # fmt: skip
    tall = (560 if big else 260) + (70 if len(steps) > 3 else 0)  # slanted names take their part
    return rows, config({"height": tall, "encoding": encoding, "layer": [*layers, *ends]})


def _apart(ends: Sequence[float | None]) -> list[float | None]:
    """Return where the figures at the ends of the lines stand, so that none covers another.

    >>> _apart([0.5, 0.5]), _apart([0.1, None]), _apart([0.1, 0.9]), _apart([0.0, 0.01])
    ([0.47, 0.53], [0.1, None], [0.1, 0.9], [0.0, 0.06])
    """
    told = sorted((p, i) for i, p in enumerate(ends) if p is not None)
    found = list(ends)
    if len(told) == 2 and told[1][0] - told[0][0] < APART:
        low = min(max(0.0, (told[0][0] + told[1][0] - APART) / 2), 1.0 - APART)
        found[told[0][1]], found[told[1][1]] = low, low + APART
    return found


def _cut(name: str, most: int = 22) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip(" ,(") + "…"


def reliability(bins: Sequence[tuple[float, float, int]]) -> Chart:
    """Chart what came out against what was stated; on the line the learner is calibrated.

    Parameters
    ----------
    bins : sequence of (mean stated, share that came out, count)
    """
    rows: Rows = [{"stated": s, "present": p, "n": n} for s, p, n in bins]
    share: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    layers: list[Spec] = [
        {"data": {"values": [{"a": 0, "b": 0}, {"a": 1, "b": 1}]},
         "mark": {"type": "line", "color": INK, "strokeDash": [4, 4], "opacity": 0.6},
         "encoding": {"x": {**share, "field": "a"}, "y": {**share, "field": "b"}}},
        {"mark": {"type": "point", "filled": True, "color": BLUE},
         "encoding": {
             "x": {**share, "field": "stated", "axis": axis("You said", format="%")},
             "y": {**share, "field": "present", "axis": axis("It was there", format="%")},
             "size": {"field": "n", "type": "quantitative", "legend": None,
                      "scale": {"range": [40, 500]}},
             "tooltip": [{"field": "n", "title": "estimates"}]}},
    ]  # fmt: skip
    return rows, config({"height": 280, "layer": layers})


def progress(shares: Sequence[float]) -> Chart:
    """Chart the share of right answers by attempt."""
    rows: Rows = [{"n": k, "share": p} for k, p in enumerate(shares, 1)]
    encoding: Spec = {
        "x": {"field": "n", "type": "quantitative",
              "axis": axis("Exercises", tickMinStep=1, format="d", grid=False)},
        "y": {"field": "share", "type": "quantitative", "scale": {"domain": [0, 1]},
              "axis": axis("Right", format="%")},
    }  # fmt: skip
    mark = {"type": "line", "color": BLUE, "strokeWidth": 2.5}
    return rows, config({"height": 160, "mark": mark, "encoding": encoding})


def choices(
    names: Sequence[str], shares: Sequence[float], exact: Sequence[float] | None, big: bool = False
) -> Chart:
    """Chart what a class chose, with the exact posterior of each choice once it is told.

    Parameters
    ----------
    names : sequence of str
    shares : sequence of float
        Of the class.
    exact : sequence of float, optional
    big : bool
        For a projector.
    """
    size = 20 if big else 13
    told = [("The class", shares), *([(ENGINE, exact)] if exact is not None else [])]
    rows: Rows = [{"name": n, "who": who, "p": p,
                   "text": percent(p) if who == ENGINE else f"{100 * p:.0f}%"}
                  for who, values in told for n, p in zip(names, values, strict=True)]  # fmt: skip
    whos = [who for who, _ in told]
    encoding: Spec = {
        "y": {"field": "name", "type": "nominal", "sort": list(names),
              "axis": axis(None, labelFontSize=size, labelLimit=520 if big else 260, grid=False)},
        "x": {"field": "p", "type": "quantitative", "scale": {"domain": [0, 1.18]},
              "axis": axis(None, format="%", labelFontSize=size, values=[0, 0.25, 0.5, 0.75, 1])},
        "yOffset": {"field": "who", "type": "nominal", "sort": whos},
    }  # fmt: skip
    color: Spec = {"field": "who", "type": "nominal",
                   "scale": {"domain": whos, "range": [ORANGE, BLUE][: len(whos)]},
                   "legend": {"title": None, "orient": "top", "labelColor": INK,
                              "labelFontSize": size, "symbolSize": 12 * size}}  # fmt: skip
    layers: list[Spec] = [
        {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": {"color": color}},
        {"mark": text(align="left", dx=6, fontSize=size), "encoding": {"text": {"field": "text"}}},
    ]
    height = (60 if big else 38) * len(names) * max(1, len(whos) * 0.75) + 40
    return rows, config({"height": height, "encoding": encoding, "layer": layers})


def votes(stated: Sequence[float], exact: float | None, big: bool = False) -> Chart:
    """Chart how the estimates of a class lie, with the exact posterior once it is told."""
    size = 20 if big else 13
    rows: Rows = [{"p": min(p, 0.9999)} for p in stated]
    x: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "color": ORANGE, "opacity": 0.75, "cornerRadiusEnd": 2},
         "encoding": {
             "x": {**x, "field": "p", "bin": {"step": 0.05, "extent": [0, 1]},
                   "axis": axis("Estimates of the class", format="%", labelFontSize=size,
                                titleFontSize=size, values=[0, 0.25, 0.5, 0.75, 1])},
             "y": {"aggregate": "count", "type": "quantitative",
                   "axis": axis("Answers", tickMinStep=1, format="d", labelFontSize=size,
                                titleFontSize=size)}}},
    ]  # fmt: skip
    if exact is not None:
        point = [{"q": exact, "text": f"Exact: {percent(exact)}"}]
        side = {"align": "left", "dx": 8} if exact < 0.7 else {"align": "right", "dx": -8}
        at: Spec = {"x": {**x, "field": "q"}}
        layers += [
            {"data": {"values": point}, "mark": rule(strokeWidth=4, color=BLUE), "encoding": at},
            {"data": {"values": point},
             "mark": text(fontSize=size + 2, fontWeight="bold", y=-size, **side),
             "encoding": {**at, "text": {"field": "text"}}},
        ]  # fmt: skip
    return rows, config({"height": 560 if big else 240, "layer": layers})
