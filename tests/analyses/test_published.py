"""Published examples and theorems, worked by hand on the published networks.

The right sides here are derived from the tables of two published networks, and theorems are checked
as they stand; figures that others printed are in `test_bnmonitor.py`. The papers' own examples of
the oesophagus network, of data conflict and of clinical thresholds could not be read in full, so
none of their numbers is quoted from memory.

- Asia: Lauritzen & Spiegelhalter 1988, doi:10.1111/j.2517-6161.1988.tb01721.x.
- Metastatic cancer: Cooper 1984 (Stanford thesis); the example of Pearl 1988 and of the papers of
  van der Gaag and colleagues.
"""

import math

import numpy as np
import pytest

from fascinet.engine.analyses.distance import cd_distance
from fascinet.engine.analyses.hypotheses import is_state
from fascinet.engine.analyses.inverse import Statement, single_changes
from fascinet.engine.analyses.multiway import changed
from fascinet.engine.analyses.thresholds import thresholds
from fascinet.engine.api.engine import Engine
from fascinet.model.gates import Table, noisy_or
from fascinet.model.network import Network
from tests.analyses import networks
from tests.analyses.networks import NO_YES, YES_NO, table
from tests.analyses.test_large import ALARM, MONITOR, read

EITHER = 1.0 - (1.0 - (0.01 * 0.05 + 0.99 * 0.01)) * (1.0 - (0.5 * 0.1 + 0.5 * 0.01))
TUMOUR = 0.2 * 0.2 + 0.8 * 0.05


def cooper() -> Network:
    gates = {
        "cancer": table(0.2),
        "calcium": table(0.8, 0.2),
        "tumour": table(0.2, 0.05),
        "coma": Table(np.array([[[0.8, 0.2], [0.8, 0.2]], [[0.8, 0.2], [0.05, 0.95]]])),
        "headache": table(0.8, 0.6),
    }
    parents = {"calcium": ("cancer",), "tumour": ("cancer",), "headache": ("tumour",),
               "coma": ("calcium", "tumour")}  # fmt: skip
    return Network({v: YES_NO for v in gates}, parents, gates, name="cooper")


def test_sensitivity_function_of_the_brain_tumour_example() -> None:
    """P(tumour | headache) in x = P(headache | tumour): 0.08 x / (0.08 x + 0.92 · 0.6)."""
    found = Engine(cooper()).sensitivity("tumour", "yes", {"headache": "yes"})
    i = position(found, "headache", "yes", {"tumour": "yes"})
    p_e = TUMOUR * 0.8 + (1 - TUMOUR) * 0.6
    line = np.array([TUMOUR, 0.0, TUMOUR, (1 - TUMOUR) * 0.6]) / p_e
    assert [found.a[i], found.b[i], found.c[i], found.d[i]] == pytest.approx(line, abs=1e-12)
    assert found.derivative[i] == pytest.approx(TUMOUR * (1 - TUMOUR) * 0.6 / p_e**2)


def test_admissible_deviation_of_the_brain_tumour_example() -> None:
    """No tumour stays on top unless P(headache | no tumour) falls to 0.08 · 0.8 / 0.92.

    van der Gaag & Renooij 2001, arXiv:1301.2314.
    """
    found = Engine(cooper()).sensitivity("tumour", "yes", {"headache": "yes"})
    i = position(found, "headache", "yes", {"tumour": "no"})
    down, up = found.admissible_deviation
    assert down[i] == pytest.approx(0.6 - TUMOUR * 0.8 / (1 - TUMOUR))
    assert up[i] == math.inf
    j = position(found, "headache", "yes", {"tumour": "yes"})
    assert down[j] == up[j] == math.inf  # 0.08 x never reaches 0.92 · 0.6


def test_vertex_of_the_brain_tumour_example() -> None:
    """P = r / (x - s) + 1 with s = -6.9, r = s: the vertex is s + √6.9, outside 0 … 1."""
    found = Engine(cooper()).sensitivity("tumour", "yes", {"headache": "yes"})
    i = position(found, "headache", "yes", {"tumour": "yes"})
    s = -(1 - TUMOUR) * 0.6 / TUMOUR
    assert found.vertex_proximity[i] == pytest.approx(0.8 - (s + math.sqrt(-s)))


def test_sensitivity_function_of_asia() -> None:
    """P(either | xray) in x = P(xray | neither): 0.98 E / (0.98 E + x (1 - E))."""
    found = Engine(networks.asia()).sensitivity("either", "yes", {"xray": "yes"})
    i = position(found, "xray", "yes", {"either": "no"})
    for x in (0.0, 0.05, 0.5, 1.0):
        want = 0.98 * EITHER / (0.98 * EITHER + x * (1 - EITHER))
        got = (found.a[i] * x + found.b[i]) / (found.c[i] * x + found.d[i])
        assert got == pytest.approx(want, abs=1e-12)
    flip = 0.98 * EITHER / (1 - EITHER)  # the same odds as the prior's, turned
    assert found.flip_high[i] == pytest.approx(flip) or found.flip_low[i] == pytest.approx(flip)


def test_data_conflict_of_asia_and_its_resolution() -> None:
    """It is ln P(smoke) P(xray) / P(smoke, xray) for a non-smoker with a bad film.

    Jensen, Chamberlain, Nordahl & Jensen 1990, arXiv:1304.1146.
    """
    engine = Engine(networks.asia())
    tub = 0.01 * 0.05 + 0.99 * 0.01
    seen = 1 - (1 - tub) * (1 - 0.01)  # either, in a non-smoker
    film, here = (0.98 * p + 0.05 * (1 - p) for p in (EITHER, seen))
    hypotheses = tuple(is_state(engine.network, v, "yes") for v in ("lung", "bronc"))
    found = engine.conflict({"smoke": "no", "xray": "yes"}, hypotheses=hypotheses)
    assert found.conf == pytest.approx(math.log(film / here))
    assert found.conf > 0
    after = 0.01 * 0.98 / here  # P(lung | no smoke, film)
    assert dict(found.resolving) == {"lung=yes": pytest.approx(math.log(after / 0.055))}


def test_chan_darwiche_distance_bounds_odds_and_is_reached() -> None:
    """P(cancer) from 0.2 to 0.3: D = ln (0.3/0.7) / (0.2/0.8); the odds of cancer move by e^D."""
    before = Engine(cooper())
    figures = before.sensitivity("cancer", "yes").parameters
    after = Engine(changed(figures, {figures.find("cancer", "yes"): 0.3}))
    distance = math.log((0.3 / 0.7) / (0.2 / 0.8))
    assert cd_distance(before.network, after.network) == pytest.approx(distance)
    for target in ("cancer", "tumour", "coma"):
        p, q = (e.posterior({"headache": "yes"})[target]["yes"] for e in (before, after))
        moved = math.log(q / (1 - q)) - math.log(p / (1 - p))
        assert moved <= distance + 1e-12
        if target == "cancer":
            assert moved == pytest.approx(distance)


def test_inverse_query_has_its_closed_form() -> None:
    """P(cancer | coma) ≥ x by the prior alone: odds(prior) = odds(x) / LR(coma)."""
    engine = Engine(cooper())
    coma = [
        sum(
            (c if calcium else 1 - c) * (b if tumour else 1 - b)
            * (0.8 if calcium or tumour else 0.05)
            for calcium in (0, 1) for tumour in (0, 1)
        )
        for c, b in ((0.8, 0.2), (0.2, 0.05))
    ]  # fmt: skip
    ratio = coma[0] / coma[1]
    statement = Statement(is_state(engine.network, "cancer", "yes"), ">=", 0.7)
    found = single_changes(engine, statement, {"coma": "yes"})
    place = list(found.index).index(found.parameters.find("cancer", "yes"))
    odds = 0.7 / 0.3 / ratio
    assert found.needed[place] == pytest.approx(odds / (1 + odds))
    want = math.log(odds) - math.log(0.2 / 0.8)
    assert found.log_odds_change[place] == pytest.approx(want)


def test_no_parameter_of_alarm_moves_an_answer_more_than_the_bound() -> None:
    """|∂P(h|e)/∂θ| ≤ P(h|e) (1 - P(h|e)) / θ (1 - θ).

    Chan & Darwiche 2002, "When do numbers really matter?", JAIR 17, doi:10.1613/jair.967.
    """
    found = Engine(read(ALARM), backend="core").sensitivity("HYPOVOLEMIA", "TRUE", MONITOR)
    theta, p = found.value, found.posterior
    inner = (theta > 0) & (theta < 1)
    bound = p * (1 - p) / (theta * (1 - theta))[inner]
    assert inner.sum() > 500
    assert (np.abs(found.derivative[inner]) <= bound + 1e-12).all()
    assert (np.abs(found.derivative[inner]) / bound).max() > 0.5


def test_thresholds_without_risk_and_error_are_the_ends() -> None:
    """A perfect, harmless test is always done; Pauker & Kassirer, doi:10.1056/NEJM198005153022003.

    With tp 0.9, fp 0.2, B = 3 C and R = C / 10 the utilities of the three actions cross at
    (0.2 + 0.1) / (0.2 + 0.9 · 3) and (0.8 - 0.1) / (0.8 + 0.1 · 3).
    """
    perfect = thresholds(3.0, 1.0)
    assert (perfect.testing, perfect.treatment, perfect.without_test) == (0.0, 1.0, 0.25)
    found = thresholds(3.0, 1.0, 0.9, 0.2, 0.1)
    assert found.testing == pytest.approx(0.3 / 2.9)
    assert found.treatment == pytest.approx(0.7 / 1.1)


def test_expected_disablement_of_one_symptom_has_its_closed_form() -> None:
    """E(k) = P(s = 0, d_k = 1) (1 / λ_k - 1) / P(s = 1), λ_k = P(d_k alone does not show).

    Richens, Lee & Johri 2020, doi:10.1038/s41467-020-17419-7, for one positive symptom.
    """
    prior, link, leak = np.array([0.1, 0.3, 0.02]), np.array([0.8, 0.25, 0.6]), 0.05
    names = [f"d{k}" for k in range(3)]
    gates = {n: Table(np.array([1 - p, p])) for n, p in zip(names, prior, strict=True)}
    network = Network({n: NO_YES for n in (*names, "s")}, {"s": tuple(names)},
                      gates | {"s": noisy_or(list(link), leak=leak)}, name="richens")  # fmt: skip
    silent = (1 - leak) * np.prod(1 - prior * link)
    for backend in ("numpy", "core"):
        engine = Engine(network, backend=backend)
        found = engine.without_each_cause({"s": "yes"}, causes=names, findings=["s"])
        for k in range(3):
            others = silent / (1 - prior[k] * link[k])
            neither = others * prior[k] * (1 - link[k])  # P(s = 0, d_k = 1)
            want = neither * (1 / (1 - link[k]) - 1) / (1 - silent)
            assert found.gone[k, 0] == pytest.approx(want)


def position(found, variable, state, parents) -> int:
    return list(found.index).index(found.parameters.find(variable, state, parents))
