"""pyAgrum's own kinds of table, and the XDSL files that it writes, against its own inference."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import FormatError
from fascinet.model.formats import FormatWarning, read
from fascinet.model.formats.pyagrum_bridge import from_pyagrum
from fascinet.model.network import Network
from tests.formats.support import pyagrum

WEIGHTED = ("NoisyOR", "NoisyORCompound", "NoisyORNet", "NoisyAND", "Logit")
LOGICAL = ("AND", "OR", "EXISTS", "FORALL", "COUNT")
NUMERIC = ("MAX", "MIN", "MEDIAN", "AMPLITUDE", "SUM")
WITH_VALUE = ("EXISTS", "FORALL", "COUNT")


def with_kind(kind: str, seed: int, cards: tuple[int, ...]) -> Any:
    """Return a pyAgrum network in which x has that kind of table, and a plain child."""
    gum = pyagrum()
    gum.initRandom(seed)
    net = gum.BayesNet()
    wide = kind in NUMERIC or kind == "COUNT"
    for k, card in enumerate(cards):
        numeric = gum.RangeVariable(f"u{k}", "", 0, card - 1)
        net.add(numeric if kind in NUMERIC else gum.LabelizedVariable(f"u{k}", "", card))
    x = gum.RangeVariable("x", "", 0, 6) if wide else gum.LabelizedVariable("x", "", 2)
    value = {**dict.fromkeys(WEIGHTED, 0.15), **dict.fromkeys(WITH_VALUE, 1)}.get(kind)
    getattr(net, f"add{kind}")(x, *(() if value is None else (value,)))
    for k in range(len(cards)):
        if kind in WEIGHTED:
            net.addWeightedArc(f"u{k}", "x", 0.2 + 0.25 * k)
        else:
            net.addArc(f"u{k}", "x")
    net.add(gum.LabelizedVariable("y", "", 3))
    net.addArc("x", "y")
    for name in (*(f"u{k}" for k in range(len(cards))), "y"):
        net.generateCPT(name)
    return net


def worst(net: Any, network: Network, evidence: dict[str, int]) -> float:
    """Return the largest difference of the marginals given evidence, states by number."""
    gum = pyagrum()
    theirs = gum.VariableElimination(net)
    theirs.setEvidence(evidence)
    hard = {v: network.states(v)[k] for v, k in evidence.items()}
    ours = Engine(network).posterior(hard)
    return max(
        abs(ours[v][s] - theirs.posterior(v)[k])
        for v in network.variables
        for k, s in enumerate(network.states(v))
    )


@pytest.mark.parametrize("kind", (*WEIGHTED, *LOGICAL, *NUMERIC))
@pytest.mark.parametrize("seed", [1, 2])
def test_every_kind_of_table_is_read_as_pyagrum_means_it(kind: str, seed: int) -> None:
    binary = kind in WEIGHTED or kind in ("AND", "OR")
    net = with_kind(kind, seed, (2, 2, 2) if binary else (2, 3, 2))
    network = from_pyagrum(net)
    table = network.cpt("x")
    for at in product(*(range(n) for n in table.shape)):
        names = dict(zip((*network.parents("x"), "x"), at, strict=True))
        place = pyagrum().Instantiation(net.cpt("x"))
        place.fromdict({v: int(k) for v, k in names.items()})
        assert table[at] == pytest.approx(net.cpt("x").get(place), abs=1e-12)
    for evidence in ({}, {"y": 1}, {"y": 0, "u0": 1}):
        assert worst(net, network, evidence) < 1e-12


@pytest.mark.filterwarnings("ignore")  # as errors they crash pyAgrum's extension module
def test_other_models_of_pyagrum_are_named() -> None:
    gum = pyagrum()
    for model in (gum.InfluenceDiagram(), gum.MarkovRandomField()):
        with pytest.raises(FormatError, match=f"got pyagrum {type(model).__name__}; "):
            from_pyagrum(model)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("ignore::fascinet.model.formats.FormatWarning")  # it rounds to 6 digits
def test_xdsl_of_pyagrum_has_its_own_order_of_parents(seed: int, tmp_path: Path) -> None:
    gum = pyagrum()
    gum.initRandom(seed + 1)
    net = gum.fastBN("A[2]->D[3]<-B[3];C[4]->D;D->E[2];B->E")
    gum.saveBN(net, str(tmp_path / "n.xdsl"))
    network = read(tmp_path / "n.xdsl")
    for evidence in ({}, {"E": 1}, {"D": 2, "C": 3}):
        assert worst(net, network, evidence) < 1e-5


GENIE = """<?xml version="1.0" encoding="UTF-8"?>
<smile version="1.0" id="n">
 {extra}
 <nodes>
  <cpt id="a"><state id="no" /><state id="yes" /><probabilities>0.7 0.3</probabilities></cpt>
  <noisymax id="b"><state id="on" /><state id="off" /><parents>a</parents>
   <strengths>1 0</strengths><parameters>{parameters}</parameters></noisymax>
 </nodes>
 <extensions><genie version="1.0" app="GeNIe 4.1" name="n">
  <node id="a"><name>Cause &amp; risk</name></node>
  <submodel id="s"><name>Part</name><node id="b"><name>Effect</name></node></submodel>
 </genie></extensions>
</smile>"""


def genie(path: Path, parameters: str, extra: str = "") -> Path:
    path.write_text(GENIE.format(parameters=parameters, extra=extra))
    return path


def test_the_name_that_genie_shows_is_the_label(tmp_path: Path) -> None:
    network = read(genie(tmp_path / "g.xdsl", "0.6 0.4 0 1 0.1 0.9"))
    assert network.meta["a"]["label"] == "Cause & risk"
    assert network.meta["b"]["label"] == "Effect"
    network.save(tmp_path / "again.xdsl")
    assert read(tmp_path / "again.xdsl").meta == network.meta


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_rounded_column_of_a_noisy_max_warns_as_a_table_does(column: int, tmp_path: Path) -> None:
    columns = [[0.6, 0.4], [0.0, 1.0], [0.1, 0.9]]
    columns[column][1] += 0.0009
    words = " ".join(str(x) for pair in columns for x in pair)
    with pytest.warns(FormatWarning, match=r"1 row\(s\) off by up to 0.0009 were renormalised"):
        network = read(genie(tmp_path / "g.xdsl", words))
    assert np.allclose(network.cpt("b").sum(axis=-1), 1.0, atol=1e-12)
    columns[column][1] += 0.01
    words = " ".join(str(x) for pair in columns for x in pair)
    with pytest.raises(FormatError, match=r"a column of the parameters of 'b': expected numbers"):
        read(genie(tmp_path / "g.xdsl", words))


@pytest.mark.parametrize(
    "extra", ['<dynamic numslices="5" />', '<dynamic><node id="a" /></dynamic>']
)
def test_dynamic_networks_are_refused_with_a_hint(extra: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r":3: <dynamic>: dynamic networks are not read; unroll"):
        read(genie(tmp_path / "g.xdsl", "0.6 0.4 0 1 0.1 0.9", extra))


def test_nodes_that_are_no_chance_nodes_are_named(tmp_path: Path) -> None:
    text = GENIE.format(parameters="0.6 0.4 0 1 0.1 0.9", extra="")
    (tmp_path / "g.xdsl").write_text(
        text.replace("<noisymax", "<utility").replace("noisymax>", "utility>")
    )
    with pytest.raises(
        FormatError, match=r"got <utility> \(a utility: use fascinet\.InfluenceDiagram\.load\)"
    ):
        read(tmp_path / "g.xdsl")


def test_a_node_of_a_dynamic_network_is_refused(tmp_path: Path) -> None:
    text = GENIE.format(parameters="0.6 0.4 0 1 0.1 0.9", extra="")
    (tmp_path / "g.xdsl").write_text(text.replace('<cpt id="a"', '<cpt id="a" dynamic="plate"'))
    with pytest.raises(FormatError, match="a node of a dynamic network: dynamic networks are not"):
        read(tmp_path / "g.xdsl")
