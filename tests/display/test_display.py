"""Rich objects: small, whole, safe, and saying what the numbers say."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.display.charts import save_svg
from fascinet.engine.display.drawing import mutual_information
from fascinet.model.errors import OptionError, UnknownVariableError
from fascinet.model.formats import read
from fascinet.model.layout import crossings, layers
from fascinet.model.network import Network
from fascinet.model.svg import percent
from tests.analyses import networks
from tests.formats.support import FOLDER, gated
from tests.oracle import weigh


@pytest.fixture(scope="module")
def alarm() -> Network:
    return read(FOLDER / "alarm.bif.gz")


@pytest.fixture(scope="module")
def asia() -> Network:
    return read(FOLDER / "asia.bif.gz")


def test_layers_put_every_arc_downwards(alarm: Network) -> None:
    shown = layers(alarm)
    depth = {v: k for k, row in enumerate(shown.rows) for v in row}
    assert set(depth) == set(alarm.variables)
    assert len(shown.arcs) == alarm.graph.number_of_edges()
    assert all(depth[u] < depth[v] for u, v in shown.arcs)
    plain = [[v for v in alarm.topological if depth[v] == k] for k in range(len(shown.rows))]
    assert crossings(shown.rows, shown.arcs) <= crossings(plain, shown.arcs)


def test_crossings_are_counted() -> None:
    rows = [["a", "b"], ["c", "d"]]
    assert crossings(rows, [("a", "c"), ("b", "d")]) == 0
    assert crossings(rows, [("a", "d"), ("b", "c")]) == 1


def test_part_of_a_network_can_be_drawn(alarm: Network) -> None:
    shown = layers(alarm, ["LVFAILURE", "HISTORY", "LVEDVOLUME"])
    assert set(shown.arcs) == {("LVFAILURE", "HISTORY"), ("LVFAILURE", "LVEDVOLUME")}
    with pytest.raises(UnknownVariableError):
        layers(alarm, ["LVFAILUER"])


def test_arcs_carry_the_mutual_information_under_the_evidence(asia: Network) -> None:
    evidence = {"dysp": "yes"}
    drawing = Engine(asia).draw(evidence)
    joint = weigh(asia, evidence)
    joint = joint / joint.sum()
    order = asia.variables
    assert len(drawing.information) == 8
    for (u, v), bits in drawing.information.items():
        keep = (order.index(u), order.index(v))
        pair = joint.sum(axis=tuple(k for k in range(len(order)) if k not in keep))
        pair = pair if keep[0] < keep[1] else pair.T
        outer = pair.sum(1, keepdims=True) * pair.sum(0, keepdims=True)
        terms = pair[pair > 0] * np.log2(pair[pair > 0] / outer[pair > 0])
        assert bits == pytest.approx(terms.sum(), abs=1e-12)


def test_mutual_information_of_a_copy_is_its_entropy() -> None:
    assert mutual_information(np.array([0.5, 0.5]), np.eye(2)) == pytest.approx(1.0)
    assert mutual_information(np.array([0.3, 0.7]), np.array([[0.2, 0.8]] * 2)) < 1e-15


def test_a_drawing_is_well_formed_small_and_follows_the_page(asia: Network) -> None:
    engine = Engine(asia)
    svg = engine.draw({"dysp": "yes"}).svg()
    ElementTree.fromstring(svg)
    assert len(svg) < 20_000
    assert "currentColor" in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    shares = [float(x) for x in re.findall(r'class="p" x="64" y="\d+" width="([\d.]+)"', svg)]
    assert len(shares) == 16
    p = engine.posterior({"dysp": "yes"})["bronc"]["yes"]
    assert round(38 * p, 1) in shares
    assert percent(p) in svg


def test_names_cannot_break_out_of_the_page() -> None:
    network = gated()
    html = network._repr_html_()
    assert "&lt;arms&gt;" in html
    assert "<arms>" not in html
    posterior = Engine(network).posterior({"risk": "yes"})
    assert "<5" not in posterior._repr_html_()


def test_a_network_shows_its_facts(alarm: Network) -> None:
    html = alarm._repr_html_()
    assert alarm.hash in html
    assert "752" in html
    assert len(html) < 60_000
    munin = read(FOLDER / "munin.bif.gz")._repr_html_()
    assert "1,041" in munin
    assert len(munin) < 5_000


def test_a_posterior_lists_what_moved_most(asia: Network) -> None:
    posterior = Engine(asia).posterior({"dysp": "yes"})
    html = posterior._repr_html_()
    assert html.index("<td>bronc</td>") < html.index("<td>asia</td>")
    assert "dysp = yes" in html
    chart = posterior.plot(3).to_dict()
    rows = next(iter(chart["datasets"].values()))
    moved = {
        v: np.abs(posterior.array(v) - posterior.prior.array(v)).max()
        for v in asia.variables
        if v != "dysp"
    }
    assert {row["variable"] for row in rows} == set(sorted(moved, key=lambda v: -moved[v])[:3])


@pytest.mark.parametrize("suffix", [".svg", ".png", ".html"])
def test_pictures_are_saved_without_a_browser(asia: Network, tmp_path: Path, suffix: str) -> None:
    engine = Engine(asia)
    engine.draw({"dysp": "yes"}).save(str(tmp_path / f"drawing{suffix}"))
    data = (tmp_path / f"drawing{suffix}").read_bytes()
    assert {".svg": b"<svg", ".png": b"\x89PNG", ".html": b"<!doctype"}[suffix] == data[
        : {".svg": 4, ".png": 4, ".html": 9}[suffix]
    ]
    if suffix != ".html":
        engine.posterior({"dysp": "yes"}).save(str(tmp_path / f"chart{suffix}"))
        assert (tmp_path / f"chart{suffix}").stat().st_size > 2_000


def test_another_kind_of_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"'.jpg'.*\.svg"):
        save_svg("<svg/>", tmp_path / "x.jpg")


def test_titles_count_in_the_singular_and_the_plural() -> None:
    engine = Engine(networks.asia())
    for evidence, said in (({"dysp": "yes"}, "1 finding"), ({}, "0 findings")):
        found = engine.sensitivity(evidence, target="lung", state="yes")
        assert f"| {said})" in found.title()
        assert f"{said}," in repr(engine.posterior(evidence))


def test_a_printed_sensitivity_has_the_strongest_first_and_no_rounding() -> None:
    found = Engine(networks.asia()).sensitivity({"dysp": "yes"}, target="lung", state="yes")
    shown = found.shown()
    swing = (shown["posterior_high"] - shown["posterior_low"]).abs().to_numpy()
    assert (np.diff(swing[~np.isnan(swing)]) <= 1e-15).all()
    assert (shown["derivative"].abs() > 1e-12).all()
    assert 0 < len(shown) < len(found.to_frame())
    assert "e-1" not in repr(found)


def test_intervals_without_ranges_say_so() -> None:
    engine = Engine(networks.asia())
    assert "no width" in engine.uncertainty({"xray": "yes"}, targets="lung").title()
    assert "95%" in engine.uncertainty({"xray": "yes"}, targets="lung", sample_size=10).title()


def test_an_engine_shows_its_network() -> None:
    engine = Engine(networks.asia())
    assert repr(engine) == "Engine('asia', 8 variables, auto)"
    assert "lung" in engine._repr_html_()


def test_charts_are_sorted_by_what_they_draw_and_have_titles() -> None:
    engine = Engine(networks.asia())
    chart = engine.value_of_information({"dysp": "yes"}, targets="lung").plot()
    bits = chart.data["bits"].tolist()
    assert bits == sorted(bits, reverse=True)
    for found in (
        engine.sensitivity({"dysp": "yes"}, target="lung", state="yes"),
        engine.explain({"dysp": "yes"}, target="lung", state="yes"),
        engine.conflict({"dysp": "yes"}), engine.best_pairs({"dysp": "yes"}, targets="lung"),
        engine.posterior({"dysp": "yes"}),
    ):  # fmt: skip
        assert found.plot().to_dict()["title"]
