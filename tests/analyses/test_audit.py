"""Measures of forecasts against scikit-learn, monitors against loops, and a page that opens."""

import doctest
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

import fascinet as fn
from fascinet.engine.analyses import audit as audits
from fascinet.engine.analyses import scores
from fascinet.engine.analyses.monitors import monitors
from fascinet.engine.api.frame_codes import encode
from fascinet.model.errors import FascinetError


def forecasts(seed: int, size: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(size), 2).clip(0.01, 0.99)
    return p, rng.random(size) < 1 / (1 + np.exp(-(0.4 + 0.7 * np.log(p / (1 - p)))))


def test_examples_run() -> None:
    for module in (audits, scores):
        assert doctest.testmod(module).failed == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_measures_are_those_of_scikit_learn(seed: int) -> None:
    p, y = forecasts(seed)
    found = audits.measures_of(p, y)
    assert found["AUC"].value == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert found["Brier score"].value == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert found["log score"].value == pytest.approx(-log_loss(y, p), abs=1e-9)
    logit = np.log(p / (1 - p))[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = LogisticRegression(C=1e12, tol=1e-10, max_iter=2000).fit(logit, y)
    assert found["calibration slope"].value == pytest.approx(theirs.coef_[0, 0], abs=1e-4)
    assert found["calibration slope"].low < 0.7 + 0.35


def test_the_interval_of_the_auc_covers_it() -> None:
    """The true area of two normals one apart is Φ(1/√2) = 0.7602."""
    rng, hits = np.random.default_rng(0), 0
    for _ in range(300):
        y = np.arange(120) < 50
        p = 1 / (1 + np.exp(-rng.normal(y.astype(float), 1.0)))
        found = scores.auc(p, y)
        hits += found.low < 0.76025 < found.high
    assert 0.92 < hits / 300 < 0.98


def test_net_benefit_is_that_of_the_formula_and_calibration_bins_hold_all_cases() -> None:
    p, y = forecasts(1)
    curve = scores.net_benefit(p, y, np.array([0.2, 0.5]))
    for k, t in enumerate((0.2, 0.5)):
        acted = p >= t
        want = (acted & y).sum() / len(y) - (acted & ~y).sum() / len(y) * t / (1 - t)
        assert curve["model"][k] == pytest.approx(want)
        assert curve["all"][k] == pytest.approx(y.mean() - (1 - y.mean()) * t / (1 - t))
    bins = scores.calibration_bins(p, y, 7)
    assert bins["n"].sum() == len(p)
    assert (bins["observed"] * bins["n"]).sum() == pytest.approx(y.sum())
    assert (bins["low"] <= bins["observed"]).all() and (bins["observed"] <= bins["high"]).all()


def test_certain_or_one_sided_forecasts_have_no_slope() -> None:
    y = np.arange(10) < 5
    assert math.isnan(scores.recalibration(np.where(y, 1.0, 0.0), y)[1].value)
    assert math.isnan(scores.recalibration(np.where(y, 0.9, 0.1), y)[1].value)
    assert math.isnan(scores.auc(np.full(4, 0.5), np.ones(4, bool)).value)


# ---------------------------------------------------------------- monitors


def test_monitors_are_those_of_the_formula() -> None:
    asia = fn.example("asia")
    frame = fn.simulate(asia, 300, missing=0.2, seed=3)
    found = pd.DataFrame(monitors(asia, encode(asia, frame)))
    for _, row in found.iterrows():
        parents = asia.parents(row["variable"])
        if parents and not row["parents"]:
            continue
        cases = frame[frame[[row["variable"], *parents]].notna().all(axis=1)]
        for u, s in row["parents"].items():
            cases = cases[cases[u] == s]
        at = tuple(asia.states(u).index(row["parents"][u]) for u in parents)
        p = dict(zip(asia.states(row["variable"]), asia.cpt(row["variable"])[at], strict=True))
        mean = -sum(x * math.log(x) for x in p.values() if x)
        spread = sum(x * math.log(x) ** 2 for x in p.values() if x) - mean**2
        assert row["n"] == len(cases)
        assert row["score"] == pytest.approx(-sum(math.log(p[s]) for s in cases[row["variable"]]))
        if spread > 1e-12:
            want = (row["score"] - row["n"] * mean) / math.sqrt(row["n"] * spread)
            assert row["z"] == pytest.approx(want, abs=1e-9)


def test_monitors_are_about_normal_while_the_network_is_right_and_large_where_it_is_not() -> None:
    alarm = fn.example("alarm")
    frame = fn.simulate(alarm, 3000, seed=5)
    right = pd.DataFrame(monitors(alarm, encode(alarm, frame)))
    nodes = right[[not given for given in right["parents"]]]
    assert nodes["z"].abs().max() < 4.5
    assert 0.6 < nodes["z"].std() < 1.4
    wrong = alarm.copy_with(tables={"HYPOVOLEMIA": [0.05, 0.95]})
    found = pd.DataFrame(monitors(wrong, encode(wrong, frame)))
    worst = found.loc[found["z"].abs().idxmax()]
    assert worst["variable"] == "HYPOVOLEMIA"
    assert worst["z"] > 10


def test_what_a_row_calls_impossible_is_counted() -> None:
    asia = fn.example("asia")
    frame = pd.DataFrame({"either": ["no"], "lung": ["yes"], "tub": ["no"]})
    found = pd.DataFrame(monitors(asia, encode(asia, frame))).query("variable == 'either'")
    assert (found["impossible"] == 1).all()
    assert np.isposinf(found["z"]).all()


# ---------------------------------------------------------------- the audit


@pytest.fixture(scope="module")
def found() -> fn.audit:
    asia = fn.example("asia")
    cases = fn.simulate(asia, 1500, missing=0.2, seed=2)
    cases["site"] = np.where(np.arange(1500) % 3 == 0, "north", "south")
    return fn.audit(asia, cases, "bronc", "yes", groups=["site", "smoke"])


def test_forecasts_leave_the_outcome_out(found) -> None:
    asia = fn.example("asia")
    cases = fn.simulate(asia, 1500, missing=0.2, seed=2)
    known = cases[cases["bronc"].notna()]
    want = fn.Engine(asia).posteriors(known.drop(columns="bronc"), targets=["bronc"])["bronc=yes"]
    np.testing.assert_allclose(found.forecast, want.to_numpy(), atol=1e-12)
    np.testing.assert_array_equal(found.outcome, known["bronc"].eq("yes").to_numpy())
    assert found.unused == 1500 - len(known)


def test_the_right_network_is_calibrated(found) -> None:
    slope, intercept = (found.measures[f"calibration {k}"] for k in ("slope", "intercept"))
    assert slope.low < 1 < slope.high
    assert intercept.low < 0 < intercept.high
    assert set(found.subgroups["group"]) == {"site", "smoke"}
    sites = found.subgroups.query("group == 'site'")
    assert sites["n"].sum() == len(found.outcome)
    assert "unknown" in set(found.subgroups.query("group == 'smoke'")["value"])


def test_an_audit_is_a_page_charts_and_json(found, tmp_path: Path) -> None:
    found.save(tmp_path / "audit.html")
    page = (tmp_path / "audit.html").read_text()
    for word in ("Calibration", "Decision curve", "Monitors", "Subgroups", "<svg", "AUC"):
        assert word in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    found.save(tmp_path / "audit.svg")
    assert (tmp_path / "audit.svg").read_text().startswith("<svg")
    assert '"rows"' in found.to_json()
    assert "Forecasts of bronc=yes" in repr(found)


WRONG = [
    ({"target": "bronk"}, "did you mean 'bronc'"),
    ({"state": "yse"}, "did you mean 'yes'"),
    ({"target": "lung"}, "expected the outcome in a column 'lung'"),
    ({"groups": "sitte"}, "did you mean 'site'"),
    ({"groups": None}, "unknown variable 'site'"),
    ({"ignore": "smoek"}, "did you mean 'smoke'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_bad_audits_are_refused(options, message: str) -> None:
    cases = pd.DataFrame({"bronc": ["yes", "no"] * 3, "smoke": ["yes"] * 6, "site": ["n"] * 6})
    wanted = {"target": "bronc", "state": "yes", "groups": "site"} | options
    with pytest.raises(FascinetError, match=message):
        fn.audit(fn.example("asia"), cases, **wanted)


def test_one_outcome_alone_is_refused() -> None:
    cases = pd.DataFrame({"bronc": ["yes"] * 5, "smoke": ["yes"] * 5})
    with pytest.raises(FascinetError, match="got 5 and 0"):
        fn.audit(fn.example("asia"), cases, "bronc", "yes")
