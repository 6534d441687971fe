"""Large noisy-MAX gates leave for tables as exact chains; the answers stay what they are."""

from pathlib import Path

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.model.formats import FormatWarning, read, write
from fascinet.model.formats.divorce import KIND, divorced
from fascinet.model.formats.pgmpy_bridge import to_pgmpy
from fascinet.model.formats.pyagrum_bridge import to_pyagrum
from fascinet.model.gates import Gate, NoisyMax, Table
from fascinet.model.network import Network
from fascinet.model.shipped import load
from tests.formats.support import gated, pyagrum
from tests.oracle import joint

TABLES_ONLY = [".bif", ".xmlbif", ".net", ".uai"]
SAID = (
    r"noisy-MAX gates \(written as full tables: .* and \d+ more; too large for one table and so "
    r"written as chains of small ones, exactly, with (\d+) auxiliary variables such as "
    r"'nerve_hyperexcitability_max2': 'nerve_hyperexcitability', 'nerve_irritation'"
)
CASES = (
    {"setting": "primary_care"},
    {"setting": "neuromuscular_clinic", "age_group": "60+", "sex": "male", "weakness": "objective"},
    {"setting": "primary_care", "age_group": "18-39", "sex": "male", "twitch_duration": "months"},
)
TARGETS = ("als", "bfs", "twitching", "twitch_duration", "weakness", "numbness_tingling", "emg")


def one_gate(cards: tuple[int, ...], states: int, seed: int) -> Network:
    """Return parents with random priors and one noisy-MAX child `x` of all of them."""
    rng = np.random.default_rng(seed)
    names = [f"c{k}" for k in range(len(cards))]
    links = tuple(rng.dirichlet(np.ones(states), size=card) for card in cards)
    gates: dict[str, Gate] = {
        n: Table(rng.dirichlet(np.ones(card))) for n, card in zip(names, cards, strict=True)
    }
    gates["x"] = NoisyMax(links, rng.dirichlet(np.ones(states)))
    labels = {n: tuple("abcd"[:card]) for n, card in zip(names, cards, strict=True)}
    return Network(labels | {"x": tuple("0123"[:states])}, {"x": names}, gates)


@pytest.mark.parametrize(
    ("cards", "states"), [((2, 2, 2), 2), ((2, 3, 2, 4), 3), ((2, 2, 3, 2, 2), 4)]
)
def test_summing_the_auxiliary_variables_out_gives_the_gate_back(
    cards: tuple[int, ...], states: int
) -> None:
    network = one_gate(cards, states, seed=sum(cards))
    apart = divorced(network, limit=1)
    steps = apart.chains["x"]
    assert len(steps) == len(cards) - 2
    assert apart.network.variables == (*network.variables, *steps)
    assert all(len(apart.network.parents(v)) <= 2 for v in apart.network.variables)
    table = joint(apart.network)
    table = table.sum(axis=tuple(range(len(network.variables), table.ndim)))
    np.testing.assert_allclose(table, joint(network), rtol=1e-14, atol=1e-17)


def test_small_gates_and_other_gates_are_left_alone() -> None:
    network = gated()
    assert divorced(network, limit=1).network is network
    assert divorced(one_gate((2, 2, 2), 2, 1)).chains == {}


def test_names_that_are_taken_are_not_used_again() -> None:
    network = one_gate((2, 2, 2, 2), 2, 3)
    states = {v: network.states(v) for v in network.variables} | {"x_max3": ("n", "y")}
    gates = {v: network.gate(v) for v in network.variables}
    taken = network.replace(states=states, gates=gates | {"x_max3": Table(np.array([0.5, 0.5]))})
    assert divorced(taken, limit=1).chains == {"x": ("x__max2", "x__max3")}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(load())


@pytest.mark.parametrize("suffix", TABLES_ONLY)
def test_the_shipped_network_goes_through_tables(
    suffix: str, engine: Engine, tmp_path: Path
) -> None:
    network, path = engine.network, tmp_path / f"shipped{suffix}.gz"
    with pytest.warns(FormatWarning, match=SAID) as caught:
        write(network, path)
    assert len(caught) == 1
    again = read(path)
    names = again.variables[: len(network.variables)]
    assert suffix == ".uai" or names == network.variables
    own = dict(zip(network.variables, names, strict=True))
    other = Engine(again)
    for case in CASES:
        named = {own[v]: again.states(own[v])[network.states(v).index(s)] for v, s in case.items()}
        for v in TARGETS:
            if v in case:
                continue
            expected = engine.posterior(case, targets=[v])[v]
            got = other.posterior(named, targets=[own[v]])[own[v]]
            np.testing.assert_allclose(
                list(got.values()), list(expected.values()), rtol=0, atol=1e-12
            )


def test_what_is_not_taken_apart_comes_back_bit_for_bit(tmp_path: Path) -> None:
    network = load()
    with pytest.warns(FormatWarning):
        write(network, tmp_path / "n.bif")
    again = read(tmp_path / "n.bif")
    chains = divorced(network).chains
    assert {"twitch_duration", "twitch_spread", "weakness"} <= set(chains)
    for v in network.variables:
        assert again.states(v) == network.states(v)
        if v not in chains:
            assert again.parents(v) == network.parents(v)
            np.testing.assert_array_equal(again.cpt(v), network.cpt(v))
    added = again.variables[len(network.variables) :]
    assert added == tuple(a for steps in chains.values() for a in steps)
    assert all(again.meta[a]["kind"] == KIND for a in added)


@pytest.mark.parametrize(
    "targets", [("als",), pytest.param(("twitching", "emg"), marks=pytest.mark.slow)]
)
def test_pyagrum_reads_the_shipped_network_and_gives_our_posteriors(
    engine: Engine, targets: tuple[str, ...], tmp_path: Path
) -> None:
    gum = pyagrum()
    with pytest.warns(FormatWarning):
        write(engine.network, tmp_path / "n.bifxml")
    with pytest.warns(FormatWarning, match="pyAgrum cannot hold .* chains"):
        same = to_pyagrum(engine.network)
    case = CASES[1]
    for net in (gum.loadBN(str(tmp_path / "n.bifxml")), same):
        for v in targets:
            inference = gum.LazyPropagation(net)
            inference.setTargets({v})
            inference.setEvidence(case)
            inference.makeInference()
            expected = list(engine.posterior(case, targets=[v])[v].values())
            np.testing.assert_allclose(
                inference.posterior(v).tolist(), expected, rtol=0, atol=1e-12
            )


def test_the_shipped_network_becomes_a_pgmpy_one(engine: Engine) -> None:
    from pgmpy.inference import VariableElimination

    with pytest.warns(FormatWarning, match="pgmpy cannot hold .* chains"):
        model = to_pgmpy(engine.network)
    case = CASES[0]
    got = VariableElimination(model).query(["als"], evidence=case, show_progress=False)
    expected = list(engine.posterior(case, targets=["als"])["als"].values())
    np.testing.assert_allclose(got.values, expected, rtol=0, atol=1e-12)
