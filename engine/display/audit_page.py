"""The charts of an audit, and its page."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.display.charts import GREY, altair, themed
from fascinet.engine.display.reports import rows_html
from fascinet.model.atomic import whole_file
from fascinet.model.svg import ACCENT

if TYPE_CHECKING:
    from fascinet.engine.analyses.audit import Audit

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem}table{border-collapse:collapse}td,th{border-bottom:1px solid #8884}
p.note{color:#808890}svg{max-width:100%;height:auto}
"""
NOTES = {
    "measures": "95% intervals. A calibration intercept of 0 and slope of 1 are perfect; an AUC of "
    "0.5 is chance.",
    "calibration": "Equally many cases in each row; the interval is Wilson's.",
    "decision_curve": "Net benefit of acting where the forecast reaches the threshold, of acting "
    "always, and of never.",
    "monitors": "The rows of tables that surprise most. z is about standard normal while a row is "
    "right; far above 0 what happens is rarer there than the row says.",
    "subgroups": "The same measures in each group. Small groups have wide intervals.",
}


def audit_chart(found: "Audit", count: int = 15) -> Any:
    """Return calibration, decision curve and monitors side by side."""
    parts = (calibration_chart(found), decision_chart(found), monitor_chart(found, count))
    return themed(altair().hconcat(*parts).resolve_scale(color="independent"))


def calibration_chart(found: "Audit") -> Any:
    """Return what happened against what was forecast, bin by bin."""
    alt = altair()
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(found.calibration).encode(x=alt.X("forecast:Q", scale=scale, title="forecast"))
    points = base.mark_circle(size=60, color=ACCENT).encode(
        y=alt.Y("observed:Q", scale=scale, title="observed"),
        tooltip=["forecast", "observed", "low", "high", "n"],
    )
    bars = base.mark_rule(color=ACCENT).encode(y=alt.Y("low:Q", title="observed"), y2="high:Q")
    ends = alt.Chart(alt.Data(values=[{"a": 0, "b": 0}, {"a": 1, "b": 1}]))
    line = ends.mark_line(color=GREY, strokeDash=[4, 4]).encode(
        x=alt.X("a:Q", title="forecast"), y=alt.Y("b:Q", title="observed")
    )
    return (line + bars + points).properties(width=260, height=260, title="Calibration")


def decision_chart(found: "Audit") -> Any:
    """Return the net benefit by threshold."""
    alt = altair()
    frame = found.decision_curve.melt("threshold", var_name="acting by", value_name="net benefit")
    top = float(found.outcome.mean())
    frame = frame[frame["net benefit"] > -0.25 * max(top, 0.05)]
    chart = alt.Chart(frame).mark_line().encode(
        x=alt.X("threshold:Q", scale=alt.Scale(domain=[0, 1])), y="net benefit:Q",
        color="acting by:N",
    )  # fmt: skip
    return chart.properties(width=260, height=260, title="Decision curve")


def monitor_chart(found: "Audit", count: int) -> Any:
    """Return the monitors that are farthest from 0."""
    alt = altair()
    frame = surprising(found).head(count).copy()
    frame["row"] = [
        f"{v} | " + ", ".join(f"{u}={s}" for u, s in given.items()) if given else v
        for v, given in zip(frame["variable"], frame["parents"], strict=True)
    ]
    frame = frame[["row", "z", "n"]]
    axis = alt.Axis(labelLimit=260)
    return (
        alt.Chart(frame).mark_bar(color=ACCENT)
        .encode(x="z:Q", y=alt.Y("row:N", sort=frame["row"].tolist(), title=None, axis=axis),
                tooltip=["row", "z", "n"])
        .properties(width=260, title="Monitors")
    )  # fmt: skip


def surprising(found: "Audit") -> Any:
    """Return the monitors, those farthest from 0 first."""
    frame = found.monitors
    if not len(frame):
        return frame
    finite = np.nan_to_num(frame["z"].abs().to_numpy(float), nan=-1.0, posinf=1e300)
    return frame.iloc[np.argsort(-finite, kind="stable")]


def save_page(found: "Audit", path: str | Path) -> None:
    """Write a page that needs no other file and no script."""
    import vl_convert

    pictures = [
        vl_convert.vegalite_to_svg(themed(chart).to_json())
        for chart in (calibration_chart(found), decision_chart(found), monitor_chart(found, 15))
    ]
    tables = {
        "measures": found.to_frame(), "calibration": found.calibration,
        "decision_curve": found.decision_curve.iloc[4::5], "monitors": surprising(found),
        "subgroups": found.subgroups,
    }  # fmt: skip
    drawn = ("calibration", "decision_curve", "monitors")
    beside: dict[str, str] = dict(zip(drawn, pictures, strict=True))
    parts = [
        f"<h2>{escape(name.replace('_', ' ').capitalize())}</h2>"
        f'<p class="note">{escape(NOTES[name])}</p>{beside.get(name, "")}{rows_html("", table)}'
        for name, table in tables.items()
        if len(table)
    ]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Audit</title><style>{STYLE}"
    page = f"{head}</style><h1>{escape(found.title())}</h1>{''.join(parts)}</html>"
    with whole_file(Path(path)) as part:
        part.write_text(page, encoding="utf-8")
