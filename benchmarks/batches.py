"""Batches and derivatives beside pyAgrum: a frame of mixed evidence, all parameters at once."""

from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.clock import once, shortest
from benchmarks.networks import Subject
from benchmarks.peers import pyagrum_families, pyagrum_peers
from fascinet.engine.api.engine import Engine

Row = dict[str, Any]
Case = dict[str, str]
KEPT = 0.6  # share of a case's findings that a row keeps, so that nearly all sets differ
ASKED = 40  # rows that the peers' loop is timed on


def mixed_rows(subject: Subject, count: int, seed: int = 0) -> list[dict[str, str]]:
    """Return rows made of the subject's cases, each finding kept at random."""
    rng = np.random.default_rng(seed)
    picked = [subject.cases[i] for i in rng.integers(0, len(subject.cases), count)]
    return [{v: s for v, s in case.items() if rng.random() < KEPT} for case in picked]


def frame_of(subject: Subject, rows: list[dict[str, str]]) -> pd.DataFrame:
    """Return rows as a frame of objects, None where nothing is known."""
    columns = subject.network.variables
    return pd.DataFrame([[row.get(v) for v in columns] for row in rows], None, columns, object)


def sampled_rows(subject: Subject, count: int, seen: int = 5, seed: int = 0) -> list[Case]:
    """Return rows drawn from the network itself, the same number of variables seen in each."""
    network, rng = subject.network, np.random.default_rng(seed)
    order: list[str] = []
    while len(order) < len(network.variables):
        order += [v for v in network.variables
                  if v not in order and set(network.parents(v)) <= set(order)]  # fmt: skip
    drawn: dict[str, Any] = {}
    for v in order:
        rows = network.cpt(v)[tuple(drawn[u] for u in network.parents(v))]
        below = np.cumsum(np.broadcast_to(rows, (count, rows.shape[-1])), axis=1)
        found = (rng.random((count, 1)) > below).sum(axis=1)
        drawn[v] = np.minimum(found, rows.shape[-1] - 1)
    kept = [rng.choice(network.variables, seen, replace=False).tolist() for _ in range(count)]
    return [
        {v: network.states(v)[drawn[v][i]] for v in names} for i, names in enumerate(kept)
    ]  # fmt: skip


def batch(subject: Subject, count: int, sampled: bool = False) -> Row:
    """Cases per CPU second from DataFrame to DataFrame, beside pyAgrum's loop over such rows."""
    engine = Engine(subject.network, backend="core")
    rows = sampled_rows(subject, count) if sampled else mixed_rows(subject, count)
    frame = frame_of(subject, rows)
    few = frame.iloc[:256]
    engine.posteriors(few)
    single = engine.posteriors(few, dtype="float32")
    ours = count / min(once(lambda: engine.posteriors(frame)) for _ in range(3))
    half = count / min(once(lambda: engine.posteriors(frame, dtype="float32")) for _ in range(3))
    peers = pyagrum_peers(subject.network)
    theirs = max(
        1.0 / median(shortest(lambda c=c, a=a: a(c), 3, 0.0) for c in rows[:ASKED])
        for a in peers.values()
    )
    return {
        "network": subject.name + (", drawn rows" if sampled else ""),
        "rows": count, "distinct": len(frame.drop_duplicates()), "cases_per_second": ours,
        "float32_cases_per_second": half, "float32_error": single.attrs["max_abs_difference"],
        "pyagrum_cases_per_second": theirs, "ratio": ours / theirs, "float32_ratio": half / theirs,
    }  # fmt: skip


def derivatives(subject: Subject) -> Row:
    """All-parameter derivatives, every one read, beside one pass of all marginals, all read."""
    engine = Engine(subject.network, backend="core")
    families = pyagrum_families(subject.network)
    names = subject.network.variables
    times: dict[str, list[float]] = {"all": [], "read": [], "marginals": [], "families": []}
    for case in subject.cases[:5]:

        def read(c: dict[str, str] = case) -> None:
            found = engine.derivatives(c)
            for v in names:
                _ = found[v]

        def marginals(c: dict[str, str] = case) -> None:
            found = engine.posterior(c)
            for v in names:
                _ = found[v]

        times["all"].append(shortest(lambda c=case: engine.derivatives(c)))
        times["read"].append(shortest(read))
        times["marginals"].append(shortest(marginals))
        times["families"].append(shortest(lambda c=case: families(c), 3, 0.0))
    ms = {k: 1e3 * median(v) for k, v in times.items()}
    return {
        "network": subject.name, "derivatives_ms": ms["all"], "and_read_ms": ms["read"],
        "marginals_read_ms": ms["marginals"], "ratio": ms["read"] / ms["marginals"],
        "pyagrum_families_ms": ms["families"], "x_pyagrum": ms["families"] / ms["all"],
        "x_pyagrum_read": ms["families"] / ms["read"],
    }  # fmt: skip
