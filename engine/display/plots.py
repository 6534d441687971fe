"""Charts of results (Altair, loaded only here): themed, exportable to SVG and PNG."""

from collections.abc import Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from fascinet.engine.display import charts
from fascinet.model.builder_check import ABSENT

if TYPE_CHECKING:
    from fascinet.engine.analyses.explain import Explanation
    from fascinet.engine.analyses.sensitivity import Sensitivity
    from fascinet.engine.analyses.uncertainty import Uncertainty
    from fascinet.engine.analyses.value_of_information import ValueOfInformation

FOR, AGAINST, NEUTRAL = "#2a78c8", "#c8484c", "#808890"
WIDTH = 420


def themed(chart: Any) -> Any:
    """Return the chart with the common look, readable on light and dark pages."""
    return charts.themed(chart).configure_axis(
        **charts.LETTERS | {"grid": False, "labelLimit": 260}
    )


def tornado(result: "Sensitivity", count: int = 15) -> Any:
    """Return bars from p(low) to p(high) of the widest parameters, the posterior as a rule."""
    frame = one_of_two(result.tornado(2 * count)).head(count)
    names = zip(frame["variable"], frame["state"], frame["parents"], strict=True)
    frame["parameter"] = [parameter_label(*name) for name in names]
    frame = frame.drop(columns="parents")
    axis = alt.Axis(labelExpr="split(datum.label, '\\n')", labelLimit=420, labelPadding=6)
    bars = alt.Chart(frame).mark_bar(color=FOR).encode(
        x=alt.X("posterior_low:Q", title=f"P({result.hypothesis.name})"),
        x2="posterior_high:Q",
        y=alt.Y("parameter:N", sort=None, title=None, axis=axis),
        tooltip=["parameter", "value", "low", "high", "posterior_low", "posterior_high"],
    )  # fmt: skip
    here = pd.DataFrame({"posterior": [result.posterior]})
    rule = alt.Chart(here).mark_rule(color=NEUTRAL).encode(x="posterior:Q")
    title = f"What P({result.hypothesis.name}) depends on"
    height = alt.Step(40)  # two or three lines a label
    return themed((bars + rule).properties(width=WIDTH, height=height, title=title))


def parameter_label(variable: str, state: str, parents: Mapping[str, str]) -> str:
    """Return a parameter's name, what it is conditional on in lines of its own."""
    given = ", ".join(f"{k} {x}" for k, x in parents.items())
    return "\n".join([f"{variable} = {state}", *wrap(f"given {given}" if given else "", 76)])


def one_of_two(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the row of an absent state whose bar is that of another state of its distribution.

    A probability and its complement are one figure.
    """
    row = frame[["variable"]].assign(
        parents=frame["parents"].map(str),
        bar=(frame["posterior_low"] + frame["posterior_high"]).round(12),
    )
    absent = frame["state"].str.lower().isin(ABSENT)
    return frame.loc[~(row.duplicated(keep=False) & absent)].reset_index(drop=True)


def waterfall(result: "Explanation", count: int = 40) -> Any:
    """Return the weights in the order entered, each bar from where the last one ended."""
    frame = result.to_frame().head(count)
    frame["end"] = frame["weight_db"].cumsum()
    frame["start"] = frame["end"] - frame["weight_db"]
    frame["label"] = frame["finding"] + " = " + frame["state"]
    frame["speaks"] = ["for" if w > 0 else "against" for w in frame["weight_db"]]
    bars = alt.Chart(frame).mark_bar().encode(
        x=alt.X("start:Q", title=f"weight of evidence for {result.hypothesis.name} (dB)"),
        x2="end:Q",
        y=alt.Y("label:N", sort=None, title=None),
        color=alt.Color("speaks:N", scale=alt.Scale(domain=["for", "against"],
                                                    range=[FOR, AGAINST])),
        tooltip=["label", "weight_db", "shapley_db", "textbook_lr", "in_context_lr"],
    )  # fmt: skip
    title = f"Why P({result.hypothesis.name}) is {result.posterior:.3g}"
    return themed(bars.properties(width=WIDTH, title=title))


def information(result: "ValueOfInformation", count: int = 15) -> Any:
    """Return bars of expected information."""
    frame = result.to_frame().nlargest(count, "bits")
    bars = alt.Chart(frame).mark_bar(color=FOR).encode(
        x=alt.X("bits:Q", title="expected information (bits)"),
        y=alt.Y("variable:N", sort=None, title=None),
        tooltip=["variable", "bits", "cost", "score"],
    )  # fmt: skip
    return themed(bars.properties(width=WIDTH, title="Most informative next"))


def intervals(result: "Uncertainty", count: int = 60) -> Any:
    """Return posteriors with their credible intervals."""
    frame = result.to_frame().nlargest(count, "posterior")
    frame["answer"] = frame["variable"] + " = " + frame["state"]
    base = alt.Chart(frame).encode(y=alt.Y("answer:N", sort=None, title=None))
    rules = base.mark_rule(color=NEUTRAL).encode(
        x=alt.X("low:Q", title="posterior, credible interval"), x2="high:Q"
    )
    points = base.mark_point(filled=True, color=FOR).encode(
        x="posterior:Q", tooltip=["answer", "posterior", "low", "high", "p_top"]
    )
    return themed((rules + points).properties(width=WIDTH, title="95% credible intervals"))
