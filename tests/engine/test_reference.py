"""Every reference network, every backend: posteriors and P(e) against the given references."""

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from tests.engine.networks import LARGE, SMALL, cases, network, reference


def check(name: str, backend: str, only: int | None = None) -> None:
    net, engine = network(name), Engine(network(name), backend=backend)
    given = reference(name)
    for i, evidence in enumerate(cases(name)[:only]):
        posterior = engine.posterior(evidence)
        pe = float(given[f"{i}|#pe"].item())
        assert posterior.log_prob_evidence == pytest.approx(np.log(pe), rel=1e-10, abs=1e-12)
        for v in net.variables:
            if v in evidence:
                assert posterior[v][evidence[v]] == 1.0
            else:
                np.testing.assert_allclose(posterior.array(v), given[f"{i}|{v}"], atol=1e-9)


@pytest.mark.parametrize("backend", ["numpy", "core"])
@pytest.mark.parametrize("name", SMALL)
def test_small_network_matches_reference(name: str, backend: str) -> None:
    check(name, backend)


@pytest.mark.parametrize("name", LARGE)
def test_large_network_matches_reference(name: str) -> None:
    check(name, "core", only=1 if name in {"munin1", "link"} else 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_network_matches_reference_in_all_cases(name: str) -> None:
    check(name, "core")


@pytest.mark.parametrize("name", ["pigs", "pathfinder"])
def test_large_network_without_numba(name: str) -> None:
    check(name, "numpy", only=1)
