"""The story of a case: which variables it shows, and how wide its arcs are."""

import pytest

from fascinet.dashboard import layout, service
from fascinet.dashboard.state import Case
from fascinet.dashboard.story import in_context, story, strength, widths
from fascinet.dashboard.words import odds


def case() -> Case:
    made = service.resources().blank
    for variable, state in (
        ("age_group", "60+"), ("weakness", "objective"), ("atrophy", "yes"), ("sensory_loss", "no")
    ):  # fmt: skip
        made = made.with_state(variable, state)
    return made.with_likelihood("umn_signs", {"no": 0.2, "yes": 1.0})


def test_the_story_is_short_and_about_the_focus() -> None:
    shown = story(case(), "als")
    assert {"als", "twitching", "weakness", "atrophy"} <= set(shown)
    assert 7 <= len(shown) <= 16


@pytest.mark.parametrize("cause", ["als", "nerve_compression"])
def test_an_arc_is_as_wide_as_leaving_the_finding_out_moves_the_cause(cause: str) -> None:
    told = case()
    now = service.presence(service.beliefs(told), cause)
    for finding in ("weakness", "atrophy", "sensory_loss", "age_group"):
        without = service.presence(service.beliefs(told.with_state(finding, "")), cause)
        assert strength(told, cause, finding) == pytest.approx(abs(now - without), abs=1e-9)
        ratio = in_context(told, cause)[finding]
        assert odds(now) / odds(without) == pytest.approx(ratio, rel=1e-6)


def test_two_entered_ends_have_no_arc_between_them() -> None:
    told = case()
    (arc,) = widths(told, (("weakness", "atrophy"),))
    assert arc == ("weakness", "atrophy", 0.0)


def test_tests_stand_with_the_findings_in_a_story() -> None:
    """So that no arc to a test runs behind a finding."""
    network = service.resources().network
    drawn = layout.arrange(network, ("als", "twitching", "atrophy", "emg"), layout.STORY)
    assert [c["label"] for c in drawn.columns] == ["Causes", "Findings"]
