"""Bases for other parameters beside bases of networks made anew."""

import numpy as np
import pytest

from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.tables.arrays import network_arrays
from fascinet.engine.tables.rebase import Rebase
from tests.strategies import random_network


@pytest.mark.parametrize("seed", range(20))
def test_a_base_for_other_parameters_is_that_of_a_network_made_anew(seed: int) -> None:
    net = random_network(seed, 9)
    figures, rng = parameters_of(net), np.random.default_rng(seed)
    raw = rng.random((3, len(figures.values))) * (rng.random((3, len(figures.values))) < 0.8) + 1e-9
    values = raw / np.add.reduceat(raw, figures.starts, axis=1)[:, figures.row]
    for row, base in zip(values, Rebase(network_arrays(net))(values), strict=True):
        want = network_arrays(figures.rebuild(row)).base
        np.testing.assert_allclose(base, want, atol=1e-15, rtol=1e-12)
