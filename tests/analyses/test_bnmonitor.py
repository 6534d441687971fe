"""Figures that others printed: bnmonitor's own checks, a manual's and a textbook's examples.

- bnmonitor: Leonelli, Ramanathan & Wilkerson 2023, doi:10.1016/j.knosys.2023.110882. The networks
  *fire_alarm* (after Chan & Darwiche 2002, doi:10.1613/jair.967) and *travel* come with the
  package; the right sides, with their digits, are those that its test files expect of
  `sensquery`, `sensitivity` and `CD`.
- HUGIN's manual, "Parameter Sensitivity Wizard", on the chest clinic.
- The fire alarm without malfunction: Poole & Mackworth, "Artificial Intelligence: Foundations of
  Computational Agents", P(tampering | report) = 0.399.
"""

import numpy as np
import pytest

from fascinet.engine.analyses.distance import cd_distance
from fascinet.engine.analyses.hypotheses import is_state
from fascinet.engine.analyses.inverse import Statement, single_changes
from fascinet.engine.analyses.multiway import changed
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.api.engine import Engine
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests.analyses import networks
from tests.analyses.networks import YES_NO, table
from tests.analyses.test_published import position

BACKENDS = ("numpy", "core")


def tables(rows: dict[str, list]) -> dict[str, Table]:
    return {v: Table(np.array(x)) for v, x in rows.items()}


def fire_alarm() -> Network:
    """Return the package's network: the alarm rings, is broken, or is silent."""
    states = {v: ("TRUE", "FALSE") for v in ("Fire", "Tampering", "Smoke", "Leaving", "Report")}
    rows = {
        "Fire": [0.01, 0.99], "Tampering": [0.02, 0.98], "Smoke": [[0.9, 0.1], [0.01, 0.99]],
        "Alarm": [[[0.6, 0.2, 0.2], [0.92, 0.07, 0.01]],
                  [[0.65, 0.2, 0.15], [0.0001, 0.65, 0.3499]]],
        "Leaving": [[0.88, 0.12], [0.73, 0.27], [0.001, 0.999]],
        "Report": [[0.75, 0.25], [0.01, 0.99]],
    }  # fmt: skip
    parents = {"Smoke": ("Fire",), "Alarm": ("Fire", "Tampering"), "Leaving": ("Alarm",),
               "Report": ("Leaving",)}  # fmt: skip
    return Network(states | {"Alarm": ("TRUE", "MALFUNCTION", "FALSE")}, parents, tables(rows))


def travel() -> Network:
    """Return the package's survey: age, sex, education, occupation, residence, travel."""
    states = {
        "A": ("young", "adult", "old"), "S": ("M", "F"), "E": ("high", "uni"),
        "O": ("emp", "self"), "R": ("small", "big"), "T": ("car", "train", "other"),
    }  # fmt: skip
    rows = {
        "A": [0.3, 0.5, 0.2], "S": [0.6, 0.4],
        "E": [[[0.75, 0.25], [0.64, 0.36]], [[0.72, 0.28], [0.7, 0.3]],
              [[0.88, 0.12], [0.9, 0.1]]],
        "O": [[0.96, 0.04], [0.92, 0.08]], "R": [[0.25, 0.75], [0.2, 0.8]],
        "T": [[[0.48, 0.42, 0.1], [0.58, 0.24, 0.18]], [[0.56, 0.36, 0.08], [0.7, 0.21, 0.09]]],
    }  # fmt: skip
    parents = {"E": ("A", "S"), "O": ("E",), "R": ("E",), "T": ("O", "R")}
    return Network(states, parents, tables(rows), name="travel")


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_two_changes_that_bring_a_report_down(backend) -> None:
    """P(Report | Alarm) = 0.3 needs 0.339545 or 0.391892, and no other figure does it."""
    engine = Engine(fire_alarm(), backend=backend)
    statement = Statement(is_state(engine.network, "Report", "TRUE"), "<=", 0.3)
    found = single_changes(engine, statement, {"Alarm": "TRUE"}).to_frame()
    rows = found[found["state"] == "TRUE"]
    suggested = {v: float(x) for v, x in zip(rows["variable"], rows["needed"], strict=True)}
    assert suggested == {
        "Report": pytest.approx(0.339545, abs=5e-7),
        "Leaving": pytest.approx(0.391892, abs=5e-7),
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_education_of_the_self_employed(backend) -> None:
    """P(E = high | O = self) is 0.7 where P(A = old) is 0.6383142, the others in proportion."""
    found = Engine(travel(), backend=backend).sensitivity("E", "high", {"O": "self"})
    i = position(found, "A", "old", {})
    t = 0.6383142
    value = (found.a[i] * t + found.b[i]) / (found.c[i] * t + found.d[i])
    assert value == pytest.approx(0.7, abs=5e-7)


def test_distance_of_an_order_preserving_change() -> None:
    """P(T = train | emp, big) from 0.24 to 0.3: 0.486."""
    before = travel()
    figures = parameters_of(before)
    place = figures.find("T", "train", {"O": "emp", "R": "big"})
    after = changed(figures, {place: 0.3}, "order_preserving")
    assert cd_distance(before, after) == pytest.approx(0.486, abs=5e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_bronchitis_by_the_share_of_smokers(backend) -> None:
    """A straight line; the more probable state changes where smokers are about 0.7 (2/3)."""
    found = Engine(networks.asia(), backend=backend).sensitivity("bronc", "yes")
    i = position(found, "smoke", "yes", {})
    assert found.c[i] == pytest.approx(0.0, abs=1e-12) and found.posterior == pytest.approx(0.45)
    assert found.flip_high[i] == pytest.approx(2.0 / 3.0) and round(found.flip_high[i], 1) == 0.7


@pytest.mark.parametrize("backend", BACKENDS)
def test_tampering_after_a_report(backend) -> None:
    """P(tampering | report) = 0.399; as a weight of evidence it takes the odds there at once."""
    gates = {
        "tampering": table(0.02), "fire": table(0.01), "leaving": table(0.88, 0.001),
        "alarm": Table(np.array([[[0.5, 0.5], [0.85, 0.15]], [[0.99, 0.01], [0.0001, 0.9999]]])),
        "report": table(0.75, 0.01),
    }  # fmt: skip
    parents = {"alarm": ("tampering", "fire"), "leaving": ("alarm",), "report": ("leaving",)}
    network = Network({v: YES_NO for v in gates}, parents, gates, name="fire")
    found = Engine(network, backend=backend).explain("tampering", "yes", {"report": "yes"})
    assert found.posterior == pytest.approx(0.399, abs=5e-4)
    odds = 0.02 / 0.98 * 10 ** (found.weight_db[0] / 10)
    assert odds / (1 + odds) == pytest.approx(found.posterior, abs=1e-12)
