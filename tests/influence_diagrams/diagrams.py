"""Published and random influence diagrams."""

import numpy as np

import fascinet as fn
from fascinet.model.diagram import Utility, undecided, utility_of
from fascinet.model.network import Network
from tests.strategies import random_gate


def oil() -> fn.InfluenceDiagram:
    """Return the oil wildcatter (Raiffa 1968), with the figures of Shenoy (1992)."""
    b = fn.NetworkBuilder("oil").variable("oil", ["dry", "wet", "soaking"])
    b.table("oil", [0.5, 0.3, 0.2]).decision("test", ["no", "yes"])
    b.variable("result", ["none", "diffuse", "open", "closed"])
    rows: dict[tuple[str, str], list[float]] = {
        ("no", s): [1, 0, 0, 0] for s in ("dry", "wet", "soaking")
    }
    rows |= {
        ("yes", "dry"): [0, 0.6, 0.3, 0.1],
        ("yes", "wet"): [0, 0.3, 0.4, 0.3],
        ("yes", "soaking"): [0, 0.1, 0.4, 0.5],
    }
    b.table("result", rows, parents=["test", "oil"])
    b.decision("drill", ["no", "yes"], observes=["test", "result"])
    b.utility("cost", [0, -10], parents=["test"])
    return b.utility("gain", [[0, 0, 0], [-70, 50, 200]], parents=["drill", "oil"]).diagram()


def pigs(limited: bool = True) -> fn.InfluenceDiagram:
    """Return the pig breeder (Lauritzen & Nilsson 2001, doi:10.1287/mnsc.47.9.1235.9779).

    Each month a test, and perhaps an injection; at the end the pig is sold. As a LIMID the vet
    knows this month's test and nothing of the months before.
    """
    b = fn.NetworkBuilder("pigs").variable("ill_1").table("ill_1", 0.1)
    for month in (1, 2, 3):
        ill, test, treat = f"ill_{month}", f"test_{month}", f"treat_{month}"
        b.variable(test, ["negative", "positive"])
        b.table(test, {"no": 0.1, "yes": 0.8}, parents=[ill])
        b.decision(
            treat, observes=[test, *([] if limited or month == 1 else [f"treat_{month - 1}"])]
        )
        b.variable(f"ill_{month + 1}")
        rows = {("no", "no"): 0.2, ("no", "yes"): 0.1, ("yes", "no"): 0.9, ("yes", "yes"): 0.5}
        b.table(f"ill_{month + 1}", rows, parents=[ill, treat])
        b.utility(f"injection_{month}", [0, -100], parents=[treat])
    b.utility("price", [1000, 300], parents=["ill_4"])
    return b.diagram(limited=limited)


def treatment(
    prior: float, benefit: float = 0.35, harm: float = 0.05, tpr: float = 0.9, fpr: float = 0.1
) -> fn.InfluenceDiagram:
    """Return *wait, test or treat* (Pauker & Kassirer 1980, doi:10.1056/NEJM198005153022003)."""
    b = fn.NetworkBuilder("treatment").variable("ill").table("ill", prior)
    b.decision("plan", ["wait", "test", "treat"]).variable("result", ["none", "neg", "pos"])
    rows = {(p, i): [1, 0, 0] for p in ("wait", "treat") for i in ("no", "yes")}
    rows |= {("test", "no"): [0, 1 - fpr, fpr], ("test", "yes"): [0, 1 - tpr, tpr]}
    b.table("result", rows, parents=["plan", "ill"])
    b.variable("treated")
    treated = {
        (p, r): "yes" if p == "treat" or (p == "test" and r == "pos") else "no"
        for p in ("wait", "test", "treat") for r in ("none", "neg", "pos")
    }  # fmt: skip
    b.deterministic("treated", treated, parents=["plan", "result"])
    return b.utility("outcome", [[0, -harm], [0, benefit]], parents=["ill", "treated"]).diagram()


def random_diagram(seed: int, size: int = 6, *, limited: bool = False) -> fn.InfluenceDiagram:
    """Return a diagram of up to three decisions, gates of all kinds among its chances."""
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(size)]
    cards = {v: int(rng.choice([2, 2, 3])) for v in names}
    count = int(rng.integers(1, 4))
    chosen = sorted(rng.choice(size, count, replace=False).tolist())
    decisions: dict[str, list[str]] = {}
    parents: dict[str, list[str]] = {}
    gates = {}
    for i, v in enumerate(names):
        some = [str(u) for u in rng.choice(names[:i], int(rng.integers(0, min(i, 3) + 1)), False)]
        if i in chosen:
            last = [] if limited else [d for d in decisions][-1:]
            decisions[v] = list(dict.fromkeys([*some, *last]))
            gates[v] = undecided(cards[v])
        else:
            parents[v] = some
            kind = str(rng.choice(["table", "table", "noisy_max", "function", "point"]))
            gates[v] = random_gate(rng, [cards[u] for u in some], cards[v], kind)
    network = Network({v: [f"s{k}" for k in range(c)] for v, c in cards.items()}, parents, gates)
    utilities: dict[str, Utility] = {}
    for k in range(int(rng.integers(1, 4))):
        above = [str(u) for u in rng.choice(names, int(rng.integers(1, 4)), False)]
        values = rng.normal(0, 10, [cards[u] for u in above])
        utilities[f"u{k}"] = utility_of(above, values)
    return fn.InfluenceDiagram(network, decisions, utilities, limited=limited)
