"""One chart for every report: a bar a row, in the measure that the report is about.

Reports with a chart of their own (tornado, waterfall, intervals) override `plot`; the others are
drawn here. A new report needs no line unless its measure is not its first column of numbers.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.display.charts import GREY, altair, themed

if TYPE_CHECKING:
    import pandas as pd

    from fascinet.engine.analyses.multiway import Multiway
    from fascinet.engine.analyses.results import Result

FOR, AGAINST = "#2a78c8", "#c8484c"
MEASURES = {
    "SingleChanges": ("log_odds_change", "change of the figure's log odds"),
    "JointChange": ("new", "new value of the figure"),
    "Disablement": ("gone", "probability that the finding would vanish without the cause"),
    "Counterfactual": ("counterfactual", "probability in the counterfactual world"),
    "Multiway": ("value", "present value of the figure"),
    "Pathway": ("bits", "information (bits)"),
    "Contrast": ("weight_db", "weight for the first against the second (dB)"),
    "Pairs": ("bits", "expected information of both (bits)"),
    "Monotonicity": ("weight_db", "weight for the cause (dB)"),
    "Decisions": ("utility", "expected utility"),
    "Difference": ("change_db", "change of the leading cause (dB)"),
    "FigureInfluence": ("influence_db", "mean swing over the cited range (dB)"),
    "Changes": ("swing_db", "largest change of the log odds (dB)"),
    "ExpectedUtility": ("net", "expected utility less cost"),
    "Policy": ("probability", "probability of coming to this step"),
    "Meter": ("log_prob", "log P of a simulated case"),
    "Conflict": ("contribution", "contribution to the conflict"),
    "Explanations": ("probability", "probability of the joint state"),
}
"""The column drawn and its title, by the name of the report."""


IN_ORDER = ("Policy", "Contrast", "SingleChanges", "JointChange")
"""Reports whose rows come in an order of their own; the others are sorted by what is drawn."""


def told_apart(labels: list[str]) -> list[str]:
    """Return labels, those that occur again numbered.

    >>> told_apart(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    seen: dict[str, int] = {}
    out: list[str] = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        out.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return out


def measure_of(report: "Result", frame: "pd.DataFrame") -> tuple[str, str]:
    """Return the column to draw and what it means."""
    if type(report).__name__ in MEASURES:
        return MEASURES[type(report).__name__]
    numbers = [c for c in frame.columns if frame[c].dtype.kind in "if"]
    return (numbers[0], numbers[0].replace("_", " ")) if numbers else ("", "")


def row_labels(frame: "pd.DataFrame") -> list[str]:
    """Return each row's words in one line: names first, what is given behind a bar."""
    if "label" in frame:
        return [str(x) for x in frame["label"]]
    texts = [c for c in frame.columns if frame[c].dtype.kind not in "ifb" and c != "parents"]
    texts = [c for c in texts if c not in ("basis", "by", "old", "new", "reason")]
    names = [" · ".join(str(row[c]) for c in texts) for _, row in frame.iterrows()]
    if "parents" not in frame:
        return names
    given = [", ".join(str(s) for s in parents.values()) for parents in frame["parents"]]
    return [f"{n} | {g}" if g else n for n, g in zip(names, given, strict=True)]


def report_chart(report: "Result", count: int = 15) -> Any:
    """Return bars of the first `count` rows; red where the measure is below zero.

    Raises
    ------
    FormatError
        If altair is not installed.
    """
    if hasattr(report, "surface") and len(getattr(report, "index", ())) == 2:
        return surface_chart(report)  # pyright: ignore[reportArgumentType]  # a Multiway
    alt = altair()
    import pandas as pd

    frame = report.to_frame()
    column, title = measure_of(report, frame)
    if column and type(report).__name__ not in IN_ORDER:
        frame = frame.sort_values(column, ascending=False, kind="stable")
    frame = frame.head(count)
    labels = told_apart(row_labels(frame))
    values = frame[column].astype(float).tolist() if column else [0.0] * len(frame)
    shown = pd.DataFrame({"what": labels, "measure": values})
    shown["sign"] = np.where(shown["measure"] < 0, "below", "above")
    colour = alt.Color(
        "sign:N", legend=None, scale=alt.Scale(domain=["above", "below"], range=[FOR, AGAINST])
    )
    bars = alt.Chart(shown).mark_bar().encode(
        x=alt.X("measure:Q", title=title),
        y=alt.Y("what:N", sort=labels, title=None, axis=alt.Axis(labelLimit=320)),
        color=colour, tooltip=["what", "measure"],
    )  # fmt: skip
    heading = report.title() if hasattr(report, "title") else "Policy"
    return themed(bars.properties(width=420, title=heading))


def surface_chart(report: "Multiway", points: int = 21) -> Any:
    """Return the posterior over two parameters as a map of colours, the present point on it."""
    alt = altair()
    import pandas as pd

    steps = np.linspace(0.0, 1.0, points)
    x, y = np.meshgrid(steps, steps, indexing="ij")
    frame = pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "p": report.surface(points).ravel()})
    frame[["x2", "y2"]] = frame[["x", "y"]] + 1.0 / (points - 1)
    labels = row_labels(report.to_frame())
    title = f"P({report.hypothesis.name})"
    ticks = alt.Axis(values=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    whole = alt.Scale(domain=[0.0, 1.0 + 1.0 / (points - 1)], nice=False)
    cells = alt.Chart(frame).mark_rect().encode(
        x=alt.X("x:Q", title=labels[0], axis=ticks, scale=whole),
        y=alt.Y("y:Q", title=labels[1], axis=ticks, scale=whole),
        x2="x2:Q", y2="y2:Q",
        color=alt.Color("p:Q", title=title, scale=alt.Scale(scheme="viridis")),
        tooltip=["x", "y", "p"],
    )  # fmt: skip
    now = [float(report.parameters.values[i]) for i in report.index]
    here = pd.DataFrame({"x": [now[0]], "y": [now[1]]})
    point = alt.Chart(here).mark_point(color="white", filled=True, size=70, stroke=GREY)
    return themed((cells + point.encode(x="x:Q", y="y:Q")).properties(width=320, height=320))
