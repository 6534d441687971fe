"""Every report shows itself, is drawn, and is saved, whatever its analysis."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fascinet as fn
from fascinet.engine.analyses import assertions, influence, inverse, multiway, pathway
from fascinet.engine.analyses.expected_utility import expected_utility
from fascinet.engine.analyses.explain import contrast
from fascinet.engine.analyses.hypotheses import is_state
from fascinet.engine.analyses.meter import outside_meter
from fascinet.engine.analyses.results import Result
from fascinet.engine.clinic import difference
from fascinet.engine.clinic.decisions import Decisions
from fascinet.engine.clinic.figure_influence import FigureInfluence
from fascinet.engine.display.report_charts import (
    IN_ORDER,
    MEASURES,
    measure_of,
    row_labels,
    told_apart,
)
from tests.analyses.networks import clinic

CASE = {"twitching": "yes", "weakness": "objective"}


def change() -> inverse.Statement:
    """Return a statement that does not hold in the small clinic."""
    return inverse.Statement(is_state(clinic(), "grave", "yes"), ">=", 0.99)


def shipped_report() -> Any:
    return Decisions(fn.diagnose({"weakness": "objective"}).advice)


def seen_cases(engine: fn.Engine) -> pd.DataFrame:
    """Return a hundred people drawn from the small clinic."""
    return fn.simulate(engine.network, 100, seed=1)


def treat_or_not() -> Any:
    """Return the policy of a treatment that helps the ill and harms the others."""
    b = fn.NetworkBuilder().variable("ill").table("ill", 0.2).decision("treat")
    worth = {("no", "no"): 100, ("no", "yes"): 40, ("yes", "no"): 90, ("yes", "yes"): 80}
    return fn.solve(b.utility("health", worth, parents=["treat", "ill"]).diagram())


def rain() -> Any:
    """Return the course of something that lasts."""
    first = fn.NetworkBuilder().variable("rain").table("rain", 0.5)
    then = fn.NetworkBuilder().variable("rain@-1").table("rain@-1", 0.5)
    then = then.variable("rain").table("rain", {"no": 0.3, "yes": 0.7}, parents=["rain@-1"])
    return fn.DynamicNetwork(first, then).filter([{}, {"rain": "yes"}])


def written() -> Any:
    from fascinet.engine.learning.knowledge import WrittenKnowledge

    before = {"p": 0.2, "source": "expert_estimate"}
    after = {"p": 0.3, "range": [0.2, 0.4], "n": 50, "source": "learned"}
    return WrittenKnowledge(Path("learnt"), ("als: cramps",), (before,), (after,), ())


REPORTS: dict[str, Callable[[fn.Engine], Any]] = {
    "Sensitivity": lambda e: e.sensitivity("grave", "yes", CASE),
    "ValueOfInformation": lambda e: e.value_of_information(["grave"], {"twitching": "yes"}),
    "Explanation": lambda e: e.explain("grave", "yes", CASE),
    "Counterfactual": lambda e: e.counterfactual(CASE, {"grave": "no"}, ["weakness"]),
    "Conflict": lambda e: e.conflict(CASE),
    "Meter": lambda e: outside_meter(e, CASE, draws=50),
    "Uncertainty": lambda e: e.uncertainty(CASE, ["grave"], sample_size=50),
    "Pairs": lambda e: e.best_pairs({"twitching": "yes"}, targets="grave"),
    "ExpectedUtility": lambda e: expected_utility(e, {"grave": 50.0}, {"twitching": "yes"}),
    "Policy": lambda e: e.best_policy({"twitching": "yes"}, targets="grave"),
    "Explanations": lambda e: e.most_probable_explanations(
        CASE, targets=["grave", "benign", "strain"]
    ),
    "Changes": lambda e: influence.what_would_change(e, "grave", "yes", {"twitching": "yes"}),
    "SingleChanges": lambda e: inverse.single_changes(e, change(), CASE),
    "JointChange": lambda e: inverse.joint_change(e, change(), CASE),
    "Multiway": lambda e: multiway.multiway(e, "grave", "yes", two_rows(e), CASE),
    "Pathway": lambda e: pathway.pathway(e, "grave", "yes", CASE),
    "Contrast": lambda e: contrast(
        e, is_state(e.network, "grave", "yes"), is_state(e.network, "benign", "yes"), CASE
    ),
    "Monotonicity": lambda e: assertions.monotonicity(e, ["weakness"]),
    "Disablement": lambda e: e.without_each_cause(CASE),
    "Decisions": lambda e: shipped_report(),
    "Difference": lambda e: difference.Difference(
        (),
        ("weakness",),
        (difference.CaseChange("V2", ("grave",), ("benign",), "grave", -3.2, {"weakness": -3.2}),),
    ),
    "FigureInfluence": lambda e: FigureInfluence(
        ("causes/grave.yaml: findings.weakness.objective",),
        np.array([1.5]),
        ("nice_ng42",),
        ("B",),
        (1,),
        (True,),
        10,
    ),
    "Joint": lambda e: e.joint(["grave", "benign"], CASE),
    "Answer": lambda e: e.ask("grave=yes or benign=yes | twitching=yes"),
    "RiskComparison": lambda e: e.compare_risks("weakness=objective", "grave=yes", "grave=no"),
    "Audit": lambda e: fn.audit(e.network, seen_cases(e), "grave", "yes"),
    "Learned": lambda e: fn.learn(e.network, seen_cases(e)),
    "Discretised": lambda e: fn.discretise(pd.DataFrame({"ck": [90.0, 250.0, 8000.0]}), {"ck": 2}),
    "Solution": lambda e: treat_or_not(),
    "ValueOfObservation": lambda e: treat_or_not().value_of_information("treat"),
    "ValueOfControl": lambda e: treat_or_not().value_of_control(),
    "DecisionSensitivity": lambda e: treat_or_not().sensitivity(),
    "Course": lambda e: rain(),
    "WrittenKnowledge": lambda e: written(),
    "MPE": lambda e: e.mpe(CASE),
    "Approximation": lambda e: e.approximate(CASE, samples=200),
    "Posterior": lambda e: e.posterior(CASE),
    "Network": lambda e: e.network,
    "Evaluation": lambda e: few_cases(),
}
DRAWN = [n for n in REPORTS if n not in ("MPE", "Approximation", "Network", "Evaluation")]


def two_rows(engine: fn.Engine) -> list[int]:
    """Return two parameters of different variables."""
    figures = engine.sensitivity("grave", "yes", CASE).parameters
    labels = figures.labels
    first = next(i for i, (v, s, _) in enumerate(labels) if (v, s) == ("grave", "yes"))
    return [first, next(i for i, (v, s, _) in enumerate(labels) if (v, s) == ("benign", "yes"))]


def few_cases() -> Any:
    from fascinet.engine.clinic.evaluate import Evaluation

    return Evaluation(3, 0.7, 1.0, 0.8, -0.3, 0.1, 0.0, 0.0)


@pytest.fixture(scope="module")
def engine() -> fn.Engine:
    return fn.Engine(clinic())


@pytest.fixture(scope="module")
def reports(engine: fn.Engine) -> dict[str, Any]:
    return {name: make(engine) for name, make in REPORTS.items()}


class Tags(HTMLParser):
    """Check that every element is closed in order; take the addresses."""

    VOID = ("br", "hr", "img", "meta")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [x or "" for k, x in attrs if k in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [x or "" for k, x in attrs if k in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def reports_of(kind: type) -> Iterator[type]:
    for sub in kind.__subclasses__():
        yield sub
        yield from reports_of(sub)


def test_every_kind_of_report_is_tried_here() -> None:
    assert {kind.__name__ for kind in reports_of(Result)} <= set(REPORTS)
    assert set(MEASURES) <= set(REPORTS)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_shows_itself_in_small_and_whole_html(name: str, reports: dict[str, Any]) -> None:
    html = reports[name]._repr_html_()
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert tags.addresses == []
    assert len(html) < 60_000
    # colours are the page's, or visible on both light and dark
    assert not re.search(r"(?:color|background|fill)\s*:\s*(?:#fff|#000|white|black)\b", html)
    assert "script" not in html


@pytest.mark.parametrize("name", DRAWN)
def test_a_report_is_drawn_and_saved(name: str, reports: dict[str, Any], tmp_path: Path) -> None:
    report = reports[name]
    chart = report.plot().to_dict()
    assert chart["config"]["background"] == "transparent"
    if name != "Posterior":
        report.save(tmp_path / "r.html")
        page = (tmp_path / "r.html").read_text()
        assert page.startswith("<!doctype html>")
        assert re.search("prefers-color-scheme:dark|color-scheme:light dark", page)
    report.save(tmp_path / "r.svg")
    assert (tmp_path / "r.svg").read_text().startswith("<svg")
    report.save(tmp_path / "r.png")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_a_bar_is_the_measure_of_its_row(name: str, reports: dict[str, Any]) -> None:
    report = reports[name]
    frame = report.to_frame()
    column, title = measure_of(report, frame)
    assert column in frame.columns
    assert title
    labels = row_labels(frame)
    assert len(labels) == len(frame)
    if name == "Multiway":
        return
    if name not in IN_ORDER:  # sorted by what is drawn
        frame = frame.sort_values(column, ascending=False, kind="stable")
    labels = told_apart(row_labels(frame)[:5])
    data = next(iter(report.plot(5).to_dict()["datasets"].values()))
    np.testing.assert_allclose([row["measure"] for row in data], frame[column].head(5))
    assert [row["what"] for row in data] == labels
    assert all((row["sign"] == "below") == (row["measure"] < 0) for row in data)


def test_a_surface_is_the_posterior(reports: dict[str, Any], engine: fn.Engine) -> None:
    report = reports["Multiway"]
    layers = report.plot().to_dict()
    cells = max(layers["datasets"].values(), key=len)
    middle = cells[len(cells) // 2]
    assert middle["p"] == pytest.approx(float(report.at(middle["x"], middle["y"])))
    assert len(cells) == 21 * 21
