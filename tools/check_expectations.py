"""Look for signs that speak against their disease, over many simulated people.

Run `python -m tools.check_expectations [PEOPLE]`. Half of the people have some cause drawn at
random, so that diseases compete; each is asked about one cause, with all its signs.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np

from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.api.engine import Engine
from fascinet.model.build import build_network
from fascinet.model.expectations import Broken, broken
from fascinet.model.load import load_knowledge
from fascinet.model.network import Network

KNOWN = ("setting", "age_group", "sex")
SIGNS, RESTING = 4, 2


def people(network: Network, causes: list[str], count: int, seed: int) -> Iterator[dict[str, str]]:
    """Yield what simulated people tell: who they are, up to four odd findings, two normal ones."""
    rng = np.random.default_rng(seed)
    told = [v for v in network.variables if network.meta[v]["kind"] == "finding"]
    for i in range(count):
        cause = causes[int(rng.integers(len(causes)))]
        states = network.states(cause)
        ill = network.do({cause: states[1 + int(rng.integers(len(states) - 1))]})
        drawn = simulate(ill if i % 2 else network, 1, seed=seed + i)
        odd = [v for v in told if drawn[v][0] > 0]
        rest = [v for v in told if drawn[v][0] == 0]
        kept = [*rng.permutation(odd)[:SIGNS], *rng.permutation(rest)[:RESTING]]
        yield {v: network.states(v)[int(drawn[v][0])] for v in (*KNOWN, *map(str, kept))}


def survey(count: int, seed: int = 1) -> list[Broken]:
    """Return what is broken among `count` people."""
    knowledge = load_knowledge()
    network = build_network(knowledge)
    engine, names = Engine(network), list(knowledge.expectations)
    out: list[Broken] = []
    for i, evidence in enumerate(people(network, list(knowledge.causes), count, seed)):
        out += broken(engine, knowledge, evidence, [names[i % len(names)]])
    return out


def main() -> None:
    """Print how often each expectation is broken, with the worst case of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", nargs="?", type=int, default=2000)
    found = survey(parser.parse_args().people)
    for (cause, finding, state), n in Counter(
        (b.cause, b.finding, b.state) for b in found
    ).most_common():
        worst = min((b for b in found if b[:3] == (cause, finding, state)), key=lambda b: b.ratio)
        print(f"{n:4d} {cause}: {finding}={state} ratio {worst.ratio:.2f} {dict(worst.evidence)}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
