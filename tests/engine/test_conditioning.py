"""What exceeds the budget is worked given each state of a few roots, and says the same."""

import numpy as np
import pytest

import fascinet as fn
from fascinet.engine.analyses.value_of_information import value_of_information
from fascinet.engine.run.conditioning import Cutset
from fascinet.model.errors import BudgetError, ImpossibleEvidenceError
from fascinet.model.gates import Gate, Table, noisy_or
from fascinet.model.network import Network


@pytest.fixture(scope="module")
def grid() -> Network:
    """Causes under two common roots, and findings that each have all causes for parents."""
    rng = np.random.default_rng(5)
    causes = [f"c{i}" for i in range(7)]
    states = {"age": ("young", "old", "older"), "sex": ("f", "m")}
    parents: dict[str, tuple[str, ...]] = {"age": (), "sex": ()}
    gates: dict[str, Gate] = {
        "age": Table(np.array([0.5, 0.3, 0.2])),
        "sex": Table(np.array([0.6, 0.4])),
    }
    for cause in causes:
        states[cause], parents[cause] = ("no", "yes"), ("age", "sex")
        gates[cause] = Table(rng.dirichlet([3, 1], (3, 2)))
    for j in range(4):
        states[f"f{j}"], parents[f"f{j}"] = ("no", "yes"), tuple(causes)
        gates[f"f{j}"] = noisy_or(rng.uniform(0.1, 0.9, 7).tolist(), 0.01)
    return Network(states, parents, gates, name="grid")


EVIDENCE = {f"f{j}": "yes" for j in range(4)}


@pytest.mark.parametrize("targets", [None, ["c1", "age"]])
@pytest.mark.parametrize("soft", [{}, {"age": [0.0, 1.0, 2.0], "c3": [0.2, 1.0]}])
def test_given_each_state_of_the_roots_the_answer_is_that_of_the_whole(
    grid: Network, targets: list[str] | None, soft: dict[str, list[float]]
) -> None:
    engine = fn.Engine(grid)
    whole = engine.posterior(EVIDENCE, soft=soft, targets=targets)
    needed = engine.log_prob_evidence(EVIDENCE, soft=soft)
    with pytest.raises(BudgetError) as error:
        fn.Engine(grid, budget=4).posterior(EVIDENCE, soft=soft, targets=targets)
    small = fn.Engine(grid, budget=int(error.value.entries) - 1)
    parts = small.posterior(EVIDENCE, soft=soft, targets=targets)
    assert parts.log_prob_evidence == pytest.approx(whole.log_prob_evidence, abs=1e-12)
    assert small.log_prob_evidence(EVIDENCE, soft=soft) == pytest.approx(needed, abs=1e-12)
    for v in targets or grid.variables:
        np.testing.assert_allclose(parts.array(v), whole.array(v), atol=1e-12)


def test_what_is_impossible_is_so_in_parts(grid: Network) -> None:
    table = np.array(grid.cpt("c0"))
    table[:] = [1.0, 0.0]
    network = grid.with_cpt("c0", table)
    with pytest.raises(BudgetError) as error:
        fn.Engine(network, budget=4).posterior(EVIDENCE)
    small = fn.Engine(network, budget=int(error.value.entries) - 1)
    with pytest.raises(ImpossibleEvidenceError, match="c0"):
        small.posterior(EVIDENCE | {"c0": "yes"})


def test_joint_states_without_a_share_count_for_nothing(grid: Network) -> None:
    engine = fn.Engine(grid)
    cutset = Cutset.of(engine.arrays, [grid.index["age"]])
    logs, shares = cutset.join(
        np.array([[-1.0, -np.inf, -800.0], [-np.inf] * 3]), np.array([[2.0, 1.0, 0.0], [1.0] * 3])
    )
    assert logs.tolist() == [pytest.approx(-1.0 + np.log(2.0)), -np.inf]
    assert shares.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize("target", ["c1", "age"])
def test_cases_of_one_pattern_are_worked_in_parts_too(grid: Network, target: str) -> None:
    def pairs(engine: fn.Engine) -> dict[tuple[str, str], np.ndarray]:
        return dict(value_of_information(engine, target, EVIDENCE).pairs)

    with pytest.raises(BudgetError) as error:
        pairs(fn.Engine(grid, budget=4))
    whole, parts = pairs(fn.Engine(grid)), pairs(fn.Engine(grid, budget=error.value.entries - 1))
    assert whole.keys() == parts.keys()
    for pair, joint in whole.items():
        np.testing.assert_allclose(parts[pair], joint, atol=1e-12)
