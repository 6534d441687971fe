"""Altair charts of results, and files without a browser. Altair is imported on first use only.

Backgrounds are transparent and letters mid-grey, so a chart is readable on light and dark pages.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.model.errors import FormatError, OptionError
from fascinet.model.plural import counted
from fascinet.model.svg import ACCENT

if TYPE_CHECKING:
    from fascinet.engine.api.posterior import Posterior
    from fascinet.engine.clinic.differential import Differential

GREY = "#808890"
LETTERS = {
    "labelColor": GREY,
    "titleColor": GREY,
    "gridColor": "rgba(128,128,128,0.25)",
    "domainColor": GREY,
    "tickColor": GREY,
}
LABEL = 320
"""Longest label of a bar, in pixels."""
KINDS = (".svg", ".png", ".html")
DARK = (
    "<style>@media (prefers-color-scheme:dark){:root,svg{color:#e8e8e8;background:#16181c}}</style>"
)


def altair() -> Any:
    """Return the altair module.

    Raises
    ------
    FormatError
        If it is not installed, with the command that installs it.
    """
    try:
        import altair
    except ImportError:
        raise FormatError("altair is not installed: pip install 'fascinet[plots]'") from None
    return altair


def themed(chart: Any) -> Any:
    """Return the chart in colours that suit light and dark pages."""
    return (
        chart.configure(background="transparent")
        .configure_axis(**LETTERS)
        .configure_legend(labelColor=GREY, titleColor=GREY)
        .configure_header(labelColor=GREY, titleColor=GREY)
        .configure_title(color=GREY, subtitleColor=GREY, anchor="start")
        .configure_view(stroke=None)
    )


def posterior_chart(posterior: "Posterior", count: int = 12) -> Any:
    """Return bars of the `count` variables that the evidence moved most, prior as ticks."""
    alt = altair()
    frame: Any = posterior.to_frame()
    frame = frame[~frame["variable"].isin(list(posterior.evidence))]
    frame["moved"] = np.abs(frame["posterior"] - frame["prior"])
    top = frame.groupby("variable")["moved"].max().nlargest(count).index
    frame = frame[frame["variable"].isin(top)]
    frame["what"] = frame["variable"] + " = " + frame["state"]
    strongest = np.argsort(-frame["moved"].to_numpy(), kind="stable")
    order = frame["what"].to_numpy()[strongest].tolist()
    axis = alt.Axis(labelLimit=LABEL)
    base = alt.Chart(frame).encode(y=alt.Y("what:N", sort=order, title=None, axis=axis))
    probability = alt.Scale(domain=[0, 1])
    bars = base.mark_bar(color=ACCENT).encode(
        x=alt.X("posterior:Q", scale=probability, title="probability (tick: before the findings)"),
        tooltip=["variable", "state", "prior", "posterior"],
    )
    ticks = base.mark_tick(color=GREY, thickness=2).encode(x=alt.X("prior:Q", scale=probability))
    title = f"Posterior given {counted(len(posterior.evidence), 'finding')}"
    return themed((bars + ticks).properties(width=420, title=title))


def differential_chart(found: "Differential", count: int = 12) -> Any:
    """Return posterior (with its interval) and responsibility of the first `count` causes."""
    alt = altair()
    frame: Any = found.to_frame().head(count)
    frame["low"], frame["high"] = zip(*frame["interval"], strict=True)
    frame = frame[["cause", "label", "prior", "posterior", "responsibility", "low", "high"]]
    axis = alt.Axis(labelLimit=LABEL)
    order = frame["label"].tolist()
    base = alt.Chart(frame).encode(y=alt.Y("label:N", sort=order, title=None, axis=axis))
    probability = alt.Scale(domain=[0, 1])
    tip = ["cause", "prior", "posterior", "low", "high", "responsibility"]
    bars = base.mark_bar(color=ACCENT, opacity=0.75).encode(
        x=alt.X("posterior:Q", scale=probability,
                title="probability present (line: interval; diamond: accounts for)"),
        tooltip=tip,
    )  # fmt: skip
    lines = base.mark_rule(color=GREY, strokeWidth=2).encode(x="low:Q", x2="high:Q")
    points = base.mark_point(shape="diamond", filled=True, size=70, color="#c2701d").encode(
        x=alt.X("responsibility:Q", scale=probability), tooltip=tip
    )
    title = f"Differential by {found.rank}"
    return themed((bars + lines + points).properties(width=420, title=title))


# -------------------------------------------------------------------- files


def check_kind(path: str | Path) -> Path:
    """Return the path, or raise `OptionError` unless it ends in .svg, .png or .html."""
    path = Path(path)
    if path.suffix.lower() not in KINDS:
        raise OptionError("kind of picture", path.suffix, KINDS)
    return path


def save_chart(chart: Any, path: str | Path) -> None:
    """Write an Altair chart as .svg, .png or .html, without a browser or a network."""
    path = check_kind(path)
    if path.suffix == ".html":
        chart.save(str(path), inline=True)
    else:
        chart.save(
            str(path), format=path.suffix[1:], scale_factor=2 if path.suffix == ".png" else 1
        )


def save_svg(svg: str, path: str | Path) -> None:
    """Write an SVG element as .svg, .png or .html."""
    path = check_kind(path)
    if path.suffix == ".png":
        import vl_convert

        opaque = svg.replace("<style>", "<style>svg{background:#fff;color:#111}", 1)
        plain = opaque.replace("currentColor", "#111")
        path.write_bytes(vl_convert.svg_to_png(plain, scale=2))
    elif path.suffix == ".html":
        path.write_text(f"<!doctype html><meta charset=utf-8>{DARK}{svg}", encoding="utf-8")
    else:
        path.write_text(svg.replace("</style>", f"</style>{DARK}", 1), encoding="utf-8")


def save_html(html: str, path: str | Path) -> None:
    """Write an HTML fragment as a page of its own."""
    path = check_kind(path)
    if path.suffix != ".html":
        raise OptionError("kind of page", path.suffix, (".html",))
    page = f"<!doctype html><meta charset=utf-8>{DARK}<style>body{{font-family:system-ui}}</style>"
    path.write_text(page + html, encoding="utf-8")
