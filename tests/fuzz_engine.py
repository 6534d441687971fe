"""Random networks and evidence against an oracle in logarithms: `make fuzz-engine`.

The oracle expands every gate in logarithms and eliminates variables one by one in tables of
logarithms; it shares no code with the engine. Networks have 1 to 30 variables of 1 to 6 states,
tables and gates, zeros, determinism, numbers down to 1e-308, parts without connection; evidence is
hard, soft, an intervention, or impossible. Each is asked of both backends, alone, in a batch, and
for its most probable explanation where that can be enumerated.

    python -m tests.fuzz_engine --seconds 600 --seed 7
    python -m tests.fuzz_engine --only 123456          # one network again
"""

import argparse
import math
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fascinet.engine.api.engine import Engine
from fascinet.engine.core import core
from fascinet.model.errors import BudgetError, ImpossibleEvidenceError
from fascinet.model.gates import Function, Gate, NoisyMax, Table
from fascinet.model.network import Network

WIDEST = 2**18  # entries of the oracle's tables
ASKED = 6  # variables whose posteriors the oracle works out
JOINT = 2**14  # configurations that are enumerated for the most probable one
ABSOLUTE, RELATIVE = 1e-9, 1e-10  # of posteriors; of ln P(e)
BACKENDS = ("numpy", "core") if core is not None else ("numpy",)
Array = np.ndarray
Scoped = tuple[tuple[str, ...], Array]


# ---------------------------------------------------------------- networks


def rows(rng: np.random.Generator, shape: Sequence[int], style: str) -> Array:
    """Return random distributions over the last axis."""
    values = rng.random(shape)
    if style == "zeros":
        values *= rng.random(shape) < 0.5
    elif style == "point":
        values = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    elif style == "tiny":
        values = 10.0 ** rng.uniform(-308, 0, shape)
    elif style == "mixed":
        values *= np.where(rng.random(shape) < 0.5, 10.0 ** rng.uniform(-308, 0, shape), 1.0)
    first = rng.integers(0, shape[-1], shape[:-1])[..., None]
    top = np.take_along_axis(values, first, -1)
    np.put_along_axis(values, first, np.where(values.sum(-1, keepdims=True) > 0.0, top, 1.0), -1)
    values = values / values.sum(-1, keepdims=True)
    values[values < 1e-308] = 0.0
    return values


STYLES = ("plain", "plain", "zeros", "point", "tiny", "mixed")


def random_gate(rng: np.random.Generator, cards: list[int], states: int, style: str) -> Gate:
    """Return a gate of any kind."""
    kind = rng.random()
    if kind < 0.45 and cards:
        links = tuple(rows(rng, (c, states), style) for c in cards)
        leak = rows(rng, (states,), style)
        if rng.random() < 0.3:
            leak = np.eye(states)[0]
        return NoisyMax(links, leak)
    if kind < 0.55:
        return Function(rng.integers(0, states, cards), states)
    return Table(rows(rng, (*cards, states), style))


def roots_and_leaves(rng: np.random.Generator) -> Network:
    """Return a small network of roots and leaf gates, whose most probable state can be listed."""
    cards = {f"v{i}": int(rng.integers(1, 4)) for i in range(int(rng.integers(2, 5)))}
    roots = list(cards)
    parents: dict[str, list[str]] = {v: [] for v in roots}
    for j in range(int(rng.integers(1, 4))):
        v = f"v{len(roots) + j}"
        parents[v] = [
            str(u) for u in rng.choice(roots, int(rng.integers(2, len(roots) + 1)), False)
        ]
        cards[v] = int(rng.integers(2, 4))
    gates = {
        v: random_gate(rng, [cards[u] for u in parents[v]], c, str(rng.choice(STYLES)))
        for v, c in cards.items()
    }
    return Network({v: [f"s{k}" for k in range(c)] for v, c in cards.items()}, parents, gates)


def random_network(seed: int) -> Network:
    """Return the network of a seed."""
    rng = np.random.default_rng(seed)
    if seed % 7 == 0:
        return roots_and_leaves(rng)
    size = int(rng.integers(1, 31))
    most = int(rng.integers(1, 7))
    linked = rng.choice([0.0, 0.5, 1.0])  # how many have parents at all
    one_style = rng.choice(STYLES) if rng.random() < 0.5 else None
    cards = {f"v{i}": int(rng.integers(1, most + 1)) for i in range(size)}
    names = list(cards)
    parents: dict[str, list[str]] = {}
    gates: dict[str, Gate] = {}
    for i, v in enumerate(names):
        near = names[max(0, i - int(rng.integers(1, 12))) : i]
        count = int(rng.integers(0, min(len(near), 5) + 1)) if rng.random() < linked else 0
        above = [str(u) for u in rng.choice(near, count, False)] if count else []
        while math.prod([cards[u] for u in above]) * cards[v] > 4096:
            above.pop()
        style = str(one_style or rng.choice(STYLES))
        parents[v] = above
        gates[v] = random_gate(rng, [cards[u] for u in above], cards[v], style)
    return Network({v: [f"s{k}" for k in range(c)] for v, c in cards.items()}, parents, gates)


@dataclass(frozen=True)
class Question:
    """Evidence of one question."""

    hard: dict[str, str]
    soft: dict[str, list[float]]
    do: dict[str, str]


def random_question(network: Network, rng: np.random.Generator) -> Question:
    """Return random evidence, from none to much."""
    share = rng.choice([0.0, 0.1, 0.3, 0.6])
    hard: dict[str, str] = {}
    soft: dict[str, list[float]] = {}
    do: dict[str, str] = {}
    for v in network.variables:
        states, draw = network.states(v), rng.random()
        if draw < share:
            hard[v] = str(rng.choice(states))
        elif draw < share + 0.08:
            scale = 10.0 ** rng.uniform(-300, 0) if rng.random() < 0.3 else 1.0
            likelihood = rng.random(len(states)) * (rng.random(len(states)) < 0.8) * scale
            if likelihood.any():
                soft[v] = likelihood.tolist()
        elif draw < share + 0.11:
            do[v] = str(rng.choice(states))
    return Question(hard, soft, do)


# ---------------------------------------------------------------- the oracle


def logs(values: Array) -> Array:
    """Return logarithms, -inf for zeros."""
    with np.errstate(divide="ignore"):
        return np.log(values)


def add_up(values: Array, axis: int) -> Array:
    """Return ln of the sum of exponentials along an axis."""
    top = values.max(axis=axis, keepdims=True)
    top = np.where(np.isneginf(top), 0.0, top)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(values - top).sum(axis=axis)) + np.squeeze(top, axis)


def log_table(network: Network, v: str) -> Array:
    """Return ln P(v | parents), gates expanded in logarithms."""
    gate = network.gate(v)
    if not isinstance(gate, NoisyMax):
        return logs(np.asarray(network.cpt(v)))
    upto = np.logaddexp.accumulate(logs(gate.leak))  # ln P(max <= k), so far
    at_most = upto
    for i, link in enumerate(gate.links):
        shape = [1] * (len(gate.links) + 1)
        shape[i], shape[-1] = link.shape
        at_most = at_most + np.logaddexp.accumulate(logs(link), axis=-1).reshape(shape)
    return _exactly(gate, at_most)


def _exactly(gate: NoisyMax, at_most: Array) -> Array:
    """Return ln P(max = k): the sum over which input is the first to reach k, nothing cancels."""
    inputs = [*[logs(x) for x in gate.links], logs(gate.leak)]
    count = len(gate.links)
    out = np.full(at_most.shape, -np.inf)
    for first in range(len(inputs)):
        term = np.zeros(at_most.shape)
        for i, x in enumerate(inputs):
            below = np.logaddexp.accumulate(x, axis=-1)
            less = np.concatenate([np.full((*x.shape[:-1], 1), -np.inf), below[..., :-1]], axis=-1)
            used = x if i == first else less if i < first else below
            shape = [1] * (count + 1)
            shape[-1] = gate.states
            if i < count:
                shape[i] = x.shape[0]
            term = term + used.reshape(shape)
        out = np.logaddexp(out, term)
    return out


def multiply(parts: Sequence[Scoped], cards: Mapping[str, int]) -> Scoped:
    """Return the product of some tables of logarithms."""
    scope = tuple(dict.fromkeys(v for s, _ in parts for v in s))
    if math.prod([cards[v] for v in scope]) > WIDEST:
        raise OverflowError
    total = np.zeros([cards[v] for v in scope])
    for mine, table in parts:
        order = sorted(range(len(mine)), key=lambda a: scope.index(mine[a]))
        shape = [cards[v] if v in mine else 1 for v in scope]
        total = total + np.transpose(table, order).reshape(shape)
    return scope, total


def factors_of(network: Network, question: Question) -> list[Scoped]:
    """Return all tables of logarithms, evidence among them."""
    cut = network.do(question.do) if question.do else network
    found = [((*cut.parents(v), v), log_table(cut, v)) for v in cut.variables]
    for v, state in question.hard.items():
        found.append(((v,), logs(np.eye(len(network.states(v)))[network.state_index(v, state)])))
    return found + [((v,), logs(np.array(x))) for v, x in question.soft.items()]


def eliminate(factors: list[Scoped], keep: str | None, cards: Mapping[str, int]) -> Array:
    """Return ln of the sum over all variables but `keep`."""
    left = {v for scope, _ in factors for v in scope} - {keep}
    while left:
        near = {v: {u for s, _ in factors if v in s for u in s} for v in left}
        v = min(left, key=lambda v: (math.prod(cards[u] for u in near[v]), v))
        scope, table = multiply([f for f in factors if v in f[0]], cards)
        rest = tuple(u for u in scope if u != v)
        factors = [f for f in factors if v not in f[0]] + [(rest, add_up(table, scope.index(v)))]
        left.discard(v)
    return multiply(factors, cards)[1]


def best(factors: list[Scoped], cards: Mapping[str, int]) -> float | None:
    """Return ln of the most probable configuration; None where there are too many."""
    if math.prod(cards.values()) > JOINT:
        return None
    return float(multiply(factors, cards)[1].max())


# ---------------------------------------------------------------- comparing


class Difference(AssertionError):
    """The engine said something else than the oracle."""


def close(found: float, want: float, what: str) -> None:
    """Compare two logarithms."""
    if found == want or abs(found - want) <= max(ABSOLUTE, RELATIVE * abs(want)):
        return
    raise Difference(f"{what}: {found!r}, expected {want!r}")


def near(found: Array, want: Array, what: str) -> None:
    """Compare two distributions."""
    if not (np.abs(found - want) <= ABSOLUTE).all():
        raise Difference(f"{what}: {found.tolist()}, expected {want.tolist()}")


def check(seed: int, told: Counter[str]) -> None:
    """Ask one network four questions, and compare every answer."""
    network = random_network(seed)
    rng = np.random.default_rng(seed + 1)
    cards = {v: len(network.states(v)) for v in network.variables}
    engines = {b: Engine(network, backend=b) for b in BACKENDS}
    asked: list[tuple[Question, float, dict[str, Array]]] = []
    for _ in range(4):
        question = random_question(network, rng)
        try:
            factors = factors_of(network, question)
            log_prob = float(eliminate(factors, None, cards))
            some = rng.permutation(network.variables)[: ASKED if log_prob > -np.inf else 0]
            marginals = {str(v): np.exp(eliminate(factors, str(v), cards) - log_prob) for v in some}
        except OverflowError:
            told["too wide for the oracle"] += 1
            continue
        asked.append((question, log_prob, marginals))
        told["impossible" if log_prob == -np.inf else "possible"] += 1
        for backend, engine in engines.items():
            _alone(engine, question, log_prob, marginals, backend)
            if not question.do:
                _explanation(engine, question, log_prob, best(factors, cards), backend)
    for backend, engine in engines.items():
        _together(engine, asked, backend)


def _alone(
    engine: Engine, question: Question, log_prob: float, marginals: dict[str, Array], backend: str
) -> None:
    given = {"soft": question.soft or None, "do": question.do or None}
    found = engine.log_prob_evidence(question.hard, given["soft"], given["do"])
    close(found, log_prob, f"{backend}, ln P(e) of {question}")
    try:
        posterior = engine.posterior(question.hard, **given)
    except ImpossibleEvidenceError:
        if log_prob > -np.inf:
            raise Difference(
                f"{backend}: {question} called impossible, ln P = {log_prob}"
            ) from None
        return
    if log_prob == -np.inf:
        raise Difference(f"{backend}: {question} is impossible, but was answered")
    close(posterior.log_prob_evidence, log_prob, f"{backend}, ln P(e) of {question}")
    for v, want in marginals.items():
        near(np.array(list(posterior[v].values())), want, f"{backend}, {v} given {question}")


def _explanation(
    engine: Engine, question: Question, log_prob: float, top: float | None, backend: str
) -> None:
    if top is None:
        return
    try:
        found = engine.mpe(question.hard, soft=question.soft or None)
    except ImpossibleEvidenceError:
        if log_prob > -np.inf:
            raise Difference(f"{backend}: mpe calls {question} impossible") from None
        return
    except BudgetError:
        return
    close(found.log_prob, top, f"{backend}, ln P of the mpe of {question}")


def _together(
    engine: Engine, asked: list[tuple[Question, float, dict[str, Array]]], backend: str
) -> None:
    plain = [x for x in asked if not x[0].soft and not x[0].do]
    if not plain:
        return
    names = engine.network.variables
    frame = pd.DataFrame([[q.hard.get(v) for v in names] for q, _, _ in plain], columns=names)
    inner = [v for v in names if engine.network.children(v)]
    for targets in (list(names), inner):
        found = engine.posteriors(frame.astype(object), targets, impossible="nan")
        _rows(engine, found, plain, set(targets), backend)


def _rows(
    engine: Engine,
    found: pd.DataFrame,
    plain: list[tuple[Question, float, dict[str, Array]]],
    targets: set[str],
    backend: str,
) -> None:
    for (_, row), (question, log_prob, marginals) in zip(found.iterrows(), plain, strict=True):
        if log_prob == -np.inf:
            if not row.isna().all():
                raise Difference(f"{backend}, batch: {question} is impossible, but was answered")
            continue
        for v, want in marginals.items():
            if v not in targets:
                continue
            got = np.array([row[f"{v}={s}"] for s in engine.network.states(v)], float)
            near(got, want, f"{backend}, batch, {v} given {question}")


# ---------------------------------------------------------------- running


def run(seconds: float, seed: int, stop_at_first: bool = True) -> tuple[int, list[str]]:
    """Check networks of ascending seeds for some time; return how many, and what differed."""
    told: Counter[str] = Counter()
    bad: list[str] = []
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        try:
            check(seed + count, told)
        except Exception as error:
            kind = "" if isinstance(error, Difference) else f"{type(error).__name__}: "
            bad.append(f"network {seed + count}: {kind}{error}")
            if stop_at_first:
                break
        count += 1
    print(f"{count} networks from seed {seed}: {dict(told)}", file=sys.stderr)
    return count, bad


def main() -> int:
    """Run for some time, or one network again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=secrets.randbits(30))
    parser.add_argument("--only", type=int, help="check the network of one seed")
    parser.add_argument("--all", action="store_true", help="go on after a difference")
    options = parser.parse_args()
    print(f"seed {options.seed}, core {getattr(core, 'BUILD', None)}", file=sys.stderr, flush=True)
    if options.only is not None:
        check(options.only, Counter())
        return 0
    _, bad = run(options.seconds, options.seed, not options.all)
    for line in bad:
        print(line[:2000], file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
