"""pgmpy's and pyAgrum's own readers take our files and give the same posteriors."""

import logging
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pgmpy.inference import VariableElimination
from pgmpy.readwrite import BIFReader, NETReader, UAIReader, XDSLReader, XMLBIFReader
from pyparsing import ParseException

from fascinet.model.errors import FormatError
from fascinet.model.formats import FormatWarning, read, write
from fascinet.model.formats.pgmpy_bridge import from_pgmpy, to_pgmpy
from fascinet.model.formats.pyagrum_bridge import from_pyagrum, to_pyagrum
from fascinet.model.network import Network
from tests.formats.support import FOLDER, NETWORKS, gated, pyagrum, reordered
from tests.oracle import posteriors

gum = pyagrum()
SMALL = ["asia", "cancer", "earthquake", "survey"]
PGMPY: dict[str, Callable[[str], Any]] = {
    ".bif": BIFReader,
    ".xmlbif": XMLBIFReader,
    ".net": NETReader,
    ".xdsl": XDSLReader,
}
PYAGRUM = {".bif": 5e-7, ".net": 5e-7, ".bifxml": 1e-9}
MEASURED = ["asia", "alarm", "insurance"]
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "formats.md"
CLAIM = re.compile(r"^\| (pgmpy|pyAgrum) \| `(\.\w+)` \| (\S+) \|", re.MULTILINE)
CLAIMS = CLAIM.findall(PAGE.read_text())
logging.getLogger("pgmpy").setLevel(logging.ERROR)


def load(name: str) -> Network:
    return read(FOLDER / f"{name}.bif.gz")


def evidence_of(network: Network) -> dict[str, str]:
    leaf = [v for v in network.variables if not network.children(v)][-1]
    return {leaf: network.states(leaf)[0]}


@pytest.mark.parametrize("suffix", PGMPY)
@pytest.mark.parametrize("name", SMALL)
def test_pgmpy_reads_our_files(name: str, suffix: str, tmp_path: Path) -> None:
    network = load(name)
    write(network, tmp_path / f"n{suffix}")
    model = PGMPY[suffix](str(tmp_path / f"n{suffix}")).get_model()
    evidence = evidence_of(network)
    expected, _ = posteriors(network, evidence)
    query = VariableElimination(model)
    for v in network.variables:
        if v not in evidence:
            got = query.query([v], evidence=evidence, show_progress=False)
            assert got.state_names[v] == list(network.states(v))
            np.testing.assert_allclose(got.values, expected[v], rtol=0, atol=1e-9)


@pytest.mark.parametrize("suffix", PYAGRUM)
@pytest.mark.parametrize("name", SMALL)
def test_pyagrum_reads_our_files(name: str, suffix: str, tmp_path: Path) -> None:
    network = load(name)
    write(network, tmp_path / f"n{suffix}")
    engine = gum.LazyPropagation(gum.loadBN(str(tmp_path / f"n{suffix}")))
    evidence = evidence_of(network)
    engine.setEvidence(evidence)
    engine.makeInference()
    expected, _ = posteriors(network, evidence)
    for v in network.variables:
        got = engine.posterior(v).tolist()
        np.testing.assert_allclose(got, expected[v], rtol=0, atol=PYAGRUM[suffix])


def read_by_peer(peer: str, suffix: str, path: Path) -> Network:
    if peer == "pyAgrum":
        return from_pyagrum(gum.loadBN(str(path)))
    reader = UAIReader if suffix == ".uai" else PGMPY[suffix]
    return from_pgmpy(reader(str(path)).get_model())


def difference(network: Network, again: Network, *, backwards: bool = False) -> float:
    """Return the largest difference of an entry; variables by name, or by place in UAI files.

    With `backwards` the other reader's entries are taken with its first parent fastest.
    """
    other = {v: v if v in again.index else again.variables[k] for v, k in network.index.items()}
    worst = 0.0
    for v in network.variables:
        table, given = again.cpt(other[v]), again.parents(other[v])
        wanted = tuple(other[u] for u in network.parents(v))
        table = reordered(table, given, wanted)
        if backwards:
            axes = (*reversed(range(len(wanted))), len(wanted))
            table = np.transpose(table, axes).reshape(network.cpt(v).shape)
        worst = max(worst, float(np.abs(table - network.cpt(v)).max()))
    return worst


def test_the_page_names_every_reader() -> None:
    assert {(peer, suffix) for peer, suffix, _ in CLAIMS} == {
        *(("pgmpy", s) for s in (*PGMPY, ".uai")),
        *(("pyAgrum", s) for s in (*PYAGRUM, ".xdsl", ".uai")),
    }


@pytest.mark.parametrize(("peer", "suffix", "claim"), CLAIMS)
def test_a_reader_differs_by_what_the_page_says(
    peer: str, suffix: str, claim: str, tmp_path: Path
) -> None:
    worst = 0.0
    for name in MEASURED:
        network = load(name)
        path = tmp_path / f"{name}{suffix}"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FormatWarning)
                write(network, path)
                again = read_by_peer(peer, suffix, path)
        except (FormatError, ParseException):
            worst = np.inf  # what it read is no distribution, or it cannot read a number
            break
        worst = max(worst, difference(network, again))
        if (peer, suffix) == ("pyAgrum", ".xdsl"):
            assert difference(network, again, backwards=True) == 0.0
    if claim == "wrong":
        assert worst > 0.01
    else:
        assert worst <= float(claim)
        assert worst >= float(claim) / 10


@pytest.mark.parametrize("name", [n for n in NETWORKS if n not in ("diabetes", "munin", "link")])
def test_pyagrum_reads_every_table_of_our_bifxml(name: str, tmp_path: Path) -> None:
    network = load(name)
    write(network, tmp_path / "n.bifxml")
    again = from_pyagrum(gum.loadBN(str(tmp_path / "n.bifxml")))
    for v in network.variables:
        assert again.states(v) == network.states(v)
        table = reordered(again.cpt(v), again.parents(v), network.parents(v))
        np.testing.assert_allclose(table, network.cpt(v), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["asia", "alarm", "child", "insurance"])
def test_objects_go_to_both_libraries_and_back(name: str) -> None:
    network = load(name)
    for out, back in ((to_pgmpy, from_pgmpy), (to_pyagrum, from_pyagrum)):
        assert back(out(network)).hash == network.hash


def test_objects_name_what_they_cannot_hold() -> None:
    network = gated()
    for out, back in ((to_pgmpy, from_pgmpy), (to_pyagrum, from_pyagrum)):
        with pytest.warns(FormatWarning, match="cannot hold noisy-MAX gates") as caught:
            model = out(network)
        assert len(caught) == 1
        again = back(model)
        for v in network.variables:
            np.testing.assert_array_equal(again.cpt(v), network.cpt(v))


def test_a_pgmpy_network_without_tables_is_an_error() -> None:
    from pgmpy.models import DiscreteBayesianNetwork

    with pytest.raises(FormatError, match="no table for 'a'"):
        from_pgmpy(DiscreteBayesianNetwork([("a", "b")]))


def test_pgmpy_parents_with_states_in_another_order_are_put_right() -> None:
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    model = DiscreteBayesianNetwork([("a", "b")])
    names = {"a": ["y", "n"], "b": ["u", "v"]}
    cpd = TabularCPD("b", 2, [[0.1, 0.6], [0.9, 0.4]], ["a"], [2], state_names=names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.add_cpds(TabularCPD("a", 2, [[0.3], [0.7]], state_names={"a": ["n", "y"]}), cpd)
        network = from_pgmpy(model)
    np.testing.assert_array_equal(network.cpt("b"), [[0.6, 0.4], [0.1, 0.9]])


def test_uai_as_pyagrum_writes_it_is_refused_with_the_remedy(tmp_path: Path) -> None:
    gum.saveBN(to_pyagrum(load("asia")), str(tmp_path / "n.uai"))
    with pytest.raises(FormatError, match=r"n.uai:\d+: UAI has no comments.*save .bifxml"):
        read(tmp_path / "n.uai")
