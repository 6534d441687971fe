"""Continuous nodes of HUGIN and GeNIe as states: against simulation and closed forms."""

from math import erf, exp, sqrt
from pathlib import Path

import numpy as np
import pytest

import fascinet as fn
from fascinet.model.errors import FormatError
from fascinet.model.formats import FormatWarning

DRAWN = 400_000
GAUSSIAN = """net { }
node D { states = ("no" "yes"); }
continuous node X { label = "an X"; }
continuous node Y { }
potential (D) { data = (0.3 0.7); }
potential (X) { data = ( normal(1, 4) ); }
potential (Y | D X) { data = ( normal ( 2 + 0.5 * X , 1 ) normal ( -(1 + 2 * X), 0.25 ) ); }
"""


def genie(*nodes: str) -> str:
    found = []
    for node in nodes:
        name, parents, formula = node.split("|")
        given = f"<parents>{parents}</parents>" if parents else ""
        found.append(f'<equation id="{name}">{given}<definition lower="-9" upper="9">{name} = '
                     f"{formula}</definition></equation>")  # fmt: skip
    return (
        '<?xml version="1.0"?><smile version="1.0" id="n"><nodes><cpt id="d"><state id="no"/>'
        '<state id="yes"/><probabilities>0.3 0.7</probabilities></cpt>'
        f"{''.join(found)}</nodes></smile>"
    )


def read(folder: Path, name: str, text: str, cuts: object) -> fn.Network:
    (folder / name).write_text(text)
    with pytest.warns(FormatWarning, match="of the variance .* keeps .*%; tables within"):
        return fn.load(folder / name, cuts=cuts)  # type: ignore[arg-type]


def normal(x: float) -> float:
    return 0.5 * (1 + erf(x / sqrt(2)))


def test_linear_gaussian_nodes_are_those_of_simulation(tmp_path: Path) -> None:
    cuts = [-1.0, 0.0, 1.0, 2.0, 3.0]
    network = read(tmp_path, "a.net", GAUSSIAN, {"X": cuts, "Y": 4})
    want = np.diff([0.0, *(normal((c - 1) / 2) for c in cuts), 1.0])
    assert network.cpt("X") == pytest.approx(want, abs=1e-12)
    assert network.states("X")[:2] == ("<-1", "-1-0") and network.meta["X"]["label"] == "an X"
    rng = np.random.default_rng(1)
    d, x = rng.random(DRAWN) < 0.7, rng.normal(1, 2, DRAWN)
    y = np.where(d, rng.normal(-1 - 2 * x, 0.5), rng.normal(2 + 0.5 * x, 1))
    in_x = np.searchsorted(cuts, x, side="right")
    points = [float(c) for c in network.meta["Y"]["cuts"].split(",")]
    in_y = np.searchsorted(points, y, side="right")
    assert np.bincount(in_y) / DRAWN == pytest.approx([0.25] * 4, abs=0.005)  # quantiles
    for i in (0, 1):
        for k in range(6):
            here = (d == i) & (in_x == k)
            share = np.bincount(in_y[here], minlength=4) / here.sum()
            assert network.cpt("Y")[i, k] == pytest.approx(share, abs=4 / sqrt(here.sum()))
    assert sum(fn.Engine(network).posterior({"Y": network.states("Y")[0]})["X"].values()) == (
        pytest.approx(1.0)
    )


def test_equations_are_those_of_closed_forms_and_simulation(tmp_path: Path) -> None:
    text = genie("u||Uniform(0,2)", "e|d|Exponential(Choose(d, 1, 3))",
                 "s|u e|2*u + e - Normal(0, 0.5)", "f|u|u^2", "t||Triangular(0, 1, 4)")  # fmt: skip
    cuts = {"u": [0.5], "e": [0.2, 0.5], "s": [1, 2, 3], "f": [0.25, 1], "t": [1]}
    network = read(tmp_path, "a.xdsl", text, cuts)
    assert network.cpt("u") == pytest.approx([0.25, 0.75])
    assert network.cpt("t") == pytest.approx([0.25, 0.75])
    for row, rate in zip(network.cpt("e"), (1, 3), strict=True):
        below = [1 - exp(-0.2 * rate), 1 - exp(-0.5 * rate)]
        assert row == pytest.approx(np.diff([0, *below, 1]), abs=1e-12)
    assert network.cpt("f") == pytest.approx(np.array([[1, 0, 0], [0, 1 / 3, 2 / 3]]), abs=0.012)
    rng = np.random.default_rng(2)
    u, d = rng.random(DRAWN) * 2, rng.random(DRAWN) < 0.7
    e = rng.exponential(np.where(d, 1 / 3, 1.0))
    s = np.searchsorted([1, 2, 3], 2 * u + e - rng.normal(0, 0.5, DRAWN), side="right")
    for i in range(2):
        for k in range(3):
            here = (np.searchsorted([0.5], u) == i) & (np.searchsorted([0.2, 0.5], e) == k)
            share = np.bincount(s[here], minlength=4) / here.sum()
            assert network.cpt("s")[i, k] == pytest.approx(share, abs=4 / sqrt(here.sum()))


@pytest.mark.parametrize(
    ("formula", "cuts", "said"),
    [
        ("Normal(0, 1)", None, "'x' is a continuous node: give its cut points"),
        ("Normal(0, 1)", {"x": [2, 1]}, "expected increasing numbers"),
        ("Normal(0, 1)", {"x": 1}, "a number of states from 2 to 100"),
        ("Normal(0, 1)", {"x": [1], "d": [1]}, "continuous node to cut 'd'"),
        ("Normal(0, -1)", {"x": [1]}, "expected a mean and a standard deviation above 0"),
        ("Normal(0)", {"x": [1]}, "expected a mean and a standard deviation above 0"),
        ("Normal(0, 1) + Normal(0, 1)", {"x": [1]}, "expected one distribution, got two"),
        ("Norml(0, 1)", {"x": [1]}, "did you mean 'Normal'"),
        ("Normal(y, 1)", {"x": [1]}, "'y' has no number here"),
        ("Abs(Normal(0, 1))", {"x": [1]}, "a distribution within Abs is not read"),
        ("Normal(0, 1) ^ 2", {"x": [1]}, "a power or a fraction of a distribution is not read"),
        ("1 / 0", {"x": [1]}, "a number out of range"),
        ("__import__('os')", {"x": [1]}, "__import__"),
        ("Normal(0, 1", {"x": [1]}, "expected a formula"),
        ("(lambda: 1)()", {"x": [1]}, "is not read"),
    ],
)
def test_what_cannot_be_cut_is_said(tmp_path: Path, formula: str, cuts: object, said: str) -> None:
    path = tmp_path / "a.xdsl"
    path.write_text(genie(f"x||{formula}"))
    with pytest.raises((FormatError, fn.errors.OptionError)) as caught:
        fn.load(path, cuts=cuts)  # type: ignore[arg-type]
    assert said.lower() in str(caught.value).lower()


def test_cut_points_are_for_files_with_continuous_nodes(tmp_path: Path) -> None:
    fn.example("asia").save(tmp_path / "asia.bif")
    with pytest.raises(FormatError, match="BIF has no continuous nodes"):
        fn.load(tmp_path / "asia.bif", cuts={"x": [1]})
    with pytest.raises(fn.errors.OptionError, match="cuts"):
        fn.load(cuts={"x": [1]})
    (tmp_path / "a.net").write_text(GAUSSIAN)
    with pytest.raises(FormatError, match=":3: 'X' is a continuous node: give its cut"):
        fn.load(tmp_path / "a.net")
