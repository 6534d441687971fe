"""The record of a diagnosis as a collection of its causes."""

import pytest

import fascinet as fn


@pytest.fixture(scope="module")
def found() -> fn.Differential:
    return fn.diagnose({"weakness": "objective", "atrophy": "yes"})


def test_a_differential_iterates_over_its_causes_best_first(found: fn.Differential) -> None:
    causes = list(found)
    assert tuple(causes) == found.differential
    assert len(found) == len(causes)
    assert found[0] is causes[0]
    assert found[-1] is causes[-1]
    assert found["als"].cause == "als"
    assert "als" in found and causes[0] in found
    assert "alss" not in found and None not in found


def test_what_is_not_in_it_is_named(found: fn.Differential) -> None:
    with pytest.raises(KeyError, match="unknown cause 'alss': did you mean 'als'"):
        found["alss"]
    with pytest.raises(fn.errors.UnknownCauseError):
        found["als=yes"]
    with pytest.raises(IndexError):
        found[10_000]


def test_the_posterior_is_always_there(found: fn.Differential) -> None:
    assert found.posterior["als"]["yes"] == pytest.approx(found["als"].posterior, abs=1e-9)
    assert "findings" in repr(found)
