"""Cases as a network would make them, with or without evidence, as a frame."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.simulate import States, draw, pick
from fascinet.engine.api.engine import Engine
from fascinet.engine.run.evidence import Hard, as_text
from fascinet.model.arguments import number_of, whole_number
from fascinet.model.foreign import refusal
from fascinet.model.network import Network

if TYPE_CHECKING:
    import pandas as pd


def simulate(
    network: Network,
    cases: int,
    evidence: Hard | None = None,
    *,
    do: Hard | None = None,
    missing: float = 0.0,
    seed: int = 0,
) -> "pd.DataFrame":
    """Draw cases from a network: independent draws of P(all variables | evidence; do).

    Parameters
    ----------
    network : Network
    cases : int
    evidence : mapping of variable to state, optional
        What all cases have in common; the draws are exact, none is rejected or weighted.
    do : mapping of variable to state, optional
        Interventions.
    missing : float
        Share of cells, 0 to 1, that are blanked at random.
    seed : int

    Returns
    -------
    DataFrame
        A column a variable, a row a case.

    Raises
    ------
    UnknownVariableError, UnknownStateError, ImpossibleEvidenceError, BudgetError

    Examples
    --------
    >>> import fascinet as fn
    >>> frame = fn.simulate(fn.example("asia"), 1000, {"dysp": "yes"})
    >>> bool(frame["dysp"].eq("yes").all()), bool(0.7 < frame["bronc"].eq("yes").mean() < 0.9)
    (True, True)
    """
    import pandas as pd

    if not isinstance(network, Network):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise refusal("a fascinet Network", network)
    cases, missing = whole_number("cases", cases, 0), number_of("missing", missing, 0.0, 1.0)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    mutilated = network.do(as_text(network, do)) if do else network
    states = drawn_states(mutilated, cases, as_text(network, evidence), rng)
    blank = rng.random((cases, len(network.variables))) < missing
    columns: dict[str, Any] = {}
    for k, v in enumerate(network.variables):
        column = np.array(network.states(v), dtype=object)[states[v]]
        column[blank[:, k]] = None
        columns[v] = column
    return pd.DataFrame(columns)


def drawn_states(
    network: Network, cases: int, evidence: Mapping[str, str], rng: np.random.Generator
) -> dict[str, States]:
    """Return the state of each variable in each case, parents drawn before children.

    A variable with evidence below it is drawn from its posterior given the evidence and all that
    was drawn before; any other from its gate, since its parents separate it from the evidence.
    """
    engine = Engine(network)
    if evidence:
        engine.posterior(evidence, targets=[])  # raises if it is impossible
    out: dict[str, States] = {}
    for v in network.topological:
        if v in evidence:
            out[v] = np.full(cases, network.state_index(v, evidence[v]), np.int64)
        elif network.descendants(v) & evidence.keys():
            out[v] = pick(_posteriors(engine, v, out, evidence, cases), rng)
        else:
            parents = [out[u] for u in network.parents(v)]
            out[v] = draw(network.gate(v), parents, cases, rng)
    return out


def _posteriors(
    engine: Engine, v: str, drawn: Mapping[str, States], evidence: Mapping[str, str], cases: int
) -> Any:
    """Return P(v | evidence, what was drawn before) of each case."""
    import pandas as pd

    network = engine.network
    told = {
        u: pd.Categorical.from_codes(states, list(network.states(u)))
        for u, states in drawn.items()
        if u not in evidence
    }
    frame = pd.DataFrame({u: [s] * cases for u, s in evidence.items()} | told)
    return engine.posteriors(frame, targets=[v]).to_numpy()
