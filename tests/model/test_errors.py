"""Errors as their readers meet them: short enough to read, the same after a trip to a process."""

import copy
import pickle
from collections.abc import Callable

import pytest

from fascinet import errors

LONG = "x" * 5000
CASES: dict[str, Callable[[], errors.FascinetError]] = {
    "variable": lambda: errors.UnknownVariableError("weaknes", ["weakness"]),
    "state": lambda: errors.UnknownStateError("weakness", "yess", ["yes", "no"]),
    "cause": lambda: errors.UnknownCauseError("alz", ["als"]),
    "option": lambda: errors.OptionError("report", "reech", ["reach"]),
    "impossible": lambda: errors.ImpossibleEvidenceError({"a": "yes", "b": "no"}),
    "budget": lambda: errors.BudgetError(30, 1e12, 1e8),
    "convergence": lambda: errors.ConvergenceError(100, 0.1, 1e-9),
    "knowledge": lambda: errors.KnowledgeError(["one", "another"]),
    "format": lambda: errors.FormatError("file.xdsl:4: unknown state"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_of_a_worker_process_arrives_as_it_was(name: str) -> None:
    """A process pool breaks on an error that cannot be pickled."""
    error = CASES[name]()
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


@pytest.mark.parametrize(
    "error",
    [
        errors.FormatError(f"file.xdsl:40: unknown state {LONG!r}"),
        errors.UnknownStateError("weakness", LONG, [LONG + "a", "b"]),
        errors.UnknownVariableError("weakness", [f"{LONG}{n}" for n in range(12)]),
        errors.UnknownVariableError("weakness", ["weak"], nearest=[LONG, "two words " * 500]),
        errors.ImpossibleEvidenceError({LONG: "yes", "b": LONG}),
    ],
)
def test_a_name_out_of_a_damaged_file_does_not_fill_the_screen(
    error: errors.FascinetError,
) -> None:
    assert len(str(error)) < 2000
    assert "weakness" in str(error) or "x...x" in str(error)
