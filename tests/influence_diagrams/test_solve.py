"""Influence diagrams against roll-back of the whole table, pyAgrum, and published answers."""

import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.model.diagram import utility_of
from fascinet.model.errors import (
    EvidenceError,
    FascinetError,
    FormatError,
    ImpossibleEvidenceError,
    NetworkError,
)
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests.influence_diagrams.diagrams import oil, random_diagram, treatment
from tests.oracle import joint


def rolled_back(diagram: fn.InfluenceDiagram, evidence: dict[str, str] | None = None) -> float:
    """Return the expected utility: Σ max Σ max … Σ of the whole table of P times U."""
    network, names = diagram.network, diagram.network.variables
    table = joint(network)
    for d in diagram.decisions:
        table = table * len(network.states(d))  # P(chances | decisions)
    worth = np.zeros_like(table)
    for utility in diagram.terms:
        axes = [names.index(u) for u in utility.parents]
        shape = [1] * table.ndim
        for axis in axes:
            shape[axis] = len(network.states(names[axis]))
        worth = worth + np.transpose(utility.values, np.argsort(axes)).reshape(shape)
    for v, s in (evidence or {}).items():
        at = [1] * table.ndim
        at[names.index(v)] = -1
        table = table * np.eye(len(network.states(v)))[network.states(v).index(s)].reshape(at)
    share = table.sum() / np.prod([len(network.states(d)) for d in diagram.decisions])
    total = table * worth
    seen = {*diagram.decisions, *(v for seen in diagram.decisions.values() for v in seen)}
    hidden = [i for i, v in enumerate(names) if v not in seen]
    total = total.sum(axis=tuple(hidden), keepdims=True)
    gone = set[str]()
    for d in reversed(diagram.order):
        total = total.max(axis=names.index(d), keepdims=True)
        earlier = {v for e in diagram.order[: diagram.order.index(d)] for v in diagram.decisions[e]}
        fresh = [v for v in diagram.decisions[d] if v not in earlier | gone | {*diagram.decisions}]
        gone |= set(fresh)
        total = total.sum(axis=tuple(names.index(v) for v in fresh), keepdims=True)
    return float(total.squeeze() / share)


def followed(diagram: fn.InfluenceDiagram, network: Network, evidence: dict[str, str]) -> float:
    """Return the expected utility of policies, by asking the network that follows them."""
    engine = fn.Engine(network)
    return sum(
        float((engine.joint(u.parents, evidence).table * u.values).sum()) for u in diagram.terms
    )


def check(seed: int) -> None:
    diagram = random_diagram(seed)
    solution = fn.solve(diagram)
    want = rolled_back(diagram)
    assert solution.expected_utility == pytest.approx(want, abs=1e-9)
    assert followed(diagram, solution.network, {}) == pytest.approx(want, abs=1e-9)
    for d, policy in solution.policies.items():
        assert set(policy.scope) <= set(diagram.known_at(d))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_solution_is_that_of_roll_back_and_its_policies_earn_it(seed: int) -> None:
    check(seed)


@pytest.mark.slow
def test_two_thousand_solutions_are_those_of_roll_back() -> None:
    for seed in range(2000):
        check(seed)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_evidence_is_known_before_the_first_decision(seed: int) -> None:
    diagram = random_diagram(seed)
    below = {v for d in diagram.decisions for v in diagram.network.descendants(d)}
    free = [v for v in diagram.network.variables if v not in below | set(diagram.decisions)]
    if not free:
        return
    v = free[0]
    prior = fn.Engine(diagram.network).prior()[v]
    state = max(prior, key=prior.__getitem__)
    solution = fn.solve(diagram, {v: state})
    assert solution.expected_utility == pytest.approx(rolled_back(diagram, {v: state}), abs=1e-9)
    policies = solution.network
    got = followed(diagram, policies, {v: state})
    assert got == pytest.approx(solution.expected_utility, abs=1e-9)


def in_pyagrum(diagram: fn.InfluenceDiagram):  # the package has no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its compiled part warns, and ends Python if that raises
        import pyagrum as gum

        gum.InfluenceDiagram()
    theirs, network = gum.InfluenceDiagram(), diagram.network
    for v in network.variables:
        add = theirs.addDecisionNode if v in diagram.decisions else theirs.addChanceNode
        add(gum.LabelizedVariable(v, v, list(network.states(v))))
    for name, utility in diagram.utilities.items():
        theirs.addUtilityNode(gum.LabelizedVariable(name, name, 1))
        for u in utility.parents:
            theirs.addArc(u, name)
    for v in network.variables:
        for u in diagram.decisions.get(v, network.parents(v)):
            theirs.addArc(u, v)
    for v in network.variables:
        if v not in diagram.decisions:
            fill(theirs.cpt(v), (*network.parents(v), v), network.cpt(v))
    for name, utility in diagram.utilities.items():
        fill(theirs.utility(name), utility.parents, utility.values)
    return gum.ShaferShenoyLIMIDInference(theirs), theirs


def fill(tensor, scope: tuple[str, ...], values: np.ndarray) -> None:
    own = [n for n in tensor.names if n in scope]
    table = np.transpose(values, [scope.index(n) for n in reversed(own)])
    tensor.fillWith(table.ravel().tolist())


@pytest.mark.parametrize("seed", range(12))
def test_expected_utilities_are_those_of_pyagrum(seed: int) -> None:
    diagram = random_diagram(seed, size=5)
    inference, _ = in_pyagrum(diagram)
    inference.addNoForgettingAssumption(list(diagram.order))
    inference.makeInference()
    assert fn.solve(diagram).expected_utility == pytest.approx(inference.MEU()["mean"], abs=1e-6)


def test_the_oil_wildcatter_tests_and_drills_unless_the_result_is_diffuse() -> None:
    solution = fn.solve(oil())
    assert solution.expected_utility == pytest.approx(22.5, abs=1e-12)
    assert solution.choose("test", {}) == "yes"
    asked = {r: solution.choose("drill", {"test": "yes", "result": r})
             for r in ("diffuse", "open", "closed")}  # fmt: skip
    assert asked == {"diffuse": "no", "open": "yes", "closed": "yes"}
    assert solution.choose("drill", {"test": "no", "result": "none"}) == "yes"
    with pytest.raises(EvidenceError, match="cannot come about"):
        solution.choose("drill", {"test": "no", "result": "open"})
    with pytest.raises(EvidenceError, match="depends on result"):
        solution.choose("drill", {"test": "yes"})
    rows = solution.to_frame()
    assert rows["choice"].tolist()[0] == "yes"
    assert "Expected utility 22.5" in repr(solution)


def test_perfect_information_on_the_oil_is_worth_its_textbook_value() -> None:
    diagram = oil()
    found = fn.solve(diagram).value_of_information("test").to_frame()
    worth = dict(zip(found["variable"], found["value"], strict=True))
    assert worth["oil"] == pytest.approx(0.3 * 50 + 0.2 * 200 - 22.5, abs=1e-12)  # EVPI
    assert "result" not in worth  # it depends on the decision


def test_thresholds_are_those_of_pauker_and_kassirer() -> None:
    benefit, harm, tpr, fpr = 0.35, 0.05, 0.9, 0.1
    low = fpr * harm / (fpr * harm + tpr * benefit)
    high = (1 - fpr) * harm / ((1 - fpr) * harm + (1 - tpr) * benefit)
    for prior, plan in [(low * 0.99, "wait"), (low * 1.01, "test"), (high * 0.99, "test"),
                        (high * 1.01, "treat")]:  # fmt: skip
        assert fn.solve(treatment(prior)).choose("plan", {}) == plan


def test_equal_choices_are_settled_by_order_and_idle_facts_are_left_out() -> None:
    b = fn.NetworkBuilder().variable("noise").table("noise", 0.3)
    b.decision("act", ["a", "b"], observes=["noise"]).utility("u", [1.0, 1.0], parents=["act"])
    solution = fn.solve(b.diagram())
    assert solution.policies["act"].scope == ()
    assert solution.choose("act", {}) == "a"


def test_super_values_are_the_sum_or_the_product_of_their_parts() -> None:
    diagram = oil()
    summed = diagram.combined("all", ["cost", "gain"])
    assert fn.solve(summed).expected_utility == pytest.approx(22.5, abs=1e-12)
    product = diagram.combined("both", ["cost", "gain"], "product")
    assert fn.solve(product).expected_utility == pytest.approx(rolled_back(product), abs=1e-9)
    with pytest.raises(FascinetError, match="did you mean 'cost'"):
        diagram.combined("x", ["costs"])


# ---------------------------------------------------------------- what is refused


def test_a_diagram_that_has_no_order_is_refused() -> None:
    b = fn.NetworkBuilder().variable("x").table("x", 0.5).decision("a").decision("b")
    with pytest.raises(NetworkError, match="no path of arcs says which comes first"):
        b.utility("u", [[0, 1], [1, 0]], parents=["a", "b"]).diagram()
    b = fn.NetworkBuilder().variable("x").decision("a", observes=["x"])
    with pytest.raises(NetworkError, match="cycle"):
        b.table("x", [[0.5, 0.5], [0.5, 0.5]], parents=["a"]).utility("u", 1.0).diagram()


def test_what_is_wrong_with_a_diagram_is_named() -> None:
    b = fn.NetworkBuilder().variable("x").table("x", 0.5).decision("a")
    with pytest.raises(NetworkError, match="expected a utility, got none"):
        b.diagram()
    with pytest.raises(NetworkError, match="'a': call diagram"):
        b.build()
    with pytest.raises(NetworkError, match="utility 'u': no row for a=yes"):
        b.utility("u", {"no": 1}, parents=["a"])
    with pytest.raises(NetworkError, match="utility 'u', row a=yes: expected a number"):
        b.utility("u", {"no": 1, "yes": "2"}, parents=["a"])
    with pytest.raises(NetworkError, match=r"shape \(2,\) \(a\), got shape \(3,\)"):
        b.utility("u", [1, 2, 3], parents=["a"])
    with pytest.raises(NetworkError, match="a decision has no table"):
        b.table("a", 0.5)
    with pytest.raises(NetworkError, match="has the name of a variable"):
        fn.InfluenceDiagram(oil().network, oil().decisions, {"oil": utility_of((), 1.0)})
    with pytest.raises(FormatError, match="expected an InfluenceDiagram"):
        fn.solve(oil().network)  # pyright: ignore


def test_evidence_that_a_decision_influences_is_refused() -> None:
    with pytest.raises(EvidenceError, match="'result' depends on decision 'test'"):
        fn.solve(oil(), {"result": "open"})
    with pytest.raises(EvidenceError, match="'test' is a decision"):
        fn.solve(oil(), {"test": "yes"})
    b = (
        fn.NetworkBuilder()
        .variable("x")
        .table("x", 0.0)
        .decision("a")
        .utility("u", [1, 0], parents=["a"])
    )
    with pytest.raises(ImpossibleEvidenceError):
        fn.solve(b.diagram(), {"x": "yes"})


# ---------------------------------------------------------------- files


@pytest.mark.filterwarnings("ignore:.*cannot hold")
@pytest.mark.parametrize("suffix", ["json.gz", "xdsl", "net", "xmlbif"])
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), limited=st.booleans())
def test_a_diagram_comes_back(tmp_path_factory, suffix: str, seed: int, limited: bool) -> None:
    diagram = random_diagram(seed, limited=limited)
    path = tmp_path_factory.mktemp("file") / f"d.{suffix}"
    diagram.save(path)
    again = fn.InfluenceDiagram.load(path)
    for v in diagram.network.variables:
        assert again.network.states(v) == diagram.network.states(v)
        np.testing.assert_array_equal(again.network.cpt(v), diagram.network.cpt(v))
    assert again.limited == limited
    assert dict(again.decisions) == dict(diagram.decisions)
    for name, utility in diagram.utilities.items():
        assert again.utilities[name].parents == utility.parents
        np.testing.assert_array_equal(again.utilities[name].values, utility.values)


@pytest.mark.parametrize("suffix", ["json", "xdsl", "net", "xmlbif"])
def test_utilities_of_utilities_come_back_or_what_they_come_to(tmp_path, suffix: str) -> None:
    b = fn.NetworkBuilder("cost & gain").variable("x y").table("x y", 0.3).decision("do it")
    b.utility("a b", [[1, 2], [3, -4]], parents=["do it", "x y"])
    b.utility("c", [2, 5], parents=["x y"]).utility("d", [1, -1], parents=["do it"])
    b.super_value("a c", ["a b", "c"], "product").super_value("all", ["a c", "d"], "sum", [0.5, 3])
    diagram, path = b.diagram(), tmp_path / f"d.{suffix}"
    if suffix in ("net", "xmlbif"):
        with pytest.warns(fn.model.formats.FormatWarning, match="super-value nodes"):
            diagram.save(path)
    else:
        diagram.save(path)
    again = fn.InfluenceDiagram.load(path)
    if suffix in ("json", "xdsl"):
        assert again.utilities["all"] == diagram.utilities["all"]
        assert again.utilities["a c"] == diagram.utilities["a c"]
    one, two = fn.solve(diagram), fn.solve(again)
    assert two.expected_utility == pytest.approx(one.expected_utility, abs=1e-12)
    assert rolled_back(diagram) == pytest.approx(one.expected_utility, abs=1e-12)
    yes = 0.5 * (0.7 * 3 * 2 + 0.3 * -4 * 5) - 3
    no = 0.5 * (0.7 * 1 * 2 + 0.3 * 2 * 5) + 3
    assert one.expected_utility == pytest.approx(max(yes, no), abs=1e-12)


HUGIN = """net { node_size = (80 40); }
node oil { states = ("dry" "wet" "soaking"); label = "Oil"; }
decision test { states = ("no" "yes"); }
node result { states = ("none" "diffuse" "open" "closed"); }
decision drill { label = "Drill?"; states = ("no" "yes"); }
utility cost { position = (1 2); }
utility gain { }
potential (oil) { data = (0.5 0.3 0.2); }
potential (result | test oil) { data = (((1 0 0 0)(1 0 0 0)(1 0 0 0))
 ((0 0.6 0.3 0.1)(0 0.3 0.4 0.3)(0 0.1 0.4 0.5))); }
potential (test) { }
potential (drill | test result) { }
potential (cost | test) { data = (0 -10); }
potential (gain | drill oil) { data = ((0 0 0)(-70 50 200)); }
"""


def test_a_diagram_of_hugin_is_read(tmp_path: Path) -> None:
    path = tmp_path / "oil.net"
    path.write_text(HUGIN)
    diagram = fn.InfluenceDiagram.load(path)
    assert fn.solve(diagram).expected_utility == pytest.approx(22.5, abs=1e-12)
    assert diagram.network.meta["drill"]["label"] == "Drill?"
    with pytest.raises(FormatError, match="use fascinet.InfluenceDiagram.load"):
        fn.load(path)
    path.write_text(HUGIN.replace("(0 -10)", "(0 -10 3)"))
    with pytest.raises(FormatError, match=r"oil.net:13: utility 'cost': expected 2 numbers, got 3"):
        fn.InfluenceDiagram.load(path)
    path.write_text(HUGIN.replace("potential (gain | drill oil)", "potential (gain | drill gas)"))
    with pytest.raises(FormatError, match=r"oil.net:14: unknown parent 'gas' of 'gain'"):
        fn.InfluenceDiagram.load(path)
    path.write_text(HUGIN[: HUGIN.index("potential (gain")])
    with pytest.raises(FormatError, match="no potential of utility 'gain'"):
        fn.InfluenceDiagram.load(path)


@pytest.mark.parametrize("seed", range(4))
def test_pyagrum_reads_the_diagrams_that_we_write(tmp_path: Path, seed: int) -> None:
    diagram = random_diagram(seed, size=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        diagram.save(tmp_path / "d.xmlbif")
        import pyagrum as gum

        theirs = gum.InfluenceDiagram()
        theirs.loadBIFXML(str(tmp_path / "d.xmlbif"))
        inference = gum.ShaferShenoyLIMIDInference(theirs)
    inference.addNoForgettingAssumption(list(diagram.order))
    inference.makeInference()
    assert inference.MEU()["mean"] == pytest.approx(fn.solve(diagram).expected_utility, abs=1e-6)


@pytest.mark.filterwarnings("ignore:.*renormalised")  # it writes six digits
@pytest.mark.parametrize("seed", range(6))
def test_a_diagram_of_pyagrum_is_read(tmp_path: Path, seed: int) -> None:
    diagram = random_diagram(seed, size=5)
    _, theirs = in_pyagrum(diagram)
    theirs.saveBIFXML(str(tmp_path / "d.xmlbif"))
    again = fn.InfluenceDiagram.load(tmp_path / "d.xmlbif")
    want = fn.solve(diagram).expected_utility
    assert fn.solve(again).expected_utility == pytest.approx(want, rel=1e-5)


GENIE = """<?xml version="1.0" encoding="UTF-8"?>
<smile version="1.0" id="oil"><nodes>
<decision id="test"><state id="no"/><state id="yes"/></decision>
<cpt id="oil"><state id="dry"/><state id="wet"/><state id="soaking"/>
 <probabilities>0.5 0.3 0.2</probabilities></cpt>
<cpt id="result"><state id="none"/><state id="diffuse"/><state id="open"/><state id="closed"/>
 <parents>test oil</parents><probabilities>1 0 0 0 1 0 0 0 1 0 0 0
 0 0.6 0.3 0.1 0 0.3 0.4 0.3 0 0.1 0.4 0.5</probabilities></cpt>
<decision id="drill"><state id="no"/><state id="yes"/><parents>test result</parents></decision>
<utility id="cost"><parents>test</parents><utilities>0 -20</utilities></utility>
<utility id="gain"><parents>drill oil</parents><utilities>0 0 0 -70 50 200</utilities></utility>
<mau id="all"><parents>cost gain</parents><weights>0.5 1</weights></mau>
</nodes></smile>"""


def test_a_diagram_of_genie_is_read(tmp_path: Path) -> None:
    path = tmp_path / "oil.xdsl"
    path.write_text(GENIE)
    diagram = fn.InfluenceDiagram.load(path)
    assert fn.solve(diagram).expected_utility == pytest.approx(22.5, abs=1e-12)
    assert diagram.order == ("test", "drill")
    path.write_text(GENIE.replace("0 0 0 -70", "0 0 -70"))
    with pytest.raises(
        FormatError, match=r"oil.xdsl:11: utility 'gain': expected 6 numbers, got 5"
    ):
        fn.InfluenceDiagram.load(path)
    path.write_text(GENIE.replace("drill oil</parents><util", "drill gas</parents><util"))
    with pytest.raises(FormatError, match=":11: unknown parent 'gas'"):
        fn.InfluenceDiagram.load(path)


def test_a_diagram_is_no_network_and_a_network_no_diagram(tmp_path: Path) -> None:
    oil().save(tmp_path / "d.json")
    with pytest.raises(FormatError, match="use fascinet.InfluenceDiagram.load"):
        fn.load(tmp_path / "d.json")
    (tmp_path / "d.xdsl").write_text(GENIE)
    with pytest.raises(FormatError, match="use fascinet.InfluenceDiagram.load"):
        fn.load(tmp_path / "d.xdsl")
    fn.example("asia").save(tmp_path / "n.xdsl")
    with pytest.raises(FormatError, match="no decision: a network, not a diagram"):
        fn.InfluenceDiagram.load(tmp_path / "n.xdsl")
    with pytest.raises(FascinetError, match="format of an influence diagram"):
        fn.InfluenceDiagram.load(tmp_path / "d.bif")
    with pytest.raises(FascinetError, match="format to write"):
        oil().save(tmp_path / "d.bif")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_damaged_file_is_an_error_of_ours(tmp_path_factory, seed: int) -> None:
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("bad")
    oil().save(folder / "d.json")
    kind = ["json", "xdsl", "net"][seed % 3]
    text = {"json": (folder / "d.json").read_text(), "xdsl": GENIE, "net": HUGIN}[kind]
    at, size = int(rng.integers(0, len(text))), int(rng.integers(1, 12))
    cut = text[:at] + str(rng.choice(["", "x", "{", "<a>", "-1", "null"])) + text[at + size :]
    path = folder / f"bad.{kind}.gz"
    path.write_bytes(gzip.compress(cut.encode()))
    try:
        found = fn.InfluenceDiagram.load(path)
    except FascinetError:
        return
    assert np.isfinite(fn.solve(found).expected_utility)


def test_a_decision_stands_in_the_network_as_undecided() -> None:
    network = oil().network
    assert isinstance(network.gate("drill"), Table)
    np.testing.assert_allclose(network.cpt("drill"), 0.5)
