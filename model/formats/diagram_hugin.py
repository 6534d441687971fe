"""Influence diagrams as HUGIN writes them: decision and utility nodes, potentials for both.

The potential of a decision lists what it observes and holds nothing; that of a utility holds what
each configuration of its parents is worth, the last parent fastest.
"""

from fascinet.model.diagram import InfluenceDiagram, Utility, undecided, utility_of
from fascinet.model.errors import shown
from fascinet.model.formats import hugin
from fascinet.model.formats.common import digits, identifiers
from fascinet.model.formats.diagram_parts import LIMITED, Parts, terms_by_name


def read(text: str, file: str) -> Parts:
    """Return what a HUGIN text says of a diagram."""
    parser = _Parser(text, file)
    network = parser.run()
    utilities: dict[str, Utility] = {}
    for name in parser.worths:
        if name not in parser.found:
            parser.draft.fail(None, f"no potential of utility {shown(name)}")
        utilities[name] = parser.found[name]
    return Parts(network, parser.decisions, utilities, parser.extras.get(LIMITED) == "yes")


class _Parser(hugin.Parser):
    """Reads decisions as variables without parents, and utilities beside the network."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        self.decisions: dict[str, list[str]] = {}
        self.worths: list[str] = []
        self.found: dict[str, Utility] = {}

    def part(self, keyword: str, mark: int) -> None:
        if keyword == "decision":
            self.decision(mark)
        elif keyword == "utility":
            self.utility()
        else:
            super().part(keyword, mark)

    def decision(self, mark: int) -> None:
        known = set(self.draft.states)
        self.node(mark)
        (name,) = self.draft.states.keys() - known
        self.decisions[name], self.draft.parents[name] = [], ()
        self.draft.gates[name] = undecided(len(self.draft.states[name]))

    def utility(self) -> None:
        ident = self.word("a utility's name")
        attributes = self.attributes()
        kept = attributes.get(hugin.KEPT)
        name = self.names[ident] = hugin.text(kept[0]) if kept else ident
        self.worths.append(name)

    def potential(self, mark: int) -> None:
        start = self.at
        child, parents = self.scope()
        unknown = [u for u in parents if u not in self.draft.states]
        if child in self.decisions or child in self.worths:
            if unknown:
                self.draft.fail(mark, f"unknown parent {shown(unknown[0])} of {shown(child)}")
            self.aside(child, parents, mark)
        else:
            self.at = start
            super().potential(mark)

    def aside(self, child: str, parents: list[str], mark: int) -> None:
        """Read the potential of a decision or a utility."""
        attributes = self.attributes()
        if child in self.decisions:
            self.decisions[child] = parents
            return
        if "data" not in attributes:
            self.draft.fail(mark, f"potential of utility {shown(child)}: expected 'data'")
        words, at = attributes["data"]
        shape = tuple(len(self.draft.states[u]) for u in parents)
        values = self.draft.numbers(words, shape, at, f"utility {child!r}")
        self.found[child] = utility_of(parents, values)


# -------------------------------------------------------------------- writing


def render(diagram: InfluenceDiagram) -> str:
    """Return a diagram as HUGIN text."""
    network, terms = diagram.network, terms_by_name(diagram.utilities, diagram.terms)
    idents = identifiers([*network.variables, *terms])
    lines = hugin.opening(network, **({LIMITED: "yes"} if diagram.limited else {}))
    for v in network.variables:
        lines += hugin.node(network, v, idents, "decision" if v in diagram.decisions else "node")
    for name in terms:
        kept = [f"  {hugin.KEPT} = {hugin.quote(name)};"] if idents[name] != name else []
        lines += ["", f"utility {idents[name]}", "{", *kept, "}"]
    for v in network.variables:
        seen = diagram.decisions.get(v)
        lines += hugin.potential(network, v, idents) if seen is None else _potential(
            [idents[v], *(idents[u] for u in seen)], [])  # fmt: skip
    for name, utility in terms.items():
        shape = utility.values.shape
        rows = [
            " ".join(digits(row)) for row in utility.values.reshape(-1, shape[-1] if shape else 1)
        ]
        data = hugin.nest(shape[:-1], rows)
        lines += _potential([idents[name], *(idents[u] for u in utility.parents)],
                            [f"  data = {data};"])  # fmt: skip
    return "\n".join(lines) + "\n"


def _potential(scope: list[str], body: list[str]) -> list[str]:
    child, *parents = scope
    head = f"{child} | {' '.join(parents)}" if parents else child
    return ["", f"potential ( {head} )", "{", *body, "}"]
