"""The formulas that answers rest on, against enumeration and values worked out by hand.

Quick, and through what users call, so that they outlive the way an answer is computed. `make
mutants` puts faults into those formulas and counts how many of them these tests find.
"""

from io import StringIO
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fascinet as fn
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.engine.clinic.red_flags import red_flags
from fascinet.engine.clinic.responsibility import responsibility
from fascinet.model.errors import CaseError, NetworkError
from fascinet.model.gates import Function, NoisyMax, Table, deterministic_or, noisy_or
from fascinet.model.hpo import parse_map
from fascinet.model.packet_evidence import Found, gather
from fascinet.model.phenopackets import Feature
from tests.oracle import posteriors, weigh
from tests.strategies import random_evidence, random_network

# ------------------------------------------------------------------- gates and inference


def two_layers(seed: int, leaves: int = 4, causes: int = 3) -> fn.Network:
    """Return causes, noisy-MAX leaves with leaks, a deterministic OR, and a table below a leaf."""
    rng = np.random.default_rng(seed)
    states: dict[str, list[str]] = {f"c{i}": ["no", "yes"] for i in range(causes)}
    parents: dict[str, list[str]] = {v: [] for v in states}
    gates: dict[str, Any] = {v: Table(rng.dirichlet([3.0, 1.0])) for v in states}
    for i in range(leaves):
        above = list(rng.permutation(list(gates)[:causes])[: int(rng.integers(2, causes + 1))])
        count = int(rng.integers(2, 4))
        states[f"x{i}"] = ["none", "some", "much"][:count]
        parents[f"x{i}"] = above
        links = tuple(np.vstack([np.eye(count)[0], rng.dirichlet(np.ones(count))]) for _ in above)
        gates[f"x{i}"] = NoisyMax(links, rng.dirichlet(np.ones(count)))
    states["any"], parents["any"] = ["no", "yes"], ["c0", "c1"]
    gates["any"] = deterministic_or([2, 2])
    states["y"], parents["y"] = ["a", "b"], ["any"]
    gates["y"] = Table(rng.dirichlet(np.ones(2), 2))
    return fn.Network(states, parents, gates)


def check(network: fn.Network, hard: dict, soft: dict, do: dict, targets: list | None) -> None:
    """Compare one query with enumeration, by both backends."""
    cut = network.do(do) if do else network
    given = {**hard, **do}
    p = float(weigh(cut, given, soft).sum())
    want = posteriors(cut, given, soft)[0] if p > 0.0 else {}
    for backend in ("numpy", "auto"):
        engine = fn.Engine(network, backend=backend)
        if p == 0.0:
            with pytest.raises(fn.errors.ImpossibleEvidenceError):
                engine.posterior(hard, soft=soft, do=do, targets=targets)
            continue
        got = engine.posterior(hard, soft=soft, do=do, targets=targets)
        assert got.log_prob_evidence == pytest.approx(np.log(p), abs=1e-9)
        for v in targets or network.variables:
            np.testing.assert_allclose(got.array(v), want[v], rtol=0, atol=1e-10)


@pytest.mark.parametrize("seed", range(12))
def test_absent_findings_gates_and_interventions(seed: int) -> None:
    """Absent and present leaves, observed parents, soft evidence on both, interventions."""
    network, rng = two_layers(seed), np.random.default_rng(seed)
    leaves = [v for v in network.variables if v.startswith("x")]
    for trial in range(4):
        hard = {v: network.states(v)[0] for v in leaves if rng.random() < 0.5}
        hard |= {v: network.states(v)[-1] for v in leaves if v not in hard and rng.random() < 0.3}
        hard |= {"c0": "yes"} if trial == 1 else {}
        hard |= {"y": "b"} if trial == 2 else {}
        soft = {"c1": [0.3, 0.9]} if trial % 2 else {}
        soft |= {v: rng.random(len(network.states(v))) + 0.1 for v in leaves[:1] if v not in hard}
        do = {"c2": "yes"} if trial == 3 else {}
        do |= {leaves[-1]: network.states(leaves[-1])[0]} if seed % 3 == 0 else {}
        hard = {v: s for v, s in hard.items() if v not in do}
        soft = {v: s for v, s in soft.items() if v not in do}
        check(network, hard, soft, do, None)
        check(network, hard, soft, do, ["c1"])
        check(network, hard, soft, do, [leaves[1], "y"])


@pytest.mark.parametrize("seed", range(15))
def test_any_network_with_gates(seed: int) -> None:
    query = random_evidence(random_network(seed, 7), seed + 99, 0.35)
    check(query.network, query.hard, query.soft, {}, None)
    check(query.network, query.hard, query.soft, {}, list(query.network.variables[:2]))
    free = [v for v in query.network.variables if v not in query.hard and v not in query.soft]
    if free:
        do = {free[-1]: query.network.states(free[-1])[-1]}
        check(query.network, query.hard, query.soft, do, None)


def test_a_noisy_or_by_hand() -> None:
    """P(yes | on) = 1 − (1 − leak)(1 − link), Díez's convention; states of a parent by number."""
    table = noisy_or([0.8, [0.0, 0.3, 0.6]], leak=0.1).to_table()
    assert table.shape == (2, 3, 2)
    for (i, a), (j, b) in product(enumerate((0.0, 0.8)), enumerate((0.0, 0.3, 0.6))):
        assert table[i, j, 1] == pytest.approx(1 - 0.9 * (1 - a) * (1 - b), abs=1e-15)
        assert table[i, j].sum() == pytest.approx(1.0, abs=1e-15)
    assert noisy_or([0.8]).to_table()[0].tolist() == [1.0, 0.0]


def test_a_noisy_max_by_hand() -> None:
    """P(X ≤ k) is the product of what leak and links leave at or below k."""
    leak, link, other = [0.7, 0.2, 0.1], [[1, 0, 0], [0.2, 0.5, 0.3]], [[1, 0, 0], [0.6, 0.1, 0.3]]
    gate = NoisyMax((np.array(link), np.array(other)), np.array(leak))
    assert (gate.cards, gate.states) == ((2, 2), 3)
    for i, j in product(range(2), range(2)):
        below = np.cumsum(leak) * np.cumsum(link[i]) * np.cumsum(other[j])
        np.testing.assert_allclose(gate.to_table()[i, j], np.diff(below, prepend=0.0), atol=1e-15)


def test_a_deterministic_or_by_hand() -> None:
    table = deterministic_or([2, 3]).to_table()
    for i, j in product(range(2), range(3)):
        assert table[i, j].tolist() == ([0.0, 1.0] if i or j else [1.0, 0.0])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Table([0.5, 0.5 + 1e-8]), lambda: Table([-0.1, 1.1]), lambda: Table([np.nan, 1.0]),
        lambda: Table([[0.5, 0.5], [0.5, 0.4]]), lambda: NoisyMax((), np.array([0.5, 0.4])),
        lambda: NoisyMax((np.array([[0.5, 0.4], [1, 0]]),), np.array([1.0, 0.0])),
        lambda: NoisyMax((np.array([[1.0], [1.0]]),), np.array([1.0, 0.0])),
        lambda: NoisyMax((np.array([1.0, 0.0]),), np.array([1.0, 0.0])),
        lambda: Function(np.array([0, 2]), 2), lambda: Function(np.array([-1, 1]), 2),
    ],
)  # fmt: skip
def test_what_is_no_gate_is_refused(make: Any) -> None:
    with pytest.raises(NetworkError):
        make()


def test_what_is_a_gate_is_taken() -> None:
    assert Table([0.5, 0.5 + 1e-10]).states == 2 and Table([[1.0, 0.0]] * 3).cards == (3,)
    function = Function(np.array([[0, 1], [1, 2]]), 3)
    assert (function.cards, function.states) == ((2, 2), 3)
    assert function.to_table()[1, 1].tolist() == [0.0, 0.0, 1.0]
    assert Function(np.array([0, 0]), 1).to_table().tolist() == [[1.0], [1.0]]
    for values in (Table([0.5, 0.5]).values, function.outcome, noisy_or([0.5]).leak):
        assert not values.flags.writeable and values.flags.c_contiguous


# ------------------------------------------------------------------- sensitivity


def moved(network: fn.Network, row: Any, value: float) -> fn.Network:
    """Return the network with one entry of a row at `value`, the others in proportion."""
    table = network.cpt(row.variable).copy()
    place = tuple(network.states(u).index(row.parents[u]) for u in network.parents(row.variable))
    k = network.states(row.variable).index(row.state)
    rest = 1.0 - table[place][k]
    others = np.delete(np.arange(table.shape[-1]), k)
    share = table[place][others] / rest if rest > 0 else np.full(len(others), 1 / len(others))
    table[(*place, others)] = (1.0 - value) * share
    table[(*place, k)] = value
    return network.with_cpt(row.variable, table)


def test_sensitivity_functions_by_inference() -> None:
    """p(t) = (a t + b) / (c t + d), its slope at the figure, and where the top changes."""
    rng = np.random.default_rng(5)
    states = {"a": ["0", "1", "2"], "b": ["n", "y"], "e": ["n", "y"]}
    network = fn.Network(
        states, {"b": ["a"], "e": ["a", "b"]},
        {"a": Table(rng.dirichlet(np.ones(3))), "b": Table(rng.dirichlet(np.ones(2), 3)),
         "e": Table(rng.dirichlet(np.ones(2), (3, 2)))},
    )  # fmt: skip
    evidence = {"e": "y"}

    def p_of(net: fn.Network) -> float:
        return float(posteriors(net, evidence)[0]["a"][1])

    found = fn.Engine(network).sensitivity("a", "1", evidence).to_frame()
    assert len(found) == 3 + 6 + 12
    for row in found.itertuples():
        for t in (0.1, 0.4, 0.85):
            by_formula = (row.a * t + row.b) / (row.c * t + row.d)
            assert by_formula == pytest.approx(p_of(moved(network, row, t)), abs=1e-9)
        h = 1e-5
        up, down = (p_of(moved(network, row, row.value + s)) for s in (h, -h))
        assert row.derivative == pytest.approx((up - down) / (2 * h), abs=1e-6)
        for flip in (row.flip_low, row.flip_high):
            if np.isfinite(flip):
                tops = [
                    int(np.argmax(posteriors(moved(network, row, flip + s), evidence)[0]["a"]))
                    for s in (-1e-6, 1e-6)
                ]
                assert tops[0] != tops[1]
        if np.isfinite(row.flip_low):
            assert row.flip_low <= row.value
        if np.isfinite(row.flip_high):
            assert row.flip_high >= row.value


# ------------------------------------------------------------------- value of information


def entropy(p: np.ndarray) -> float:
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


@pytest.mark.parametrize("seed", range(4))
def test_bits_are_the_mean_fall_of_entropy(seed: int) -> None:
    network = two_layers(seed)
    evidence = {"x0": network.states("x0")[-1]}
    engine = fn.Engine(network)
    costs = {"x1": 2.0, "x2": 5.0, "y": 1.0}
    found = engine.value_of_information(["c0"], evidence, list(costs), costs).to_frame()
    now, _ = posteriors(network, evidence)
    assert set(found["variable"]) == set(costs)
    for row in found.itertuples():
        left = sum(
            now[row.variable][k]
            * entropy(posteriors(network, {**evidence, row.variable: s})[0]["c0"])
            for k, s in enumerate(network.states(row.variable))
            if now[row.variable][k] > 0
        )
        assert row.bits == pytest.approx(entropy(now["c0"]) - left, abs=1e-10)
        assert row.cost == costs[row.variable]
        assert row.score == pytest.approx(row.bits / row.cost, abs=1e-12)
    assert (np.diff(found["score"]) <= 1e-12).all()


@pytest.mark.parametrize("seed", range(3))
def test_ruling_in_counts_the_outcomes_that_raise_the_target(seed: int) -> None:
    network = two_layers(seed)
    engine, evidence = fn.Engine(network), {"x0": network.states("x0")[-1]}
    now, _ = posteriors(network, evidence)
    asked, parts = ["x1", "x2", "x3", "y"], {"rule_in": 0.0, "rule_out": 0.0}
    found = {
        mode: engine.value_of_information(["c0"], evidence, asked, mode=mode)
        .to_frame()
        .set_index("variable")["bits"]
        for mode in parts
    }
    for v in asked:
        parts = dict.fromkeys(parts, 0.0)
        for state, p in zip(network.states(v), now[v], strict=True):
            after = posteriors(network, {**evidence, v: state})[0]["c0"]
            mode = "rule_in" if after[1] > now["c0"][1] else "rule_out"
            parts[mode] += float(p * (after * np.log2(after / now["c0"])).sum())
        assert parts["rule_in"] > 0 and parts["rule_out"] > 0
        for mode, bits in parts.items():
            assert found[mode][v] == pytest.approx(bits, abs=1e-10)


def test_what_is_known_is_not_asked() -> None:
    network = two_layers(0)
    found = fn.Engine(network).value_of_information(["c0"], {"x0": "none"}).to_frame()
    assert not {"c0", "x0"} & set(found["variable"])
    assert (found["bits"] >= 0).all()


# ------------------------------------------------------------------- red flags


def flags_of(
    when: list[dict], case: dict, causes: dict[str, dict[str, float]], **given: Any
) -> list:
    rules = [
        SimpleNamespace(
            id=f"F{i}",
            level=level,
            text="",
            article=("W1",),
            action="",
            when=w,
            within="",
            actions=(),
            despite=given.get("despite", ()),
        )
        for i, (level, w) in enumerate(zip(given.get("levels", ["urgent"]), [when], strict=False))
    ]
    knowledge: Any = SimpleNamespace(
        red_flags=rules, causes=tuple(causes), mechanisms=(), resting=given.get("resting", {})
    )
    known = fn.Case(hard=case, soft=given.get("soft", {}), do=given.get("do", {}))
    return [flag.id for flag in red_flags(knowledge, known, causes)]  # type: ignore[arg-type]


def test_a_flag_needs_every_variable_of_one_alternative() -> None:
    when = [{"a": ["yes"], "b": ["some", "much"]}, {"c": ["yes"]}]
    assert flags_of(when, {"a": "yes", "b": "much"}, {}) == ["F0"]
    assert flags_of(when, {"a": "yes"}, {}) == []
    assert flags_of(when, {"a": "yes", "b": "none"}, {}) == []
    assert flags_of(when, {"c": "yes"}, {}) == ["F0"]
    assert flags_of(when, {}, {}) == []


def test_a_flag_on_what_is_partly_known() -> None:
    """Each state left open must be listed; a likelihood of zero closes a state."""
    when = [{"b": ["some", "much"]}]
    for likelihood, raised in (
        ({"none": 0.0, "some": 0.2, "much": 1.0}, True),
        ({"none": 0.1, "some": 0.2, "much": 1.0}, False),
        ({"none": 0.0, "some": 0.0, "much": 1.0}, True),
    ):
        assert bool(flags_of(when, {}, {}, soft={"b": likelihood})) == raised
    assert flags_of(when, {}, {}, do={"b": "much"}) == ["F0"]


def test_a_flag_on_a_cause_needs_it_likelier_than_not() -> None:
    when = [{"k": ["yes"]}]
    for p, raised in ((0.49, False), (0.5, False), (0.51, True), (1.0, True)):
        assert bool(flags_of(when, {}, {"k": {"no": 1 - p, "yes": p}})) == raised
    # what is said of it goes before what is likely
    assert flags_of(when, {"k": "no"}, {"k": {"no": 0.1, "yes": 0.9}}) == []
    assert flags_of(when, {"k": "yes"}, {"k": {"no": 0.9, "yes": 0.1}}) == ["F0"]


@pytest.mark.parametrize(
    ("case", "soft", "do", "raised"),
    [
        ({"a": "yes"}, {}, {}, True),
        ({"c": "yes"}, {}, {}, True),  # either alternative will do
        ({"a": "yes", "e": "no"}, {}, {}, True),
        ({"a": "yes", "d": "yes"}, {}, {}, True),  # which the rule allows
        ({"d": "yes"}, {}, {}, False),  # allowed, yet the condition does not hold
        ({"a": "yes", "e": "yes"}, {}, {}, False),
        ({"a": "yes"}, {}, {"e": "yes"}, False),
        ({"a": "yes"}, {"e": {"no": 0.2, "yes": 0.9}}, {}, False),
        ({"a": "yes"}, {"e": {"no": 0.9, "yes": 0.2}}, {}, True),
        ({"a": "yes"}, {"e": {"no": 0.5, "yes": 0.5}}, {}, True),
        ({"a": "yes"}, {"e": {"yes": 0.5}}, {}, False),
    ],
)
def test_a_case_reassures_when_nothing_else_is_out_of_rest(
    case: dict, soft: dict, do: dict, raised: bool
) -> None:
    when, rest = [{"a": ["yes"]}, {"c": ["yes"]}], dict.fromkeys("acde", "no")
    calm = {"levels": ["reassure"], "despite": ("d",), "resting": rest}
    assert bool(flags_of(when, case, {}, soft=soft, do=do, **calm)) == raised


def test_flags_are_in_the_order_of_their_urgency() -> None:
    levels = ["reassure", "review", "urgent", "routine"]
    rules = [
        SimpleNamespace(
            id=level,
            level=level,
            text="",
            article=(),
            action="",
            when=[{"a": ["y"]}],
            within="",
            actions=(),
            despite=(),
        )
        for level in levels
    ]
    knowledge: Any = SimpleNamespace(red_flags=rules, causes=(), mechanisms=(), resting={})
    raised = red_flags(knowledge, fn.Case(hard={"a": "y"}), {})  # type: ignore[arg-type]
    assert [flag.id for flag in raised] == ["urgent", "routine", "review"]  # none reassures then
    knowledge.red_flags = [r for r in rules if r.level == "reassure"]
    raised = red_flags(knowledge, fn.Case(hard={"a": "y"}), {})  # type: ignore[arg-type]
    assert [flag.id for flag in raised] == ["reassure"]


# ------------------------------------------------------------------- HPO terms

TERMS = """# release
code,label,relation,finding,state,anchor
HP:0000001,Root,isa,,,
HP:0000010,Sign,isa,,,HP:0000001
HP:0000010,Sign,below,sign,some|much,HP:0000010
HP:0000011,Strong sign,isa,,,HP:0000010
HP:0000011,Strong sign,below,sign,much,HP:0000011
HP:0000012,Odd sign,isa,,,HP:0000011
HP:0000012,Odd sign,below,sign,much,HP:0000011
HP:0000020,Hint,isa,,,HP:0000001
HP:0000020,Hint,hint,sign,some,HP:0000020
HP:0000030,Other,isa,,,HP:0000001
HP:0000030,Other,below,other,yes,HP:0000030
"""


def test_terms_climb_to_their_findings() -> None:
    found = parse_map(StringIO(TERMS))
    assert found.states("HP:0000010") == {"sign": {"some", "much"}}
    assert found.states("HP:0000012") == {"sign": {"much"}}
    assert found.states("HP:0000020") == {"sign": {"some"}}
    assert found.states("HP:0000030") == {"other": {"yes"}}
    assert found.states("HP:0000001") == {}
    assert found.ancestors("HP:0000012") >= {
        "HP:0000012", "HP:0000011", "HP:0000010", "HP:0000001",
    }  # fmt: skip
    assert "HP:0000030" not in found.ancestors("HP:0000012")
    assert "HP:0000012" not in found.ancestors("HP:0000011")


def test_an_excluded_term_excludes_what_lies_below_it() -> None:
    """Hints need not be excluded; a narrower term alone rules out its own state."""
    found = parse_map(StringIO(TERMS))
    assert found.ruled_out(["HP:0000010"]) == {"sign": {"some", "much"}}
    assert found.ruled_out(["HP:0000011"]) == {"sign": {"much"}}
    assert found.ruled_out(["HP:0000012"]) == {}
    assert found.ruled_out(["HP:0000020"]) == {}
    assert found.ruled_out(["HP:0000001"]) == {"sign": {"some", "much"}, "other": {"yes"}}
    assert found.ruled_out([]) == {}
    assert list(found.ruled_out(["HP:0000010", "HP:0000030"])) == ["other", "sign"]


# ------------------------------------------------------------------- packets and responsibility


def packet(*terms: tuple[str, bool], **subject: Any) -> dict[str, Any]:
    features = [{"type": {"id": code, "label": ""}, "excluded": no} for code, no in terms]
    return {"id": "p", "subject": {"id": "s"} | subject, "phenotypicFeatures": features}


WEAK, DISTAL, WASTED, MYOPIA = "HP:0001324", "HP:0002460", "HP:0003202", "HP:0000545"


def test_a_packet_says_what_its_terms_say() -> None:
    read = shipped_reasoner().read
    assert read(packet((WEAK, False)), strict=False).hard["weakness"] == "objective"
    assert read(packet((WASTED, False)), strict=False).hard["atrophy"] == "yes"
    gone = read(packet((WASTED, True), (WEAK, True)), strict=False)
    assert gone.hard["atrophy"] == "no" and gone.hard["twitching"] == "yes"
    left = {state for state, likelihood in gone.soft["weakness"].items() if likelihood}
    assert left == {"none", "perceived", "subjective"}
    odd = read(packet((MYOPIA, False), (WASTED, True)), strict=False)
    assert [u.code for u in odd.unmapped] == [MYOPIA]
    assert read(packet((WASTED, True)), strict=False).unmapped == ()
    with pytest.raises(CaseError, match="contradict"):
        read(packet((DISTAL, False), (WEAK, True)), strict=False)
    snake = {"phenotypic_features": packet((WASTED, False))["phenotypicFeatures"]}
    assert read(snake).hard["atrophy"] == "yes"
    assert read({"phenotypicFeatures": snake["phenotypic_features"]}).hard["atrophy"] == "yes"
    assert read({"subject": {"id": "s", "sex": "FEMALE"}}, strict=False).hard["sex"] == "female"


@pytest.mark.parametrize(("number", "sex"), [(0, None), (1, "female"), (2, "male"), (3, None)])
def test_a_sex_by_its_number(number: int, sex: str | None) -> None:
    case = shipped_reasoner().read(packet((WEAK, False), sex=number), strict=False)
    assert case.hard.get("sex") == sex


@pytest.mark.parametrize("number", [-1, 4, 99, True, 1.0])
def test_a_sex_that_is_no_number_of_one(number: object) -> None:
    with pytest.raises(CaseError, match=r"subject\.sex"):
        shipped_reasoner().read(packet((WEAK, False), sex=number), strict=False)


SIGN, STRONG, ODD, HINT, OTHER = (f"HP:00000{n}" for n in (10, 11, 12, 20, 30))
STATES = {"sign": ("none", "some", "much"), "other": ("no", "yes"), "twitching": ("no", "yes")}


def gathered(*terms: tuple[str, bool], ordered: tuple[str, ...] = ("sign",)) -> Found:
    features = [Feature(code, code.lower(), no) for code, no in terms]
    rest = {v: s[0] for v, s in STATES.items()}
    return gather(features, STATES, rest, frozenset(ordered), parse_map(StringIO(TERMS)), None)


TOUCH, CRAMP, WEAK_LEG = (f"HP:00001{n}" for n in (10, 20, 30))
DESCRIBED = """# release
code,label,relation,finding,state,anchor
HP:0000110,Touch,below,numbness_tingling,distal|focal,HP:0000110
HP:0000120,Cramp,below,cramps,yes,HP:0000120
HP:0000130,Weak leg,below,weakness,objective,HP:0000130
"""
PLACES = {
    "numbness_tingling": ("none", "distal", "focal"), "cramps": ("no", "yes"),
    "weakness": ("none", "objective"), "perioral_numbness": ("no", "yes"),
    "night_cramps": ("no", "yes"), "twitching": ("no", "yes"),
}  # fmt: skip


def described(*features: tuple[str, dict[str, str]], no: tuple[str, ...] = ()) -> Found:
    seen = [Feature(code, "Said", details=details) for code, details in features]
    seen += [Feature(code, "Denied", True) for code in no]
    rest = {v: s[0] for v, s in PLACES.items()}
    return gather(seen, PLACES, rest, frozenset(), parse_map(StringIO(DESCRIBED)), None)


def test_descriptions_say_where_and_when_of_their_own_terms_alone() -> None:
    assert described((TOUCH, {"site": "left hand"})).hard == {"numbness_tingling": "focal"}
    assert described((TOUCH, {"site": "hands and feet"})).hard == {"numbness_tingling": "distal"}
    somewhere = described((TOUCH, {}))
    assert set(somewhere.soft) == {"numbness_tingling"} and somewhere.hard == {}
    mouth = described((TOUCH, {"site": "around the mouth"}))
    assert mouth.hard == {"perioral_numbness": "yes"}
    assert described((CRAMP, {"site": "mouth"})).hard == {"cramps": "yes"}
    assert described((CRAMP, {"pattern": "nocturnal"})).hard == {
        "cramps": "yes", "night_cramps": "yes",
    }  # fmt: skip
    assert described((WEAK_LEG, {"pattern": "nocturnal"})).hard == {"weakness": "objective"}


def test_observed_terms_narrow_each_other() -> None:
    one = gathered((SIGN, False))
    assert one.soft == {"sign": {"none": 0.0, "some": 1.0, "much": 1.0}} and one.hard == {}
    assert gathered((SIGN, False), (STRONG, False)).hard == {"sign": "much"}
    assert gathered((OTHER, False), (ODD, False)).hard == {"other": "yes", "sign": "much"}
    assert gathered().hard == {} and gathered().soft == {}


def test_terms_that_say_different_things() -> None:
    """Of an ordered finding the strongest state holds; of another either, with a warning."""
    both = ((HINT, False), (STRONG, False))
    assert gathered(*both).hard == {"sign": "much"} and gathered(*both).warnings == ()
    loose = gathered(*both, ordered=())
    assert loose.soft == {"sign": {"none": 0.0, "some": 1.0, "much": 1.0}}
    assert len(loose.warnings) == 1 and "different things" in loose.warnings[0]


def test_excluded_terms_rule_states_out() -> None:
    assert gathered((SIGN, True)).hard == {"sign": "none"}
    less = gathered((STRONG, True))
    assert less.soft == {"sign": {"none": 1.0, "some": 1.0, "much": 0.0}}
    narrow = gathered((ODD, True))
    assert narrow.hard == {} and narrow.soft == {} and "narrower" in narrow.warnings[0]
    kept = gathered((SIGN, False), (STRONG, True))
    assert kept.hard == {"sign": "some"}
    assert [f.code for f in gathered(("HP:0009999", False), (OTHER, False)).unmapped] == [
        "HP:0009999"
    ]
    assert gathered((OTHER, True)).unmapped == ()


def test_an_observed_term_goes_before_an_excluded_one() -> None:
    found = gathered((HINT, False), (SIGN, True))
    assert found.hard == {"sign": "some"}
    assert f"observed {HINT.lower()} ({HINT}) kept over excluded" in found.warnings[0]


@pytest.mark.parametrize(
    ("terms", "bad"),
    [
        (((STRONG, False), (SIGN, True)), True), (((SIGN, False), (SIGN, True)), True),
        (((SIGN, False), (STRONG, True)), False), (((OTHER, False), (SIGN, True)), False),
    ],
)  # fmt: skip
def test_a_term_below_an_excluded_one_contradicts_it(terms: Any, bad: bool) -> None:
    if not bad:
        gathered(*terms)
        return
    with pytest.raises(CaseError, match="contradictory"):
        gathered(*terms)


@pytest.mark.parametrize(
    ("age", "band"),
    [("P17Y", "18-39"), ("P39Y", "18-39"), ("P40Y", "40-59"), ("P59Y11M", "40-59"), ("P60Y", "60+"),
     ("P480M", "40-59"), ("P39Y11M", "18-39"), ("P2086W", "18-39"), ("P2090W", "40-59")],
)  # fmt: skip
def test_ages_fall_into_their_bands(age: str, band: str) -> None:
    told = packet((WEAK, False), timeAtLastEncounter={"age": {"iso8601duration": age}})
    assert shipped_reasoner().read(told, strict=False).hard["age_group"] == band


def test_a_single_cause_answers_for_its_share() -> None:
    """Responsibility = 1 − P(sign without the cause) / P(sign with it), for one present cause."""
    case = {"weakness": "objective", "atrophy": "yes"}
    found = fn.diagnose(case, setting="primary_care")
    scores = {e.cause: e.responsibility for e in found.differential}
    assert all(0.0 <= s <= 1.0 + 1e-12 for s in scores.values())
    for entry in found.differential:
        assert entry.responsibility <= entry.posterior + 1e-9
    less = {e.cause: e for e in fn.diagnose({"weakness": "none", "atrophy": "no"}).differential}
    assert scores["als"] > less["als"].responsibility


def test_frames_answer_as_single_queries() -> None:
    network = two_layers(3)
    engine = fn.Engine(network, backend="numpy")
    rows = [{"x0": "none", "x1": None}, {"x0": None, "x1": "none"}, {"x0": "some", "x1": "none"}]
    found = engine.posteriors(pd.DataFrame(rows), targets=["c0"])
    for k, row in enumerate(rows):
        given = {v: s for v, s in row.items() if s is not None}
        want = posteriors(network, given)[0]["c0"]
        np.testing.assert_allclose(found.iloc[k].to_numpy(float), want, atol=1e-10)


def test_bounds_are_the_function_at_the_ends_of_the_range() -> None:
    network = fn.load(setting="primary_care")
    evidence = {"twitching": "yes", "weakness": "objective"}
    frame = fn.Engine(network).sensitivity("als", "yes", evidence).to_frame()
    ranged = frame[np.isfinite(frame["low"]) & (frame["derivative"].abs() > 1e-6)]
    assert len(ranged) > 20
    for end in ("low", "high"):
        t = ranged[end]
        want = (ranged["a"] * t + ranged["b"]) / (ranged["c"] * t + ranged["d"])
        np.testing.assert_allclose(ranged[f"posterior_{end}"], want, atol=1e-9)


def test_without_findings_no_cause_is_responsible() -> None:
    matrix = np.array([[0.2, 1.0], [0.8, 0.0]])
    assert responsibility(matrix, np.array([1.0, 3.0])).tolist() == pytest.approx([0.8, 0.2])
    assert responsibility(matrix, np.array([0.5, 0.25])).tolist() == pytest.approx(
        [(0.1 + 0.25) / 0.75, 0.4 / 0.75]
    )
    assert responsibility(matrix, np.zeros(2)).tolist() == [0.0, 0.0]


def test_an_alternative_id_stands_for_its_term() -> None:
    """Listed with the name and parents of its term; the current code is the one others name."""
    more = (
        "HP:0000002,Strong sign,isa,,,HP:0000010\n"
        "HP:0000002,Strong sign,below,sign,much,HP:0000011\n"
    )
    found = parse_map(StringIO(TERMS + more))
    assert found.canonical("HP:0000002") == found.canonical("HP:0000011") == "HP:0000011"
    assert found.canonical("HP:0000030") == "HP:0000030"
    assert found.ruled_out(["HP:0000002"]) == {"sign": {"much"}}
    assert found.states("HP:0000002") == {"sign": {"much"}}
