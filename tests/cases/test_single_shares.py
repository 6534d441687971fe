"""Responsibilities without groups take a shorter way; they are the same."""

import pytest

from fascinet.engine.clinic.reasoner import shipped_reasoner

CASES = [
    {"weakness": "objective", "atrophy": "yes", "age": 62},
    {"eyelid_twitch": "yes", "cramps": "yes"},
]


@pytest.mark.parametrize("case", CASES, ids=["weak", "eyelid"])
def test_causes_have_the_same_responsibility_without_groups(case: dict[str, object]) -> None:
    answers = [shipped_reasoner().diagnose(case, groups=groups) for groups in (True, False)]
    full, alone = ({e.cause: e.responsibility for e in a.differential} for a in answers)
    assert len(full) > 30
    assert alone == pytest.approx(full, abs=1e-12)
