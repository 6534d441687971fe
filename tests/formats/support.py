"""Networks and helpers that the tests of formats share."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fascinet.model.gates import Function, Gate, NoisyMax, Table, noisy_or
from fascinet.model.network import Network

FOLDER = Path(__file__).parents[1] / "data" / "networks"
NETWORKS = sorted(p.name.split(".")[0] for p in FOLDER.glob("*.bif.gz"))


def gated() -> Network:
    """Return a network with every kind of gate, awkward names and attributes."""
    rng = np.random.default_rng(7)
    states: dict[str, tuple[str, ...]] = {
        "x": ("absent", "mild", "severe"),
        "Age (y)": ("<5", "5-10", "10+"),
        "risk": ("no", "yes"),
        "Maladie d'été": ("non", "oui"),
        "z": ("no", "yes"),
        "test": ("−", "+", "Asy/Patch"),
    }
    parents = {
        "Maladie d'été": ["Age (y)", "risk"],
        "x": ["Maladie d'été", "Age (y)"],
        "z": ["x", "Maladie d'été"],
        "test": ["x", "Maladie d'été"],
    }
    link = np.array([[1.0, 0.0, 0.0], [0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])
    gates: dict[str, Gate] = {
        "Age (y)": Table(np.array([0.25, 0.5, 0.25])),
        "risk": Table(np.array([0.9, 0.1])),
        "Maladie d'été": noisy_or([[0.1, 0.0, 0.3], 0.35], 0.01),
        "x": NoisyMax((link[[0, 2]], link[[1, 0, 2]]), np.array([0.9, 0.07, 0.03])),
        "z": Function(np.array([[0, 1], [1, 1], [0, 1]]), 2),
        "test": Table(rng.dirichlet(np.ones(3), size=(3, 2))),
    }
    meta: Mapping[str, Mapping[str, Any]] = {
        "x": {"label": 'Weak "legs" & <arms>', "kind": "finding"},
        "risk": {"label": "Risk", "group": "other"},
    }
    return Network(states, parents, gates, name="gates of all kinds", version="1.2", meta=meta)


def same_parameters(a: Network, b: Network) -> bool:
    """Tell whether names, states, parents and full tables agree bit for bit."""
    return a.variables == b.variables and all(
        a.states(v) == b.states(v)
        and a.parents(v) == b.parents(v)
        and np.array_equal(a.cpt(v), b.cpt(v))
        for v in a.variables
    )


def reordered(table: np.ndarray, given: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    """Bring the parents' axes of `table` from the order `given` into the order `wanted`."""
    axes = [given.index(u) for u in wanted]
    return np.transpose(table, (*axes, table.ndim - 1))


def pyagrum() -> Any:
    """Import pyAgrum with warnings off: as errors they crash its extension module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum as gum
    return gum
