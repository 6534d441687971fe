"""What lies between a cause and its findings, and what is not yet excluded."""

import pytest

from fascinet.engine.analyses.pathway import not_excluded, pathway
from fascinet.engine.api.engine import Engine
from tests.analyses import networks
from tests.analyses.test_information import mutual_information
from tests.oracle import posteriors


def test_pathway_of_asia_runs_through_either() -> None:
    network, evidence = networks.asia(), {"xray": "yes", "dysp": "yes"}
    found = pathway(Engine(network), "lung", "yes", evidence)
    assert found.variables == ("either",) and found.explains == (("xray", "dysp"),)
    assert found.bits[0] == pytest.approx(mutual_information(network, "lung", "either", evidence))
    # "no" is the resting state, so presence is "yes"
    assert found.posterior[0] == pytest.approx(posteriors(network, evidence)[0]["either"][0])


def test_dangers_stay_listed_until_excluded() -> None:
    network = networks.clinic()
    meta = {v: dict(m) for v, m in network.meta.items()}
    meta["grave"]["must_not_miss"] = True
    engine = Engine(network.replace(meta=meta))
    worried = not_excluded(engine, {"twitching": "yes", "weakness": "objective"})
    assert [c for c, _ in worried] == ["grave"] and worried[0][1] > 0.01
    calm = {"twitching": "yes", "weakness": "none", "wasting": "no", "age": "young"}
    assert not_excluded(engine, calm) == ()
