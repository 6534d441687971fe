"""Numbers become the states that the cut points say, and the loss is told."""

import doctest

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.engine.learning import discretise as room
from fascinet.model.errors import FascinetError


def test_examples_run() -> None:
    assert doctest.testmod(room).failed == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.none() | st.integers(-50, 50), min_size=1, max_size=30),
    st.lists(st.integers(-40, 40), min_size=1, max_size=5, unique=True),
)
def test_a_state_says_between_which_cut_points_a_number_lies(numbers, points) -> None:
    cuts = sorted(points)
    found = fn.discretise(pd.DataFrame({"x": numbers}, dtype=object), {"x": cuts})
    for number, state in zip(numbers, found.frame["x"], strict=True):
        if number is None:
            assert state is None
        else:
            assert found.states["x"].index(state) == sum(number >= c for c in cuts)
    assert 0.0 <= found.kept["x"] <= 1.0 + 1e-12


def test_quantiles_make_states_of_equal_size_and_serve_other_data() -> None:
    rng = np.random.default_rng(0)
    found = fn.discretise(pd.DataFrame({"x": rng.normal(size=900)}), {"x": 3})
    assert set(found.frame["x"].value_counts()) == {300}
    again = found.apply(pd.DataFrame({"x": [-10.0, 0.0, 10.0]}))
    assert tuple(again.frame["x"]) == found.states["x"]
    assert found.kept["x"] == pytest.approx(0.79, abs=0.02)  # of a normal in three equal parts


def test_states_of_a_network_are_learnt_from_numbers() -> None:
    b = fn.NetworkBuilder().variable("ck", ["normal", "raised"]).variable("ill")
    b.table("ill", 0.5).table("ck", [[0.5, 0.5], [0.5, 0.5]], parents=["ill"])
    data = pd.DataFrame({"ck": [80, 90, 900, 100, 1200], "ill": ["no", "no", "yes", "no", "yes"]})
    found = fn.discretise(data, {"ck": [200]}, labels={"ck": ["normal", "raised"]})
    network = fn.learn(b.build(), found.frame, sample_size=0).network
    assert network.cpt("ck")[1, 1] == pytest.approx(1.0)


WRONG = [
    ({"y": [1]}, None, "unknown column to cut 'y'"),
    ({"x": [2, 1]}, None, "expected increasing cut points"),
    ({"x": []}, None, "expected increasing cut points"),
    ({"x": [float("nan")]}, None, "expected increasing cut points"),
    ({"x": 1}, None, "expected 2 states or more"),
    ({"x": 5}, None, "too few different numbers for 5 states"),
    ({"x": [2]}, {"x": ["a"]}, "expected 2 different labels"),
    ({"x": [2]}, {"y": ["a", "b"]}, "unknown column with labels 'y'"),
    ({"z": [2]}, None, "column 'z', row 2: expected a number, got 'many'"),
]


@pytest.mark.parametrize(("cuts", "labels", "message"), WRONG)
def test_bad_cuts_are_refused(cuts, labels, message: str) -> None:
    frame = pd.DataFrame({"x": [1, 2, 2, 2], "z": [1, "many", 2, 3]})
    with pytest.raises(FascinetError, match=message):
        fn.discretise(frame, cuts, labels=labels)
