"""Graph questions against the numbers they stand for."""

from itertools import product

import numpy as np
import pytest

import fascinet as fn
from fascinet.model.errors import FormatError, UnknownVariableError

ASIA = fn.example("asia")


@pytest.mark.parametrize("given", ["smoke", ["smoke", "dysp"], [], ["either"]])
def test_separated_variables_are_independent_and_others_are_not(given: str | list[str]) -> None:
    engine, names = fn.Engine(ASIA), [given] if isinstance(given, str) else given
    case = dict.fromkeys(names, "yes")
    for one, two in (("lung", "bronc"), ("asia", "smoke"), ("xray", "tub"), ("tub", "bronc")):
        if {one, two} & set(names):
            continue
        alone = engine.posterior(case)[one]["yes"]
        moved = engine.posterior({**case, two: "no"})[one]["yes"]
        if ASIA.d_separated(one, two, given=given):
            assert moved == pytest.approx(alone, abs=1e-12)
        else:
            assert abs(moved - alone) > 1e-9


def test_a_blanket_makes_the_rest_irrelevant() -> None:
    for v in ASIA.variables:
        blanket = ASIA.markov_blanket(v)
        rest = set(ASIA.variables) - blanket - {v}
        assert v not in blanket
        assert not rest or ASIA.d_separated(v, rest, given=blanket)


def test_adjustment_gives_what_do_gives() -> None:
    engine = fn.Engine(ASIA)
    found = ASIA.adjustment_set("lung", "dysp")
    assert found == {"smoke"}
    total = 0.0
    for states in product(*(ASIA.states(v) for v in found)):
        z = dict(zip(found, states, strict=True))
        there = engine.posterior({**z, "lung": "yes"})["dysp"]["yes"]
        total += there * np.exp(engine.log_prob_evidence(z))
    done = engine.posterior(do={"lung": "yes"})["dysp"]["yes"]
    assert total == pytest.approx(done, abs=1e-12)
    assert ASIA.adjustment_set("smoke", "dysp") == frozenset()
    assert ASIA.adjustment_set("lung", "dysp", among=["xray", "asia"]) is None
    with pytest.raises(UnknownVariableError, match="lungs"):
        ASIA.adjustment_set("lungs", "dysp")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pydot's parser
def test_dot_quotes_names() -> None:
    odd = fn.Network({'a "b"': ["x", "y"]}, {}, {'a "b"': ASIA.gate("smoke")}, name="n")
    assert '"a \\"b\\""' in odd.to_dot()
    assert ASIA.to_dot().count("->") == 8
    pydot = pytest.importorskip("pydot")
    (graph,) = pydot.graph_from_dot_data(ASIA.to_dot())
    assert len(graph.get_edges()) == 8


def test_a_description_names_what_there_is() -> None:
    text = str(fn.load().describe("weakness"))
    assert "objective" in text and "finding" in text
    with pytest.raises(UnknownVariableError, match="did you mean 'smoke'"):
        ASIA.describe("Smoke")


def test_networks_of_pyagrum_through_the_class() -> None:
    gum = pytest.importorskip("pyagrum")
    net = gum.fastBN("a->c<-b")
    back = fn.Network.from_pyagrum(net)
    assert back.parents("c") and set(back.variables) == {"a", "b", "c"}
    with pytest.raises(FormatError, match="expected a pyAgrum BayesNet, got str"):
        fn.Network.from_pyagrum("net")
    assert set(ASIA.to_pyagrum().names()) == set(ASIA.variables)
