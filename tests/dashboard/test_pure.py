"""Charts, words, layout, d-separation: pure functions against hand-made answers."""

import math
from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from fascinet.dashboard import charts, charts_change, charts_figures, figures, forest, service
from fascinet.dashboard.chart_parts import Chart, logit, to_svg
from fascinet.dashboard.influence import d_connected, drawn, trails
from fascinet.dashboard.layout import arrange
from fascinet.dashboard.tables import Html, link, table
from fascinet.dashboard.words import change, percent, times
from fascinet.model.gates import Table
from fascinet.model.network import Network

CHARTS: list[Chart] = [
    charts.waterfall(0.01, [("a", 12.0), ("b", -3.0)], 0.2),
    charts.fagan(0.1, 5.0, 0.357),
    charts.people(0.123),
    charts_change.difference([("a", 0.1, 0.4), ("b", 0.5, 0.2)], "A", "B"),
    charts_figures.tornado([("a", 0.1, 0.4)], 0.2),
    charts_figures.sensitivity([(0.0, 0.1), (1.0, 0.9)], (0.2, 0.3), (0.1, 0.4), [0.6]),
    charts_figures.standings([("a", (0.7, 0.3)), ("b", (0.3, 0.7))]),
    charts_change.outcomes([("yes", 0.3, 0.8), ("no", 0.7, 0.1)], 0.31, 0.5),
]


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_renders_offline(chart: Chart) -> None:
    svg = to_svg(chart)
    assert svg.startswith("<svg") and "NaN" not in svg


def test_the_nomogram_is_a_straight_line() -> None:
    pre, ratio = 0.07, 13.0
    post = pre * ratio / (1 - pre + pre * ratio)
    rows, _ = charts.fagan(pre, ratio, post)
    y = [r["y"] for r in rows if r["part"] == "line"]
    assert y[1] - y[0] == pytest.approx(y[2] - y[1])


def test_the_waterfall_ends_at_the_posterior() -> None:
    prior, steps = 0.02, [("a", 8.0), ("b", -2.0)]
    odds = 10 ** (logit(prior) + 0.6)
    rows, _ = charts.waterfall(prior, steps, odds / (1 + odds))
    assert rows[-2]["to"] == pytest.approx((rows[-1]["from"] + rows[-1]["to"]) / 2)


def test_every_figure_is_said_in_words() -> None:
    known = service.resources()
    for place in known.knowledge.figures():
        said = figures.place_name(known.network, place.where)
        assert said[0].isupper() and "_" not in said and ".yaml" not in said, place.where
    told = figures.place_name(known.network, "causes/als.yaml: prior.odds.age_group.60+.yes")
    assert told == "How much more common amyotrophic lateral sclerosis is in people aged 60+ (odds)"


def test_the_people_add_up() -> None:
    rows, _ = charts.people(0.0374)
    assert len(rows) == 1000
    assert sum(r["kind"] == "with" for r in rows) == 37


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0, "<0.1%"), (0.00099, "<0.1%"), (0.0512, "5.1%"), (0.5, "50%"), (0.9901, ">99%")],
)
def test_percent(p: float, text: str) -> None:
    assert percent(p) == text


def test_changes_and_ratios_in_words() -> None:
    assert change(0.1, 0.3) == "+20 pts"
    assert change(0.3, 0.297) == "no change"
    assert change(0.001, 0.004) == "× 4 in odds"
    assert times(0.25) == "÷ 4"
    assert times(12.34) == "× 12"
    assert times(1.28e7) == "× 10,000 or more"
    assert times(1.0) == "no change"


def test_tables_escape_all_but_html() -> None:
    made = table("<b>", ("a", "b"), [("<script>", Html("<i>x</i>"))])
    assert "<script>" not in made and "&lt;script&gt;" in made and "<i>x</i>" in made
    assert link("javascript:alert(1)") == ""


def _random_network(seed: int) -> Network:
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(7)]
    parents = {n: [m for m in names[:i] if rng.random() < 0.35] for i, n in enumerate(names)}
    gates = {n: Table(np.full((*(2 for _ in parents[n]), 2), 0.5)) for n in names}
    return Network({n: ("no", "yes") for n in names}, parents, gates)


@pytest.mark.parametrize("seed", range(12))
def test_d_connection_agrees_with_networkx(seed: int) -> None:
    network = _random_network(seed)
    for observed in combinations(network.variables, 2):
        for source in set(network.variables) - set(observed):
            got = d_connected(network, source, observed)
            for other in set(network.variables) - set(observed) - {source}:
                separated = nx.is_d_separator(network.graph, {source}, {other}, set(observed))
                assert (other in got) is not separated


def _is_open(network: Network, path: tuple[str, ...], observed: set[str]) -> bool:
    """Say whether a path is open, by its definition: triple by triple."""
    for a, v, b in zip(path, path[1:], path[2:], strict=False):
        collider = v in network.graph.successors(a) and v in network.graph.successors(b)
        below = {v, *nx.descendants(network.graph, v)} & observed
        if (collider and not below) or (not collider and v in observed):
            return False
    return True


@pytest.mark.parametrize("seed", range(12))
def test_open_paths_are_open_and_exist_where_nodes_are_connected(seed: int) -> None:
    network = _random_network(seed)
    undirected = network.graph.to_undirected()
    for observed in combinations(network.variables[:5], 2):
        source, target = network.variables[5:]
        ways = nx.all_simple_paths(undirected, source, target)
        lengths = {len(w) for w in ways if _is_open(network, tuple(w), set(observed))}
        found = trails(network, source, target, observed, detour=0, most=99)
        assert bool(found) == (target in d_connected(network, source, observed))
        assert {len(p) for p in found} == ({min(lengths)} if lengths else set())
        assert all(_is_open(network, p, set(observed)) for p in found)


def test_a_path_through_a_hidden_trigger_is_drawn_through_its_cause() -> None:
    names = ["cause", "trigger", "a", "b"]
    parents = {"cause": [], "trigger": ["cause"], "a": ["trigger"], "b": ["trigger"]}
    gates = {n: Table(np.full((*(2 for _ in parents[n]), 2), 0.5)) for n in names}
    network = Network({n: ("no", "yes") for n in names}, parents, gates)
    assert drawn(network, ("a", "trigger", "b"), {"trigger"}) == ("a", "cause", "b")
    assert drawn(network, ("cause", "trigger", "b"), {"trigger"}) == ("cause", "b")


def test_the_layout_places_every_visible_node_once() -> None:
    names = {"a": "cause", "trigger_a": "trigger", "f": "finding"}
    network = Network(
        {n: ("no", "yes") for n in names},
        {"trigger_a": ["a"], "f": ["trigger_a"]},
        {n: Table(np.full((2,) * (2 if n != "a" else 1), 0.5)) for n in names},
        meta={n: {"kind": k, "label": n} for n, k in names.items()},
    )
    layout = arrange(network)
    assert layout.ids == {"a", "f"}
    assert layout.edges == (("a", "f"),)
    assert all(0 <= n["x"] <= layout.width and 0 <= n["y"] <= layout.height for n in layout.nodes)


def test_logit_is_finite_at_the_ends() -> None:
    assert math.isfinite(logit(0.0)) and math.isfinite(logit(1.0))


def test_a_forest_plot_shows_each_study_and_what_is_used() -> None:
    known = service.resources()
    found = forest.forests("als")
    for name, rows in found.items():
        kinds = [r.kind for r in rows]
        assert kinds.count("study") >= 2 and kinds.count("pooled") == 1
        assert all(r.low <= r.p <= r.high for r in rows)
        assert forest.forest(name, rows).count("<tr") == len(rows) + 1
    assert forest.forests("sleep_starts") == {}
    figure = known.knowledge.causes["als"].findings["ck"]["raised"]
    *_, pooled = found["Creatine kinase: above the reference range"]
    assert (pooled.p, pooled.low, pooled.high) == (figure.p, *figure.range)


def test_an_interval_of_a_share_is_wilsons() -> None:
    assert forest.wilson(15, 50)[1:] == pytest.approx((0.191, 0.438), abs=1e-3)
    assert forest.wilson(0, 10)[1] == 0.0 and forest.wilson(10, 10)[2] == pytest.approx(1.0)
