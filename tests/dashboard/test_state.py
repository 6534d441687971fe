"""The typed state: edits, history, and the code in the link."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascinet.dashboard.links import LINK_LIMIT, from_link, to_link
from fascinet.dashboard.state import DEFAULT_SETTING, Case, Session, apply

STATES = {
    "weakness": ("none", "subjective", "objective"),
    "atrophy": ("no", "yes"),
    "age_group": ("18-39", "40-59", "60+"),
    "setting": ("general", "primary_care", "neuromuscular_clinic"),
}
BLANK = Case()


def cases() -> st.SearchStrategy[Case]:
    hard = st.dictionaries(st.just("weakness"), st.sampled_from(STATES["weakness"]))
    ages = st.dictionaries(st.just("age_group"), st.sampled_from(STATES["age_group"]))
    soft = st.integers(0, 100).filter(lambda n: n != 50)
    return st.builds(_case, hard, ages, soft, st.sampled_from(STATES["setting"]), st.booleans())


def _case(
    hard: dict[str, str], ages: dict[str, str], likely: int, setting: str, paused: bool
) -> Case:
    case = Case(setting, tuple({**hard, **ages}.items()))
    case = case.with_likelihood("atrophy", {"no": (100 - likely) / 100, "yes": likely / 100})
    return case.with_pause("atrophy") if paused else case


@given(cases())
def test_a_link_gives_the_case_back(case: Case) -> None:
    back, notices = from_link(to_link(case), STATES)
    assert notices == []
    assert back == case


@pytest.mark.parametrize(
    "link",
    [
        {"e": "weakness.enormous"},
        {"e": "<script>alert(1)</script>.yes"},
        {"e": "atrophy"},
        {"e": "atrophy."},
        {"l": "atrophy.yes:abc,no:1"},
        {"l": "atrophy.yes:900,no:1"},
        {"p": "nothing"},
        {"s": "hospital"},
        {"e": "x" * (LINK_LIMIT + 1)},
    ],
)
def test_a_tampered_link_is_refused_with_a_message(link: dict[str, str]) -> None:
    case, notices = from_link(link, STATES)
    assert case == BLANK
    assert len(notices) == 1


def test_a_good_part_of_a_tampered_link_is_kept() -> None:
    case, notices = from_link({"e": "atrophy.yes~ghost.yes"}, STATES)
    assert case.values == {"atrophy": "yes"}
    assert "ghost" in notices[0]


@pytest.mark.parametrize(
    "edit",
    [
        {"op": "set", "id": "ghost", "state": "yes"},
        {"op": "set", "id": "atrophy", "state": "maybe"},
        {"op": "soft", "id": "atrophy", "likelihood": {"yes": 2, "no": 0}},
        {"op": "soft", "id": "atrophy", "likelihood": "all"},
        {"op": "soft", "id": "atrophy", "likelihood": {"yes": 0, "no": 0}},
        {"op": "explode"},
        {},
    ],
)
def test_an_edit_that_makes_no_sense_changes_nothing(edit: dict[str, object]) -> None:
    session = Session()
    apply(session, edit, STATES, BLANK)
    assert session.case == BLANK
    assert session.past == []


def test_undo_redo_and_reset() -> None:
    session = Session()
    apply(session, {"op": "set", "id": "atrophy", "state": "yes"}, STATES, BLANK)
    apply(session, {"op": "context", "id": "setting", "value": "general"}, STATES, BLANK)
    assert session.case.setting == "general"
    apply(session, {"op": "undo"}, STATES, BLANK)
    assert session.case.setting == DEFAULT_SETTING
    apply(session, {"op": "undo"}, STATES, BLANK)
    assert session.case == BLANK
    apply(session, {"op": "redo"}, STATES, BLANK)
    assert session.case.values == {"atrophy": "yes"}
    apply(session, {"op": "reset"}, STATES, BLANK)
    assert session.case == BLANK
    apply(session, {"op": "undo"}, STATES, BLANK)
    assert session.case.values == {"atrophy": "yes"}


def test_a_paused_finding_is_kept_but_is_no_evidence() -> None:
    case = Case().with_state("atrophy", "yes").with_pause("atrophy")
    assert case.values == {"atrophy": "yes"}
    assert case.evidence == {}
    assert case.with_pause("atrophy").evidence == {"atrophy": "yes"}
    assert case.with_state("atrophy", "").paused == frozenset()


def test_equal_likelihoods_say_nothing() -> None:
    case = Case().with_likelihood("atrophy", {"no": 0.5, "yes": 0.5})
    assert case == replace(BLANK)
