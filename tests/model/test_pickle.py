"""A network survives a trip to another process, read-only as before."""

import pickle

import numpy as np
import pytest

from fascinet.model.gates import Table, noisy_or
from fascinet.model.network import Network


def test_a_pickled_network_is_the_same_and_read_only() -> None:
    network = Network(
        {"a": ("no", "yes"), "b": ("no", "yes")},
        {"b": ("a",)},
        {"a": Table(np.array([0.7, 0.3])), "b": noisy_or([0.5], 0.1)},
        name="n", meta={"a": {"label": "A"}},
    )  # fmt: skip
    first = network.topological
    copy = pickle.loads(pickle.dumps(network))
    assert copy.hash == network.hash and copy.topological == first
    assert copy.meta["a"] == {"label": "A"} and copy.state_index("b", "yes") == 1
    with pytest.raises(ValueError, match="read-only"):
        copy.cpt("a")[0] = 1.0
    with pytest.raises(TypeError):
        copy.meta["b"] = {}
