"""Small networks on which every analysis is compared with enumeration."""

import numpy as np

from fascinet.model.gates import Function, NoisyMax, Table, deterministic_or, noisy_or
from fascinet.model.network import Network

YES_NO = ("yes", "no")
NO_YES = ("no", "yes")


def table(*rows: float) -> Table:
    """P(yes | parents) for states (yes, no)."""
    p = np.array(rows)
    return Table(np.stack([p, 1 - p], axis=-1).squeeze())


def asia() -> Network:
    """Return the chest clinic of Lauritzen & Spiegelhalter (1988).

    doi:10.1111/j.2517-6161.1988.tb01721.x
    """
    gates = {
        "asia": table(0.01),
        "tub": table(0.05, 0.01),
        "smoke": table(0.5),
        "lung": table(0.1, 0.01),
        "bronc": table(0.6, 0.3),
        "either": Table(np.array([[[1, 0], [1, 0]], [[1, 0], [0, 1.0]]])),
        "xray": table(0.98, 0.05),
        "dysp": Table(
            np.array([[[0.9, 0.1], [0.8, 0.2]], [[0.7, 0.3], [0.1, 0.9]]]),
        ),
    }
    parents = {
        "tub": ("asia",), "lung": ("smoke",), "bronc": ("smoke",), "either": ("lung", "tub"),
        "xray": ("either",), "dysp": ("bronc", "either"),
    }  # fmt: skip
    return Network({v: YES_NO for v in gates}, parents, gates, name="asia")


def clinic() -> Network:
    """Return a toy clinic: a risk, three causes with triggers, gates, a mechanism, zeros."""
    states = {
        "age": ("young", "old"),
        "grave": NO_YES,
        "strain": ("none", "acute", "chronic"),
        "benign": NO_YES,
        "trigger_grave": NO_YES,
        "trigger_strain": NO_YES,
        "trigger_benign": NO_YES,
        "twitching": NO_YES,
        "weakness": ("none", "subjective", "objective"),
        "wasting": NO_YES,
        "test": ("normal", "odd", "clear"),
        "any_cause": NO_YES,
    }
    parents = {
        "grave": ("age",),
        "trigger_grave": ("grave",),
        "trigger_strain": ("strain",),
        "trigger_benign": ("benign",),
        "twitching": ("trigger_grave", "trigger_strain", "trigger_benign"),
        "weakness": ("grave", "benign"),
        "wasting": ("grave",),
        "test": ("grave", "benign"),
        "any_cause": ("grave", "benign"),
    }
    rest3 = [1.0, 0.0, 0.0]
    gates = {
        "age": Table(np.array([0.7, 0.3])),
        "grave": Table(np.array([[0.999, 0.001], [0.98, 0.02]])),
        "strain": Table(np.array([0.5, 0.3, 0.2])),
        "benign": Table(np.array([0.7, 0.3])),
        "trigger_grave": noisy_or([0.7]),
        "trigger_strain": noisy_or([[0.0, 0.3, 0.5]]),
        "trigger_benign": noisy_or([0.9]),
        "twitching": noisy_or([1.0, 1.0, 1.0], leak=0.01),
        "weakness": NoisyMax(
            (np.array([rest3, [0.2, 0.1, 0.7]]), np.array([rest3, [0.65, 0.35, 0.0]])),
            np.array([0.93, 0.05, 0.02]),
        ),
        "wasting": noisy_or([0.5], leak=0.01),
        "test": NoisyMax(
            (np.array([rest3, [0.1, 0.15, 0.75]]), np.array([rest3, [0.4, 0.6, 0.0]])),
            np.array([0.75, 0.24, 0.01]),
        ),
        "any_cause": Function(np.array([[0, 1], [1, 1]]), 2),
    }
    kinds = {"grave": "cause", "strain": "cause", "benign": "cause", "age": "context"}
    kinds |= {v: "trigger" for v in states if v.startswith("trigger_")}
    kinds |= {"twitching": "finding", "weakness": "finding", "wasting": "finding", "test": "test"}
    labels = {"grave": "grave disease", "strain": "strain", "benign": "harmless twitching"}
    meta = {
        v: {"kind": kinds.get(v, "mechanism"), "label": labels.get(v, v), "cost": 1.0}
        for v in states
    }
    return Network(states, parents, gates, name="clinic", meta=meta)


def deterministic() -> Network:
    """Return an OR without noise over two roots, one of them certain not to be there."""
    gates = {"a": table(0.0), "b": table(0.3), "or": deterministic_or([2, 2])}
    states = {"a": YES_NO, "b": YES_NO, "or": NO_YES}
    return Network(states, {"or": ("a", "b")}, gates, name="deterministic")


def wide() -> Network:
    """Return six causes with gates too large to be worked as tables, one leaf below another."""
    rng = np.random.default_rng(11)
    names = [f"c{i}" for i in range(6)]
    states = {n: NO_YES for n in names} | {"pain": NO_YES, "sign": ("none", "some", "much")}
    states |= {"low": NO_YES, "test": ("normal", "odd")}
    rest, links = [1.0, 0.0, 0.0], rng.dirichlet(np.ones(3), 6)
    priors = rng.uniform(0.05, 0.5, 6)
    gates = {n: Table(np.array([1 - p, p])) for n, p in zip(names, priors, strict=True)}
    gates |= {
        "pain": noisy_or(list(rng.uniform(0.1, 0.9, 6)), leak=0.03),
        "low": noisy_or([0.5, 0.0, 1.0, 0.2, 0.3, 0.4], leak=0.0),
        "sign": NoisyMax(tuple(np.array([rest, link]) for link in links), np.array([0.9, 0.1, 0])),
        "test": Table(np.array([[0.9, 0.1], [0.4, 0.6], [0.0, 1.0]])),
    }
    parents = {v: tuple(names) for v in ("pain", "low", "sign")} | {"test": ("sign",)}
    meta = {n: {"kind": "cause", "label": n} for n in names}
    meta |= {v: {"kind": "finding", "label": v} for v in ("pain", "low", "sign")}
    return Network(states, parents, gates, name="wide", meta=meta | {"test": {"kind": "test"}})
