"""What all charts share: colours, axes, text marks, and rendering to SVG."""

import json
import math
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any

Rows = list[dict[str, Any]]
Spec = dict[str, Any]
Chart = tuple[Rows, Spec]

BLUE, ORANGE, GREY = "#3d7fc4", "#d9691e", "#8a949e"
INK = "currentColor"
# names take at most two fifths of a chart, so that a phone has room for the bars
LIMIT = {"expr": "min(260, 0.42 * (containerSize()[0] || 640))"}
# what is written right of a bar needs so many pixels of the rest
ROOM = {n: f"min(0.45, {n} / (0.56 * (containerSize()[0] || 640)))" for n in (60, 76)}
CAP = 1e-6
PERCENT_TICKS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    0.95,
    0.98,
    0.99,
    0.995,
    0.998,
    0.999,
)
LR_TICKS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
)


def logit(p: float) -> float:
    """Return log10 odds, with p kept away from 0 and 1."""
    p = min(1 - CAP, max(CAP, p))
    return math.log10(p / (1 - p))


def text(**extra: Any) -> Spec:
    """Return a text mark in the page's colour."""
    return {"type": "text", "color": INK, "fontSize": 13, **extra}


def rule(**extra: Any) -> Spec:
    """Return a rule mark in the page's colour."""
    return {"type": "rule", "color": INK, **extra}


def axis(title: str | None = None, **extra: Any) -> Spec:
    """Return an axis in the page's colour."""
    return {
        "title": title,
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "labelLimit": LIMIT,
        "labelFlush": False,
        "gridOpacity": 0.25,
        **extra,
    }


LETTERS = 26  # of a line of a name: two fifths of a phone's width
LINES: Spec = {
    "labelExpr": "split(datum.label, '\\n')", "labelLimit": 300, "labelOverlap": False,
    "labelOffset": {
        "condition": [
            {"test": f"length(split(datum.label, '\\n')) == {n}", "value": -7 * (n - 1)}
            for n in (2, 3, 4, 5)
        ],
        "value": 0,
    },
}  # fmt: skip


def wrapped(name: str, letters: int = LETTERS) -> str:
    """Return a name in lines short enough to stand beside a bar, none of it cut."""
    return "\n".join(wrap(name[:1].upper() + name[1:], letters))


def names(field: str, order: Sequence[str]) -> Spec:
    """Return a nominal y channel in the order given; a line break in a name is one on paper."""
    return {
        "field": field,
        "type": "nominal",
        "sort": list(order),
        "axis": {**axis(ticks=False, domain=False), **LINES},
    }


def height(rows: int, step: int = 30) -> int:
    """Return the height of a chart with so many rows."""
    return max(90, rows * step) + 60


def step_for(labels: Iterable[str], least: int) -> int:
    """Return the height of a row that the longest label fits into."""
    return max(least, *(17 * (1 + label.count("\n")) for label in labels), 0)


def config(spec: Spec) -> Spec:
    """Return the specification with schema and a transparent background."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        **spec,
        "config": {"view": {"stroke": None}, "background": None},
    }


def to_svg(chart: Chart, width: int = 640) -> str:
    """Return a chart as SVG text, offline, black on white."""
    import vl_convert

    rows, spec = chart
    whole = {**spec, "data": {"values": rows}, "width": width}
    text = json.dumps(whole).replace('"currentColor"', '"#111111"')
    return vl_convert.vegalite_to_svg(text)
