"""Learning with missing cells: EM beside pgmpy's and pyAgrum's on the same data, and recovery.

pgmpy's EM knows hidden variables alone, no missing cells: *asia* without the columns of two
variables, the same start, the same number of steps for both. pyAgrum's EM runs on missing cells to
its own end; the log likelihoods that both reach are shown. Recovery: cases drawn from a network, a
share of the cells taken away; how many figures lie within three standard errors of the truth, and
whether a step ever lowered the objective.
"""

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fascinet as fn
from benchmarks.clock import once
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.learning.cases import read_cases
from fascinet.engine.learning.expected import expected_counts
from fascinet.model.network import Network

STEPS = 20
HIDDEN = ("bronc", "lung")
WORTH = 50.0  # complete cases that a figure must be worth to be judged


def learning(quick: bool) -> list[dict[str, Any]]:
    """Return one row a measurement."""
    rows, cases = (1_000, 1_000) if quick else (5_000, 50_000)
    alarm = fn.example("alarm")
    return [
        beside_pgmpy(rows),
        beside_pyagrum(300 if quick else 2_000),
        recovery(alarm, cases, flat(alarm), seed=1, tolerance=1e-3, iterations=60),
        recovery(fn.load(), 200 if quick else 1_500, fn.load(), iterations=4),
    ]


def drawn(network: Network, rows: int, missing: float, seed: int) -> pd.DataFrame:
    """Return cases drawn from a network, a share of the cells missing."""
    states = simulate(network, rows, seed)
    frame = pd.DataFrame(
        {v: np.array(network.states(v), dtype=object)[states[v]] for v in network.variables}
    )
    return frame.mask(np.random.default_rng(seed + 1).random(frame.shape) < missing)


def flatter(network: Network) -> Network:
    """Return a network half-way to equal figures: where both begin."""
    return network.copy_with(
        tables={v: network.cpt(v) * 0.5 + 0.5 / len(network.states(v)) for v in network.variables}
    )


def flat(network: Network) -> Network:
    """Return a network with equal figures in every table without zeros."""
    return network.copy_with(
        tables={
            v: np.full_like(network.cpt(v), 1.0 / len(network.states(v)))
            for v in network.variables if (network.cpt(v) > 0.0).all()
        }
    )  # fmt: skip


def beside_pgmpy(rows: int) -> dict[str, Any]:
    """Return CPU seconds of the same number of steps on the same data."""
    from pgmpy.estimators import ExpectationMaximization
    from pgmpy.models import DiscreteBayesianNetwork

    logging.disable(logging.CRITICAL)
    asia = fn.example("asia")
    start, data = flatter(asia), drawn(asia, rows, 0.0, 1).drop(columns=list(HIDDEN))
    model = DiscreteBayesianNetwork(list(asia.graph.edges()), latents=set(HIDDEN))
    cpds = {c.variable: c for c in start.to_pgmpy().get_cpds()}
    names = {v: list(asia.states(v)) for v in asia.variables}

    def theirs() -> None:
        ExpectationMaximization(model, data, state_names=names).get_parameters(
            latent_card=dict.fromkeys(HIDDEN, 2), init_cpds=cpds, max_iter=STEPS, atol=0.0,
            show_progress=False, n_jobs=1,
        )  # fmt: skip

    def ours() -> None:
        fn.learn(start, data, sample_size=0, iterations=STEPS, tolerance=0.0)

    ours()
    mine, other = min(once(ours) for _ in range(3)), once(theirs)
    logging.disable(logging.NOTSET)
    return {
        "what": f"asia, {rows:,} rows, {' and '.join(HIDDEN)} hidden, {STEPS} steps",
        "fascinet_s": mine, "pgmpy_s": other, "x_pgmpy": other / mine,
    }  # fmt: skip


def beside_pyagrum(rows: int) -> dict[str, Any]:
    """Return CPU seconds to the end, and the log likelihood that both reach."""
    import pyagrum as gum

    asia = fn.example("asia")
    start, data = flatter(asia), drawn(asia, rows, 0.3, 4)
    template = start.to_pyagrum()
    learned = gum.BayesNet(template)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "cases.csv"
        data.to_csv(path, index=False, na_rep="?")
        learner = gum.BNLearner(str(path), template, ["?"])
        learner.useEM(1e-6)
        learner.EMsetMaxIter(2000)
        other = once(lambda: learner.fitParameters(learned))
    found: list[Any] = []
    mine = once(lambda: found.append(fn.learn(start, data, sample_size=0, tolerance=1e-6)))
    peer = Network.from_pyagrum(learned)
    reached = expected_counts(fn.Engine(peer), read_cases(peer, data)).log_likelihood
    return {
        "what": f"asia, {rows:,} rows, 30% missing, to the end",
        "fascinet_s": mine, "pyagrum_s": other,
        "log_likelihood": found[0].log_likelihood[-1], "pyagrum_log_likelihood": reached,
    }  # fmt: skip


def recovery(network: Network, rows: int, start: Network, **options: Any) -> dict[str, Any]:
    """Return how well a network is found again from cases with 60% of the cells missing."""
    data, found = drawn(network, rows, 0.6, 1), list[Any]()
    # cited ranges would help: without them a row of figures counts for one case
    bare = start.replace(meta={v: {k: x for k, x in m.items() if k != "ranges"}
                               for v, m in start.meta.items()})  # fmt: skip
    seconds = once(lambda: found.append(fn.learn(bare, data, **options)))
    learnt = found[0]
    true, got = parameters_of(network).values, parameters_of(learnt.network).values
    free = (learnt.found.error > 0) & (learnt.found.worth > WORTH)
    off = np.abs(got - true)[free] / learnt.found.error[free]
    inside = (learnt.found.low <= true) & (true <= learnt.found.high)
    return {
        "what": f"{network.name}, {rows:,} cases, 60% missing, from "
                f"{'the truth' if start.hash == network.hash else 'equal figures'}",
        "fascinet_s": seconds, "steps": len(learnt.log_likelihood) - 1,
        "converged": learnt.converged, "figures": int(free.sum()),
        "within_3_errors": float((off < 3.0).mean()), "in_95_percent_range": inside[free].mean(),
        "largest_fall": float(max(-np.diff(learnt.objective).min(initial=0.0), 0.0)),
    }  # fmt: skip
