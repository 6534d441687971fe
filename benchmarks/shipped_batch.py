"""A frame of the shipped network's cases, beside pyAgrum's loop over its expanded network.

pyAgrum has no noisy-MAX of graded causes, so large gates become chains of small tables
(`model/formats/divorce.py`). As one network that is beyond it for most cases: an absent finding
ties its parents together. So it is also given, ready made, what is left of the network for each
case by our own rules (leaves that are not observed gone, absent findings as likelihoods, present
ones as chains in our order), as a Markov random field and as a network with one observed child a
factor; the faster counts. Making that is not counted, nor is it asked for unobserved leaves.
"""

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.clock import once, shortest
from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.engine.run.evidence import read_request
from fascinet.engine.search.approximate import sample
from fascinet.engine.search.mpe import valued_factors
from fascinet.engine.tables.factors import Factors
from fascinet.engine.tables.request import Request, pattern_of
from fascinet.model.network import Network

Row = dict[str, Any]
KEPT = 0.8  # share of a case's findings that a row keeps
SEEN = 15  # leaves observed in a row drawn from the network, beside the context
MANY = 100  # times as many rows in the largest frame
CONTEXT = ("setting", "age_group", "sex")
LEAST = 10  # findings of a case that rows are made of
ASKED = 12  # rows that pyAgrum's loop is timed on
GIB = 8  # memory that pyAgrum may take for the whole network
PATIENCE = 120  # seconds that it may take for all rows


def typical_cases(network: Network, packets: Path) -> list[dict[str, str]]:
    """Return the hard findings of the published cases that have many."""
    reasoner = shipped_reasoner()
    read = (reasoner.open(reasoner.read(f), "primary_care", {}) for f in sorted(packets.glob("*")))
    return [dict(c.hard) for c in read if sum(v not in CONTEXT for v in c.hard) >= LEAST]


def mixed(cases: list[dict[str, str]], count: int, seed: int = 0) -> list[dict[str, str]]:
    """Return rows made of cases, each finding but the context kept at random."""
    rng = np.random.default_rng(seed)
    picked = [cases[i] for i in rng.integers(0, len(cases), count)]
    return [{v: s for v, s in c.items() if v in CONTEXT or rng.random() < KEPT} for c in picked]


def mixed_frame(
    network: Network, cases: list[dict[str, str]], count: int, seed: int = 1
) -> pd.DataFrame:
    """Return rows as `mixed` makes them, for frames of millions of rows."""
    rng = np.random.default_rng(seed)
    cells = np.full((count, len(network.variables)), None, object)
    picked = rng.integers(0, len(cases), count)
    for k, case in enumerate(cases):
        rows = np.flatnonzero(picked == k)
        for v, s in case.items():
            kept = rows if v in CONTEXT else rows[rng.random(len(rows)) < KEPT]
            cells[kept, network.index[v]] = s
    return pd.DataFrame(cells, None, network.variables, object)


def drawn(engine: Engine, count: int, seed: int = 0) -> list[dict[str, str]]:
    """Return rows drawn from the network: the context and some of the leaves, others in each."""
    network, rng = engine.network, np.random.default_rng(seed)
    states, _ = sample(network, Request({}, {}, frozenset()), count, seed)
    leaves = [v for v, kids in enumerate(engine.arrays.children) if not kids]
    context = [network.index[v] for v in CONTEXT]
    names, kinds = network.variables, [network.states(v) for v in network.variables]
    kept = [[*context, *rng.choice(leaves, SEEN, replace=False).tolist()] for _ in range(count)]
    return [{names[v]: kinds[v][states[v][i]] for v in seen} for i, seen in enumerate(kept)]


# ------------------------------------------------------------------ pyAgrum

WHOLE = """
import resource, sys, time, warnings
sys.path.insert(0, {root!r})
warnings.simplefilter("ignore")
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
import pyagrum as gum
from math import prod
from fascinet.model.build import build_network
from fascinet.model.formats.divorce import divorced
from fascinet.model.formats.pyagrum_bridge import to_pyagrum
from fascinet.model.load import load_knowledge
net = to_pyagrum(divorced(build_network(load_knowledge()), 16).network)
for row in {rows!r}:
    engine = gum.LazyPropagation(net)
    engine.setNumberOfThreads(1)
    begin = time.process_time()
    engine.setEvidence(row)
    engine.setTargets({targets!r})
    tree = engine.junctionTree()
    sizes = [prod(net.variable(v).domainSize() for v in tree.clique(c)) for c in tree.nodes()]
    try:
        engine.makeInference()
        found = [engine.posterior(v) for v in {targets!r}]
        print(max(sizes), time.process_time() - begin, flush=True)
    except Exception:
        print(max(sizes), "nan", flush=True)
"""


def whole_network(rows: list[dict[str, str]], targets: list[str], name: str) -> Row:
    """Ask pyAgrum for posteriors of the whole network, in a process of limited memory and time."""
    root = str(Path(__file__).parents[1])
    code = WHOLE.format(root=root, limit=GIB * 2**30, rows=rows, targets=set(targets))
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE
        )
        text = done.stdout
    except subprocess.TimeoutExpired as stopped:
        text = (stopped.stdout or b"").decode()
    told = [[float(x) for x in line.split()] for line in text.splitlines()]
    seconds = sorted(t for _, t in told if t == t)  # NaN where memory ran out
    row: Row = {
        "workload": f"pyAgrum, the whole network, {name}", "rows": len(rows),
        "answered": len(seconds), "largest_clique": max((size for size, _ in told), default=0.0),
    }  # fmt: skip
    if seconds:
        row["cases_per_second"] = 1.0 / median(seconds)  # of those that it could answer
    return row


def tables_of(engine: Engine, case: dict[str, str], inner: frozenset[int]) -> tuple[Any, Factors]:
    """Return the product of the case's factors for each scope, and the factors."""
    request = read_request(engine.network, case, None, None)
    plan = engine.solver.plan(pattern_of(engine.arrays, request, inner - request.states.keys()))
    parts, _ = valued_factors(engine.arrays, plan.factors, request)
    found: dict[tuple[int, ...], Any] = {}
    for scope, logs in parts:
        key = tuple(sorted(scope))
        found[key] = found.get(key, 1.0) * np.exp(np.transpose(logs, np.argsort(scope)))
    return found, plan.factors


def handed_over(
    engine: Engine, case: dict[str, str], inner: frozenset[int]
) -> list[Callable[[], Any]]:
    """Return pyAgrum's ways to all posteriors above the leaves, the case's tables given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum as gum
    tables, factors = tables_of(engine, case, inner)
    used = sorted({v for scope in tables for v in scope})
    field, net = gum.MarkovRandomField(), gum.BayesNet()
    for v in used:
        for graph in (field, net):
            graph.add(gum.RangeVariable(f"x{v}", "", 0, factors.cards[v] - 1))
        net.cpt(f"x{v}").fillWith([1.0 / factors.cards[v]] * factors.cards[v])
    for i, (scope, table) in enumerate(tables.items()):
        names, table = [f"x{v}" for v in scope], table / table.max()
        factor = field.addFactor(set(names))
        axes = [names.index(x) for x in reversed(factor.names)]
        factor.fillWith(np.transpose(table, axes).ravel().tolist())
        net.add(gum.LabelizedVariable(f"o{i}", "", 2))
        for x in names:
            net.addArc(x, f"o{i}")
        cpt = net.cpt(f"o{i}")
        axes = [names.index(x) for x in reversed(cpt.names) if x != f"o{i}"]
        table = np.transpose(table, axes)
        cpt.fillWith(np.stack([1.0 - table, table], -1).ravel().tolist())
    asked = [f"x{v}" for v in used if v in inner]
    seen = {f"o{i}": 1 for i in range(len(tables))}

    def as_field() -> Any:
        one = gum.ShaferShenoyMRFInference(field)
        one.setNumberOfThreads(1)
        one.makeInference()
        return [one.posterior(x) for x in asked]

    lazy = gum.LazyPropagation(net)
    lazy.setNumberOfThreads(1)

    def as_network() -> Any:
        lazy.setEvidence(seen)
        lazy.setTargets(set(asked))
        lazy.makeInference()
        return [lazy.posterior(x) for x in asked]

    return [as_field, as_network]


def loop_of(engine: Engine, rows: list[dict[str, str]], inner: frozenset[int]) -> float:
    """Return the cases a second of pyAgrum's loop over rows, each case's tables given."""
    calls = (handed_over(engine, row, inner) for row in rows)
    return 1.0 / median(min(shortest(call, 2, 0.0) for call in both) for both in calls)


# ------------------------------------------------------------------ ours


def frame_of(network: Network, rows: list[dict[str, str]]) -> pd.DataFrame:
    """Return rows as a frame of objects, None where nothing is known."""
    cells = [[row.get(v) for v in network.variables] for row in rows]
    return pd.DataFrame(cells, None, network.variables, object)


def answered(
    engine: Engine, frame: pd.DataFrame, name: str, targets: list[str] | None, theirs: float
) -> Row:
    """Return the rows a CPU second of a frame, for the first time and warm."""

    def call() -> Any:
        return engine.posteriors(frame, targets, impossible="nan")

    first = once(call)
    warm = min(once(call) for _ in range(3))
    rows = len(frame)
    return {
        "workload": name, "rows": rows, "distinct": len(frame.drop_duplicates()),
        "first_cases_per_second": rows / first, "cases_per_second": rows / warm,
        "ratio": rows / warm / theirs, "first_ratio": rows / first / theirs, "seconds": warm,
    }  # fmt: skip


def shipped_batch(packets: Path, count: int) -> list[Row]:
    """Rows a CPU second from DataFrame to DataFrame, beside pyAgrum's loop over such rows."""
    engine = Engine(shipped_reasoner().network, backend="core")
    network = engine.network
    cases = typical_cases(network, packets)
    rows, others = mixed(cases, count), drawn(engine, count)
    inner = frozenset(v for v, kids in enumerate(engine.arrays.children) if kids)
    above = [network.variables[v] for v in sorted(inner)]
    causes = [v for v in above if network.meta[v].get("kind") == "cause"]
    theirs, apart = (loop_of(engine, some[:ASKED], inner) for some in (rows, others))
    out = [
        whole_network(rows[:ASKED], causes, "causes"),
        whole_network(rows[:ASKED], above, "all above the leaves"),
        whole_network(rows[:2], list(network.variables), "all"),
    ]
    given = "pyAgrum, each case's tables given, all above the leaves"
    out.append({"workload": given, "rows": ASKED, "cases_per_second": theirs})
    drawn_given = f"{given}, drawn rows"
    out.append({"workload": drawn_given, "rows": ASKED, "cases_per_second": apart})
    loops = {
        str(row["workload"]).split(", ")[-1]: row["cases_per_second"]
        for row in out[:3]
        if "cases_per_second" in row
    }
    frame = frame_of(network, rows)
    asked = {"causes": causes, "all above the leaves": above, "all": None}
    for name, targets in asked.items():
        row = answered(engine, frame, f"rows of a frame, {name}", targets, theirs)
        if name in loops:
            row["x_whole"] = row["cases_per_second"] / loops[name]
        out.append(row)
    for name, targets in asked.items():
        other = frame_of(network, others)
        out.append(answered(engine, other, f"drawn rows, {name}", targets, apart))
    large = mixed_frame(network, cases, MANY * count)
    out.append(answered(engine, large, "rows of a large frame, causes", causes, theirs))
    return out
