"""Where the best decisions change: against published thresholds and against solving again."""

import numpy as np
import pandas as pd
import pytest

import fascinet as fn
from fascinet.engine.analyses.covariation import vary
from tests.influence_diagrams.diagrams import oil, random_diagram, treatment


def row_of(frame: pd.DataFrame, name: str, state: str, parents: dict[str, str]) -> pd.Series:
    same = (frame["name"] == name) & (frame["state"] == state) & (frame["parents"] == parents)
    assert same.sum() == 1
    return frame[same].iloc[0]


def test_thresholds_of_treatment_are_those_of_pauker_and_kassirer() -> None:
    benefit, harm, tpr, fpr = 0.35, 0.05, 0.9, 0.1
    low = fpr * harm / (fpr * harm + tpr * benefit)
    high = (1 - fpr) * harm / ((1 - fpr) * harm + (1 - tpr) * benefit)
    frame = fn.solve(treatment(0.2)).sensitivity().to_frame()
    ill = row_of(frame, "ill", "yes", {})
    assert (ill["low"], ill["high"]) == (pytest.approx(low), pytest.approx(high))
    assert (ill["below"], ill["above"]) == ("plan=wait", "plan=treat")
    one = row_of(fn.solve(treatment(0.5 * low)).sensitivity().to_frame(), "ill", "yes", {})
    assert np.isnan(one["low"]) and one["high"] == pytest.approx(low)
    # treating the ill must be worth more than harming the well: benefit at which waiting is as good
    value = row_of(frame, "outcome", "", {"ill": "yes", "treated": "yes"})
    assert value["low"] == pytest.approx(harm * fpr * 0.8 / (tpr * 0.2))
    assert value["below"] == "plan=wait"


def test_the_oil_wildcatter_drills_for_less_and_tests_while_it_is_cheap() -> None:
    frame = fn.solve(oil()).sensitivity().to_frame()
    cost = row_of(frame, "cost", "", {"test": "yes"})
    assert cost["low"] == pytest.approx(-12.5)  # what the test is worth
    assert cost["below"] == "test=no"
    assert not fn.solve(oil()).sensitivity().title().startswith("0 ")


@pytest.mark.parametrize("seed", range(10))
def test_the_policies_are_best_within_the_interval_and_not_beyond(seed: int) -> None:
    diagram = random_diagram(seed, size=4)
    solution = fn.solve(diagram)
    network = diagram.network
    for _, row in solution.sensitivity().to_frame().iterrows():
        if row["kind"] != "probability" or not hasattr(network.gate(row["name"]), "values"):
            continue
        v, at = row["name"], tuple(
            network.state_index(u, s) for u, s in row["parents"].items())  # fmt: skip
        entry = network.state_index(v, row["state"])

        def gap(x: float, v: str = v, at: tuple = at, entry: int = entry) -> float:
            """Return by how much the best policies at x earn more than the present ones."""
            table = network.cpt(v).copy()
            table[at] = vary(table[at], entry, x)
            other = diagram.replace(network=network.with_cpt(v, table))
            kept = solution.network.with_cpt(v, table)
            engine = fn.Engine(kept)
            now = sum(float((engine.joint(u.parents).table * u.values).sum())
                      for u in other.terms)  # fmt: skip
            return fn.solve(other).expected_utility - now

        for end, far in ((row["low"], 0.0), (row["high"], 1.0)):
            inner = far if np.isnan(end) else end
            assert gap(row["value"] + 0.999 * (inner - row["value"])) < 1e-7
            if not np.isnan(end) and abs(far - end) > 1e-6:
                assert gap(0.5 * (end + far)) > 0.0


def test_what_cannot_come_about_yet_changes_no_decision() -> None:
    """A result of none after the test has no best choice while it is impossible."""
    frame = fn.solve(oil()).sensitivity().to_frame()
    row = row_of(frame, "result", "none", {"test": "yes", "oil": "dry"})
    assert np.isnan(row["high"]) or row["high"] > 0.01
