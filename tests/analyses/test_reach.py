"""Lists of changes hold only what changes something: each row is tried by changing the network."""

import numpy as np
import pytest

import fascinet as fn
from fascinet.cli import run
from fascinet.engine.analyses.hypotheses import is_state
from fascinet.engine.analyses.influence import what_would_change
from fascinet.engine.analyses.inverse import Statement, single_changes
from fascinet.engine.analyses.multiway import changed
from fascinet.engine.analyses.parameters import parameters_of
from tests.analyses import networks
from tests.formats.support import FOLDER

NETWORKS = {
    "asia": lambda: fn.load(FOLDER / "asia.bif.gz"),
    "cancer": lambda: fn.load(FOLDER / "cancer.bif.gz"),
    "survey": lambda: fn.load(FOLDER / "survey.bif.gz"),
    "clinic": networks.clinic,
}
CASES = [
    ("asia", "lung", "yes", {"dysp": "yes", "xray": "yes"}),
    ("asia", "lung", "yes", {"smoke": "yes", "dysp": "yes", "bronc": "no", "xray": "yes"}),
    ("asia", "smoke", "yes", {"lung": "yes", "bronc": "yes"}),  # all its neighbours are observed
    ("cancer", "Cancer", "True", {"Pollution": "low", "Smoker": "True", "Xray": "positive"}),
    ("survey", "T", "car", {"S": "F", "A": "old", "E": "uni"}),
    ("clinic", "grave", "yes", {"twitching": "yes", "weakness": "objective"}),
]


@pytest.mark.parametrize("level", [0.02, 0.5, 0.97])
@pytest.mark.parametrize(("name", "target", "state", "evidence"), CASES)
def test_every_change_in_the_list_reaches_the_level(name, target, state, evidence, level) -> None:
    network = NETWORKS[name]()
    engine = fn.Engine(network)
    now = engine.posterior(evidence)[target][state]
    sense = ">=" if level > now else "<="
    found = single_changes(
        engine, Statement(is_state(network, target, state), sense, level), evidence
    )
    for i, t in zip(found.index, found.needed, strict=True):
        assert 1e-9 < t < 1 - 1e-9
        moved = fn.Engine(changed(found.parameters, {int(i): float(t)}))
        assert moved.posterior(evidence)[target][state] == pytest.approx(level, abs=1e-7)
        past = t + 0.01 * (t - found.parameters.values[i])
        beyond = fn.Engine(changed(found.parameters, {int(i): float(np.clip(past, 0.0, 1.0))}))
        after = beyond.posterior(evidence)[target][state]
        assert after > level if sense == ">=" else after < level


@pytest.mark.parametrize(("name", "target", "state", "evidence"), CASES)
def test_no_change_that_reaches_the_level_is_left_out(name, target, state, evidence) -> None:
    """By moving each parameter almost to 0 and to 1, without derivatives."""
    network = NETWORKS[name]()
    engine = fn.Engine(network)
    now, level = engine.posterior(evidence)[target][state], 0.5
    sense = 1.0 if level > now else -1.0
    statement = Statement(is_state(network, target, state), ">=" if sense > 0 else "<=", level)
    found = single_changes(engine, statement, evidence)
    figures = parameters_of(network)
    able = set()
    for i in np.flatnonzero(figures.free) if figures.free.dtype == bool else figures.free:
        for t in (1e-6, 1 - 1e-6):
            moved = fn.Engine(changed(figures, {int(i): t}))
            if moved.log_prob_evidence(evidence) == -np.inf:
                continue
            if sense * (moved.posterior(evidence)[target][state] - level) > 1e-9:
                able.add(int(i))
    assert able <= set(found.index.tolist())


def test_what_is_rounding_is_no_mover() -> None:
    """With all neighbours of the target observed, most figures move nothing."""
    for name, target, state, evidence in CASES:
        found = what_would_change(fn.Engine(NETWORKS[name]()), target, state, evidence, count=999)
        assert (found.swing_db > 1e-9).all()


@pytest.mark.parametrize("level", ["1.5", "-0.1", "nan", "inf", "much", ""])
def test_a_level_is_a_probability(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    network = str(FOLDER / "asia.bif.gz")
    line = ["sensitivity", "--network", network, "-f", "dysp=yes", "--target", "lung=yes"]
    assert run([*line, "--reach", level]) == 2
    out, err = capsys.readouterr()
    assert not out and "a probability" in err
