"""Another set of parameters in the same network: a new base for the same programs.

A program reads its tables from the base by place, so a network with the same gates and other
numbers needs no new plan.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.results import Array
from fascinet.engine.run.evidence import read_request
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.request import Request, pattern_of

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


CHUNK = 32  # sets of parameters that are made at a time


def bases(engine: "Engine", draws: Iterable[Array]) -> Iterator[NetworkArrays]:
    """Yield the engine's network with each set of parameters."""
    waiting = iter(draws)
    while some := list(islice(waiting, CHUNK)):
        for base in engine.solver.rebase(np.array(some)):
            yield engine.arrays.with_base(base)


def posteriors_of(
    engine: "Engine",
    evidence: Mapping[str, str],
    soft: Mapping[str, Any] | None,
    targets: Sequence[str],
    draws: Iterator[Array],
) -> Iterator[Array | None]:
    """Yield the posteriors, flat, for each set of parameters; None where it is impossible.

    Parameters
    ----------
    engine : Engine
    targets : sequence of str
        Variables wanted.
    draws : iterator of array, shape (P,)
        Sets of parameters.
    """
    yield from posteriors_on(engine, evidence, soft, targets, bases(engine, draws))


def posteriors_on(
    engine: "Engine",
    evidence: Mapping[str, str],
    soft: Mapping[str, Any] | None,
    targets: Sequence[str],
    nets: Iterable[NetworkArrays],
) -> Iterator[Array | None]:
    """Yield the posteriors, flat, of the engine's network with other numbers, as `bases` makes."""
    network, net = engine.network, engine.arrays
    request: Request = read_request(network, evidence, soft, None)
    wanted = frozenset(network.index[t] for t in targets)
    loaded = engine.solver.program(pattern_of(net, request, wanted))
    states, weights = engine.solver.case(request, loaded)
    for moved in nets:
        out = np.full(engine.layout.total, np.nan)
        log_prob = loaded.solve(states, weights, out, moved)
        engine.solver.enter(out, request.states)
        yield out if log_prob > -np.inf else None


def log_probs_of(engine: "Engine", requests: Sequence[Request], draws: Iterator[Array]) -> Array:
    """Return ln P of each request under each set of parameters, shape (draws, requests)."""
    net, none = engine.arrays, frozenset[int]()
    programs = [engine.solver.program(pattern_of(net, r, none)) for r in requests]
    cases = [engine.solver.case(r, p) for r, p in zip(requests, programs, strict=True)]
    rows: list[list[float]] = []
    for moved in bases(engine, draws):
        rows.append([p.run(*case, net=moved)[0] for p, case in zip(programs, cases, strict=True)])
    return np.array(rows)
