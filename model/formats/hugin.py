"""HUGIN .net and .oobn: nodes with attributes, potentials with nested data, the variable fastest.

Identifiers there are C-like; other names are written as the nearest identifier, and the true name
goes into the attribute ``fascinet_name``, from which it is read back.

Read is what has one meaning here: a network, or one class without instances of others; discrete
chance nodes, numbered and interval ones too; tables of counts or percentages, whose rows are
proportions (a warning says how far they were off; a row that sums to nearly 1 is an error, since it
may be misprinted); continuous nodes, linear and Gaussian, if their cut points are given. Decisions,
utilities, functions, instances and tables that only an expression describes are refused by name.
"""

import math
import re
from itertools import islice
from typing import NoReturn

from fascinet.model.errors import shown
from fascinet.model.formats.bif import UNNAMED
from fascinet.model.formats.common import Draft, digits, full_table, identifiers, warn
from fascinet.model.formats.continuous import Continuous, Cuts, Cutter, check_used, cuts_of
from fascinet.model.formats.equations import Formula
from fascinet.model.network import Network

TOKEN = re.compile(
    r'%[^\n]*+|("(?:[^"\\]|\\.)*+"|".*+|[{}()=;|]|[^\s{}()=;|"%]++)',
    re.DOTALL,
)  # a quote that nothing closes takes the rest of the file
REFUSED = {
    "decision": "a decision node", "utility": "a utility node", "function": "a function node",
    "continuous": "a continuous node", "instance": "an instance of another class",
}  # fmt: skip
GAUSSIAN = re.compile(
    r"normal\s*\(([^,;]{0,9999}),([^,;()]{0,99})\)", re.I
)  # a mean may have brackets
KEPT = "fascinet_name"
SKIPPED = {"position", "states", "subtype", "state_values", "node_size", KEPT}


def parse(text: str, file: str, cuts: Cuts | None = None) -> Network:
    """Return the network that a HUGIN text holds (`FormatError` with file and line if none)."""
    return Parser(text, file, cuts).run()


class Parser:
    """Reads one text; `diagram_hugin` reads decisions and utilities besides."""

    def __init__(self, text: str, file: str, cuts: Cuts | None = None) -> None:
        self.text, self.at, self.cuts = text, 0, cuts
        self.wide: dict[str, tuple[float, ...] | int] = {}  # continuous nodes, and their cuts
        self.formulas: dict[str, Continuous] = {}
        self.tokens = [*(t for t in TOKEN.findall(text) if t), ""]
        self.draft = Draft(file, self.line)
        self.names: dict[str, str] = {}
        self.in_class = ""
        self.extras: dict[str, str] = {}  # attributes of the whole

    def line(self, mark: int) -> int:
        """Return the line of token number `mark`."""
        starts = (m.start() for m in TOKEN.finditer(self.text) if m[1])
        start = next(islice(starts, mark, None), len(self.text.rstrip()))
        return self.text.count("\n", 0, start) + 1

    def fail(self, expected: str) -> NoReturn:
        """Raise `FormatError`: something else stands here than was expected."""
        token = self.tokens[self.at]
        got = shown(token) if token else "the end of the file"
        self.draft.fail(self.at, f"expected {expected}, got {got}")

    def take(self, expected: str) -> None:
        """Go past one token, which must be this."""
        if self.tokens[self.at] != expected:
            self.fail(repr(expected))
        self.at += 1

    def word(self, what: str) -> str:
        """Return the next token, which must be a word."""
        token = self.tokens[self.at]
        if not token or token[0] in '{}()=;|"':
            self.fail(what)
        self.at += 1
        return token

    def value(self) -> list[str]:
        """Return the tokens up to the semicolon, brackets left out."""
        try:
            end = self.tokens.index(";", self.at)
        except ValueError:
            self.fail("';' after a value")
        found = [t for t in self.tokens[self.at : end] if t not in "()"]
        self.at = end + 1
        return found

    def attributes(self) -> dict[str, tuple[list[str], int]]:
        """Return what stands in braces, and where each value begins."""
        self.take("{")
        found: dict[str, tuple[list[str], int]] = {}
        while self.tokens[self.at] != "}":
            key = self.word("an attribute or '}'")
            found[key] = self.attribute()
        self.at += 1
        return found

    def attribute(self) -> tuple[list[str], int]:
        """Return the value after an equals sign, and where it begins."""
        self.take("=")
        mark = self.at
        return self.value(), mark

    def run(self) -> Network:
        """Return the network of the text."""
        while self.tokens[self.at]:
            mark = self.at
            keyword = self.word("'net', 'node' or 'potential'")
            if keyword == "net":
                self.head(self.attributes())
            elif keyword == "class":
                self.oo_class(mark)
            else:
                self.part(keyword, mark)
        check_used(self.cuts, [*self.wide])
        if self.wide:
            Cutter(self.draft, self.formulas, self.wide).run()
        return self.draft.network()

    def part(self, keyword: str, mark: int) -> None:
        """Read a node or a potential, or say what else it is."""
        if keyword == "discrete":
            keyword = self.word("'node'")
        if keyword == "node":
            self.node(mark)
        elif keyword == "potential":
            self.potential(mark)
        elif keyword == "continuous" and self.tokens[self.at] == "node":
            self.at += 1
            self.continuous(mark)
        elif keyword in REFUSED:
            names = [t for t in self.tokens[self.at : self.at + 2] if t not in ("node", *REFUSED)]
            what = f"{shown(names[0]) if names else 'it'} is {REFUSED[keyword]}"
            known = "expected 'net', 'node' or 'potential'"
            hint = (
                "; use fascinet.InfluenceDiagram.load" if keyword in ("decision", "utility") else ""
            )
            self.draft.fail(mark, f"{known}: {what}: only discrete chance nodes are read{hint}")
        else:
            self.draft.fail(mark, f"expected 'net', 'node' or 'potential', got {shown(keyword)}")

    def oo_class(self, mark: int) -> None:
        """Read a class as a network; a second one is an error, since either could be meant."""
        name = self.word("the class's name")
        if self.in_class:
            self.draft.fail(mark, f"class {shown(name)} besides {self.in_class!r}: expected one")
        self.in_class = self.draft.name = name
        self.take("{")
        while self.tokens[self.at] != "}":
            inner = self.at
            keyword = self.word("an attribute, 'node', 'potential' or '}'")
            if self.tokens[self.at] == "=":
                self.attribute()
            else:
                self.part(keyword, inner)
        self.at += 1

    def head(self, attributes: dict[str, tuple[list[str], int]]) -> None:
        """Read what is said of the whole."""
        found = self.extras = {k: text(x) for k, (x, _) in attributes.items()}
        name = found.get("name", "")
        self.draft.name = "" if name in UNNAMED else name
        self.draft.version = found.get("fascinet_version", "")

    def node(self, mark: int) -> None:
        """Read a variable."""
        ident = self.word("a node's name")
        found = self.attributes()
        states = states_of(found)
        if not states:
            self.draft.fail(mark, f"node {shown(ident)} has no states")
        name = text(found[KEPT][0]) if KEPT in found else ident
        self.names[ident] = name
        self.draft.declare(name, states, mark)
        meta = {k: text(x) for k, (x, _) in found.items() if k not in SKIPPED and text(x)}
        if meta:
            self.draft.meta[name] = meta

    def continuous(self, mark: int) -> None:
        """Read a continuous variable; its states get their names when it is cut."""
        ident = self.word("a node's name")
        found = self.attributes()
        name = text(found[KEPT][0]) if KEPT in found else ident
        self.names[ident] = name
        cuts = self.wide[name] = cuts_of(self.draft, self.cuts, name, mark)
        count = cuts if isinstance(cuts, int) else len(cuts) + 1
        self.draft.declare(name, [str(k) for k in range(count)], mark)
        meta = {k: text(x) for k, (x, _) in found.items() if k not in SKIPPED and text(x)}
        if meta:
            self.draft.meta[name] = meta

    def gaussians(self, child: str, parents: list[str], mark: int) -> None:
        """Read `normal(mean, variance)`, one for each joint state of the discrete parents."""
        self.draft.define(child, parents, mark)
        begin = self.at
        self.attributes()
        written = " ".join(self.tokens[begin : self.at])
        want = math.prod(len(self.draft.states[u]) for u in parents if u not in self.wide)
        found = [Formula(normal(*pair)) for pair in GAUSSIAN.findall(written)]
        if len(found) != want or written.lower().count("normal") != want:
            self.draft.fail(
                mark, f"potential of {child!r}: expected {want} times 'normal(mean, variance)', "
                f"got {len(found)}"
            )  # fmt: skip
        idents = {v: k for k, v in self.names.items()}
        named = {idents.get(u, u): u for u in parents}
        self.formulas[child] = Continuous(child, named, tuple(found), mark)

    def potential(self, mark: int) -> None:
        """Read a table."""
        child, parents = self.scope()
        if child in self.wide:
            self.gaussians(child, parents, mark)
            return
        if wide := [u for u in parents if u in self.wide]:
            self.draft.fail(
                mark, f"potential of {child!r}: a discrete node below the continuous {wide[0]!r}"
            )
        shape = self.draft.define(child, parents, mark)
        found = self.attributes()
        model = next((k for k in found if k.startswith("model_")), None)
        if "data" not in found:
            what = f"{model!r}, an expression, which is not evaluated" if model else "'nothing'"
            self.draft.fail(mark, f"potential of {child!r}: expected 'data', got {what}")
        if model:
            warn(f"{self.draft.file}: the table of {child!r} is read, its expression is not")
        words, at = found["data"]
        numbers = self.draft.numbers(words, shape, at, f"potential of {child!r}")
        self.draft.table(child, numbers, at, proportions=True)

    def scope(self) -> tuple[str, list[str]]:
        """Return what a potential is of, and its parents."""
        self.take("(")
        child = self.variable()
        parents: list[str] = []
        if self.tokens[self.at] == "|":
            self.at += 1
            while self.tokens[self.at] != ")":
                parents.append(self.variable())
        self.take(")")
        return child, parents

    def variable(self) -> str:
        """Return the name of the variable that is named next."""
        word = self.word("a node's name")
        return self.names.get(word, word)


def normal(mean: str, variance: str) -> str:
    """Return a distribution as a formula; variance zero means that the mean is certain.

    >>> normal(" 1 + 2 * x ", " 0.25 ")
    'Normal( 1 + 2 * x , Sqrt( 0.25 ))'
    """
    return mean if re.fullmatch(r"[\s0.]*", variance) else f"Normal({mean}, Sqrt({variance}))"


def states_of(found: dict[str, tuple[list[str], int]]) -> list[str]:
    """Return a node's states: its labels, or its numbers, or its intervals."""
    states = [unquote(t) for t in found.get("states", ([], 0))[0]]
    if any(states) or "state_values" not in found:
        return states
    values = [unquote(t) for t in found["state_values"][0]]
    if text(found.get("subtype", ([], 0))[0]) == "interval":
        return [f"{a} - {b}" for a, b in zip(values, values[1:], strict=False)]
    return values


def unquote(token: str) -> str:
    """Return the text that a token stands for."""
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token[:1] == '"' else token


def text(words: list[str]) -> str:
    """Return an attribute's value as text."""
    return " ".join(unquote(w) for w in words)


# -------------------------------------------------------------------- writing


def render(network: Network) -> str:
    """Return the network as HUGIN text."""
    idents = identifiers(network.variables)
    lines = opening(network)
    for v in network.variables:
        lines += node(network, v, idents)
    for v in network.variables:
        lines += potential(network, v, idents)
    return "\n".join(lines) + "\n"


def opening(network: Network, **more: str) -> list[str]:
    """Return the lines about the whole."""
    lines = ["net", "{", f"  name = {quote(network.name or 'unknown')};"]
    if network.version:
        lines.append(f"  fascinet_version = {quote(network.version)};")
    return [*lines, *(f"  {key} = {quote(x)};" for key, x in more.items()), "}"]


def quote(name: str) -> str:
    """Return `name` as a string token."""
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def node(network: Network, v: str, idents: dict[str, str], kind: str = "node") -> list[str]:
    """Return the lines that declare a variable."""
    listed = " ".join(quote(s) for s in network.states(v))
    lines = ["", f"{kind} {idents[v]}", "{", f"  states = ( {listed} );"]
    if idents[v] != v:
        lines.append(f"  {KEPT} = {quote(v)};")
    for key, value in network.meta.get(v, {}).items():
        if isinstance(value, str) and key not in SKIPPED and key.isidentifier():
            lines.append(f"  {key} = {quote(value)};")
    return [*lines, "}"]


def potential(network: Network, v: str, idents: dict[str, str]) -> list[str]:
    """Return the lines of a variable's table."""
    parents = " ".join(idents[u] for u in network.parents(v))
    table = full_table(network, v, "HUGIN .net")
    rows = [" ".join(digits(row)) for row in table.reshape(-1, table.shape[-1])]
    head = f"{idents[v]} | {parents}" if parents else idents[v]
    data = nest(table.shape[:-1], rows)
    return ["", f"potential ( {head} )", "{", f"  data = {data};", "}"]


def nest(shape: tuple[int, ...], rows: list[str]) -> str:
    """Bracket the rows, one pair a parent's state, as HUGIN shows them."""
    level = [f"( {row} )" for row in rows]
    for size in reversed(shape):
        groups = range(0, len(level), size)
        level = ["(" + "\n   ".join(level[k : k + size]) + ")" for k in groups]
    return level[0]
