"""Numbers and intervals as evidence: every interval against the states of the numbers inside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.model.errors import CaseError, FormatError
from fascinet.model.quantity import Quantity, parse_interval, told_states

CK = Quantity("U/L", (200.0, 2000.0), ("normal", "raised", "very_high"), "normal", {"ukat/L": 60.0})
POTASSIUM = Quantity("mmol/L", (3.5, 5.0), ("low", "normal", "high"), "normal", {"mg/dL": 0.2558})


def state_of(quantity: Quantity, value: float) -> str:
    """Return the state of one number by the definition alone."""
    at = quantity.order.index(quantity.normal)
    low = quantity.cuts[at - 1] if at else -np.inf
    high = quantity.cuts[at] if at < len(quantity.cuts) else np.inf
    if low <= value <= high:
        return quantity.normal
    if value > high:
        return quantity.order[sum(value > c for c in quantity.cuts)]
    return quantity.order[sum(value >= c for c in quantity.cuts)]


@pytest.mark.parametrize("quantity", [CK, POTASSIUM])
@given(data=st.data())
@settings(max_examples=60, derandomize=True, deadline=None)
def test_an_interval_leaves_the_states_of_the_numbers_in_it(
    quantity: Quantity, data: st.DataObject
) -> None:
    grid = sorted({0.0, *(c + d for c in quantity.cuts for d in (-1.0, -0.5, 0.0, 0.5, 1.0))})
    low, high = sorted(data.draw(st.lists(st.sampled_from(grid), min_size=2, max_size=2)))
    ends = (data.draw(st.booleans()), data.draw(st.booleans())) if low < high else (True, True)
    inside = np.array(sorted({*grid, *(x + 0.25 for x in grid)}))
    inside = inside[(inside > low) | (ends[0] & (inside == low))]
    inside = inside[(inside < high) | (ends[1] & (inside == high))]
    expected = {state_of(quantity, x) for x in inside}
    assert set(quantity.states(low, high, ends)) == expected


@pytest.mark.parametrize(
    ("text", "states"),
    [
        (">1000", "raised very_high"),
        (">= 2000 U/L", "raised very_high"),
        (">2000 u/l", "very_high"),
        ("<=200", "normal"),
        ("<=200.5", "normal raised"),
        ("50 to 300", "normal raised"),
        ("40 ukat/L", "very_high"),
        ("3.3 µkat/L", "normal"),
        ("≥1e1", "normal raised very_high"),
        (17, "normal"),
    ],
)
def test_texts_as_people_write_them(text: object, states: str) -> None:
    found = told_states(text, CK, ("normal", "raised", "very_high"))
    assert found is not None
    assert " ".join(("normal", "raised", "very_high")[k] for k in found) == states


@pytest.mark.parametrize(
    "text", ["raised", "", "1000 <", "> ", "5 to 4", "nan", "inf", "1,5", "--3", True]
)
def test_what_is_no_interval(text: object) -> None:
    assert told_states(text, CK, ("normal", "raised", "very_high")) is None


def test_a_state_named_like_an_interval_is_that_state() -> None:
    assert told_states(">=60", None, ("<40", "40-60", ">=60")) is None
    assert parse_interval(">=60") is not None


def test_an_unknown_unit_and_missing_cut_points_are_refused() -> None:
    with pytest.raises(FormatError, match="unit 'mg' is not known: expected mmol/L or mg/dL"):
        told_states("3 mg", POTASSIUM, POTASSIUM.order)
    with pytest.raises(FormatError, match="no cut points"):
        told_states(">3", None, ("no", "yes"))


def test_a_laboratory_has_its_own_range() -> None:
    own = CK.with_range(None, 5.0, "ukat/L")
    assert own.cuts == (300.0, 3000.0)
    assert POTASSIUM.with_range(3.4, 5.3).cuts == (3.4, 5.3)


def test_a_diagnosis_takes_numbers() -> None:
    by_number = fn.diagnose({"ck": ">2000", "serum_k": 3.1}, "primary_care")
    by_state = fn.diagnose({"ck": "very_high", "serum_k": "low"}, "primary_care")
    assert by_number.log_prob_evidence == by_state.log_prob_evidence
    assert "ck >2000: very_high" in by_number.warnings
    partly = fn.diagnose({"ck": ">1000", "weakness": "objective"}, "primary_care")
    assert dict(partly.soft["ck"]) == {"normal": 0.0, "raised": 1.0, "very_high": 1.0}
    assert "ck >1000: raised or very_high" in partly.warnings
    parts = [
        np.exp(fn.diagnose({"ck": s, "weakness": "objective"}, "primary_care").log_prob_evidence)
        for s in ("raised", "very_high")
    ]
    assert np.exp(partly.log_prob_evidence) == pytest.approx(sum(parts), rel=1e-9)
    with pytest.raises(CaseError, match="unit 'mg' is not known"):
        fn.diagnose({"serum_k": "<3 mg"})
    with pytest.raises(CaseError, match="no cut points"):
        fn.diagnose({"mri": ">3"})
