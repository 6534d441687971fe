"""Two-slice networks: against the joint distribution, summed by hand."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import fascinet as fn
from fascinet.model.errors import EvidenceError, FascinetError, NetworkError, UnknownVariableError


def random_dynamic(seed: int) -> fn.DynamicNetwork:
    """Return a network of a static cause, a hidden state of three, a switch and a sign."""
    rng = np.random.default_rng(seed)

    def rows(*cards: int) -> list[Any]:
        return rng.dirichlet(np.ones(cards[-1]), cards[:-1]).tolist()

    three = ("a", "b", "c")
    first = fn.NetworkBuilder().variable("kind").table("kind", rows(2))
    first.variable("hidden", three).table("hidden", rows(2, 3), parents=["kind"])
    first.variable("switch").table("switch", rows(2))
    first.variable("sign").table("sign", rows(3, 2, 2), parents=["hidden", "switch"])
    then = fn.NetworkBuilder().variable("kind").table("kind", 0.5)
    then.variable("hidden@-1", three).table("hidden@-1", [1 / 3] * 3)
    then.variable("switch@-1").table("switch@-1", 0.5)
    then.variable("switch").table("switch", rows(2, 2), parents=["switch@-1"])
    then.variable("hidden", three).table(
        "hidden", rows(3, 2, 2, 3), parents=["hidden@-1", "kind", "switch"]
    )
    then.variable("sign").noisy_or("sign", {"switch": float(rng.random())}, leak=0.1)
    return fn.DynamicNetwork(first, then, static="kind")


def by_hand(net: fn.DynamicNetwork, visits: list[dict[str, str]], slices: int) -> dict[str, Any]:
    """Return P(each variable of each slice, evidence), from products of table entries alone."""
    first, then = net.first, net.then
    names = [
        ("kind", 0),
        *((v, t) for t in range(1, slices + 1) for v in ("hidden", "switch", "sign")),
    ]
    out: dict[str, Any] = {
        v if not t else f"{v}@{t}": np.zeros(len(first.states(v))) for v, t in names
    }
    cards = [range(len(first.states(v))) for v, _ in names]
    for states in product(*cards):
        of = dict(zip(names, states, strict=True))
        seen = all(
            of[v, 0 if v == "kind" else t] == first.state_index(v, s)
            for t, visit in enumerate(visits, 1) for v, s in visit.items()
        )  # fmt: skip
        if not seen:
            continue
        p = first.cpt("kind")[of["kind", 0]]
        for t in range(1, slices + 1):
            slice_ = first if t == 1 else then
            for v in ("hidden", "switch", "sign"):
                at = [
                    of["kind", 0]
                    if u == "kind"
                    else of[u.removesuffix("@-1"), t - u.endswith("@-1")]
                    for u in slice_.parents(v)
                ]
                p *= slice_.cpt(v)[(*at, of[v, t])]
        for (v, t), s in of.items():
            out[v if not t else f"{v}@{t}"][s] += p
    return out


VISITS = [{"sign": "yes"}, {"switch": "no", "sign": "yes"}, {}]


@pytest.mark.parametrize("seed", range(3))
def test_filter_smooth_and_predict_against_the_joint(seed: int) -> None:
    net = random_dynamic(seed)
    whole = by_hand(net, VISITS, 3)
    smooth = net.smooth(VISITS)
    assert smooth.log_prob_evidence == pytest.approx(np.log(whole["kind"].sum()), abs=1e-12)
    filtered = net.filter(VISITS)
    for t in (1, 2, 3):
        past = by_hand(net, VISITS[:t], t)
        for v in ("hidden", "switch", "sign", "kind"):
            name = v if v == "kind" else f"{v}@{t}"
            for got, want in ((filtered[v][t - 1], past[name]), (smooth[v][t - 1], whole[name])):
                np.testing.assert_allclose(list(got.values()), want / want.sum(), atol=1e-12)
    ahead = net.predict(VISITS[:2], 1, targets="hidden")
    assert ahead.times == (3,)
    np.testing.assert_allclose(
        list(ahead["hidden"][0].values()), whole["hidden@3"] / whole["hidden@3"].sum(), atol=1e-12
    )


def test_a_long_chain_against_the_forward_algorithm() -> None:
    rng = np.random.default_rng(0)
    prior, move, show = rng.dirichlet([1, 1]), rng.dirichlet([1, 1], 2), rng.dirichlet([1, 1], 2)
    first = fn.NetworkBuilder().variable("x").table("x", prior.tolist())
    first.variable("y").table("y", show.tolist(), parents=["x"])
    then = fn.NetworkBuilder().variable("x@-1").table("x@-1", 0.5)
    then.variable("x").table("x", move.tolist(), parents=["x@-1"])
    then.variable("y").table("y", show.tolist(), parents=["x"])
    seen = rng.integers(0, 2, 60)
    found = fn.DynamicNetwork(first, then).smooth([{"y": ("no", "yes")[s]} for s in seen], "x")
    alpha, log_prob = prior * show[:, seen[0]], 0.0
    for s in seen[1:]:
        log_prob += np.log(alpha.sum())
        alpha = (alpha / alpha.sum()) @ move * show[:, s]
    assert found.log_prob_evidence == pytest.approx(log_prob + np.log(alpha.sum()), rel=1e-12)
    assert found["x"][-1]["yes"] == pytest.approx(alpha[1] / alpha.sum(), abs=1e-12)
    frame = found.to_frame()
    assert list(frame.columns) == ["time", "variable", "state", "probability"]
    assert len(frame) == 120


def test_unrolled_it_is_a_network_like_any_other(tmp_path: Any) -> None:
    net = random_dynamic(7).unroll(4)
    net.save(tmp_path / "four.json")
    assert fn.load(tmp_path / "four.json").hash == net.hash
    assert net.parents("hidden@3") == ("hidden@2", "kind", "switch@3")
    assert len(net.variables) == 13


def test_what_does_not_fit_is_named() -> None:
    first = fn.NetworkBuilder().variable("x").table("x", 0.5)
    other = fn.NetworkBuilder().variable("z").table("z", 0.5)
    with pytest.raises(NetworkError, match="x: expected it in the later slices"):
        fn.DynamicNetwork(first, other)
    then = fn.NetworkBuilder().variable("w@-1").table("w@-1", 0.5).variable("x").table("x", 0.5)
    with pytest.raises(UnknownVariableError, match="w@-1"):
        fn.DynamicNetwork(first, then)
    then = fn.NetworkBuilder().variable("x@-1", ("a", "b")).table("x@-1", 0.5)
    then.variable("x").table("x", 0.5)
    with pytest.raises(NetworkError, match="x@-1: expected the states of the first slice, no, yes"):
        fn.DynamicNetwork(first, then)
    net = random_dynamic(1)
    with pytest.raises(EvidenceError, match="kind does not change"):
        net.filter([{"kind": "yes"}, {"kind": "no"}])
    for wrong in (lambda: net.unroll(0), lambda: net.predict([], 0), lambda: net.smooth([])):
        with pytest.raises(FascinetError):
            wrong()
    with pytest.raises(UnknownVariableError, match="sing"):
        net.filter([{"sing": "yes"}])
