"""BIF, the Bayesian Interchange Format (0.15): a strict reader and a writer.

Grammar (commas are blanks; comments are ``// …`` and ``/* … */``):

    file        = network { variable | probability }
    network     = "network" [name] "{" { property } "}"
    variable    = "variable" name "{" { type | property } "}"
    type        = "type" "discrete" "[" n "]" "{" state … "}" ";"
    probability = "probability" "(" name [ "|" ] parent … ")" "{" { entry | property } "}"
    entry       = ("table" | "default" | "(" state … ")") number … ";"

A ``table`` with parents lists the variable itself slowest, as the format's authors defined it.
Names with blanks or punctuation are quoted; bare brackets in states are read where the number of
states says how (`bif_names`). Rows are sliced out of one list of tokens (`bif_tokens`), so that a
network of a thousand nodes takes a fraction of a second, and a file of quotes or comments that
never end no longer than another of its length.
"""

import re
from itertools import islice
from typing import NoReturn

import numpy as np

from fascinet.model.errors import NetworkError, shown
from fascinet.model.formats.bif_function import NotMax, gate_of, is_max
from fascinet.model.formats.bif_names import quoted
from fascinet.model.formats.bif_tokens import (
    is_number,
    quote,
    split_property,
    starts_of,
    tokens_of,
    unquote,
)
from fascinet.model.formats.common import Draft, digits, full_table
from fascinet.model.gates import Array
from fascinet.model.network import Network

UNNAMED = ("", "unknown", "unnamed")
DEFAULT_LIMIT = 2**20
"""Most entries of a table that a default row may fill: a few bytes ask for all of them."""


def parse(text: str, file: str) -> Network:
    """Return the network that a BIF text holds.

    Parameters
    ----------
    text : str
        The whole file.
    file : str
        Its name for messages.

    Raises
    ------
    FormatError
        With file and line, on anything that is not BIF or not a Bayesian network.
    """
    return _Parser(quoted(text, file), file).run()


class _Parser:
    """One pass over the tokens; `at` is the number of the next one."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0
        self.draft = Draft(file, self.line)

    def line(self, mark: int) -> int:
        """Return the line of token number `mark`."""
        start = next(islice(starts_of(self.text), mark, None), len(self.text.rstrip()))
        return self.text.count("\n", 0, start) + 1

    # ---------------------------------------------------------------- tokens

    def fail(self, expected: str, mark: int | None = None) -> NoReturn:
        mark = self.at if mark is None else mark
        got = shown(self.tokens[mark]) if self.tokens[mark] else "the end of the file"
        self.draft.fail(mark, f"expected {expected}, got {got}")

    def take(self, expected: str) -> None:
        if self.tokens[self.at] != expected:
            self.fail(repr(expected))
        self.at += 1

    def name(self, what: str) -> str:
        token = self.tokens[self.at]
        if token in ("", '"', "/") or token in "{}()[];|" or token[:2] == "/*":
            self.fail(what)
        self.at += 1
        return unquote(token)

    def until(self, stop: str, what: str) -> list[str]:
        """Return the tokens before `stop` and go past it."""
        try:
            end = self.tokens.index(stop, self.at)
        except ValueError:
            self.fail(f"{stop!r} after {what}", len(self.tokens) - 1)
        found = self.tokens[self.at : end]
        self.at = end + 1
        return found

    # ---------------------------------------------------------------- blocks

    def run(self) -> Network:
        later: list[int] = []
        while self.tokens[self.at]:
            keyword = self.tokens[self.at]
            if keyword == "network":
                self.network()
            elif keyword == "variable":
                self.variable()
            elif keyword == "probability":
                later.append(self.at)
                self.until("}", "the probability block")
            else:
                self.fail("'network', 'variable' or 'probability'")
        for self.at in later:
            self.probability()
        return self.draft.network()

    def network(self) -> None:
        self.at += 1
        if self.tokens[self.at] != "{":
            self.draft.name = self.name("the network's name")
        self.take("{")
        for words in self.properties():
            key, value = split_property(words)
            if key == "version":
                self.draft.version = value
        if self.draft.name in UNNAMED:
            self.draft.name = ""

    def properties(self) -> list[list[str]]:
        found: list[list[str]] = []
        while self.tokens[self.at] == "property":
            self.at += 1
            found.append(self.until(";", "the property"))
        self.take("}")
        return found

    def variable(self) -> None:
        mark = self.at
        self.at += 1
        name = self.name("the variable's name")
        self.take("{")
        meta: dict[str, str] = {}
        states: list[str] | None = None
        while self.tokens[self.at] != "}":
            if self.tokens[self.at] == "property":
                self.at += 1
                key, value = split_property(self.until(";", "the property"))
                meta[key] = value
            elif states is None:
                states = self.type(name)
            else:
                self.fail("'property' or '}'")
        self.at += 1
        self.draft.declare(name, states or [], mark)
        if meta:
            self.draft.meta[name] = meta

    def type(self, name: str) -> list[str]:
        mark = self.at
        for word in ("type", "discrete", "["):
            self.take(word)
        count = self.name("the number of states")
        self.take("]")
        self.take("{")
        states: list[str] = []
        while self.tokens[self.at] != "}":
            states.append(self.name("a state or '}'"))
        self.at += 1
        self.take(";")
        if count != str(len(states)):
            what = f"variable {shown(name)}: expected {count[:20]} states, got {len(states)}"
            self.draft.fail(mark, what)
        return states

    def probability(self) -> None:
        mark = self.at
        self.at += 1
        self.take("(")
        child = self.name("a variable")
        if self.tokens[self.at] == "|":
            self.at += 1
        parents: list[str] = []
        while self.tokens[self.at] != ")":
            parents.append(self.name("a parent or ')'"))
        self.at += 1
        self.take("{")
        shape = self.draft.define(child, parents, mark)
        _Rows(self, child, parents, shape, mark).read()

    def numbers(self, count: int, what: str) -> list[float]:
        mark = self.at
        words = self.until(";", what)
        try:
            values = [float(w) for w in words]
        except ValueError:
            bad = next(k for k, w in enumerate(words) if not is_number(w))
            self.fail(f"a number in {what}", mark + bad)
        if len(values) != count:
            self.draft.fail(mark, f"{what}: expected {count} numbers, got {len(values)}")
        return values


class _Rows:
    """The body of one probability block."""

    def __init__(
        self, parser: _Parser, child: str, parents: list[str], shape: tuple[int, ...], mark: int
    ) -> None:
        self.parser, self.child, self.mark = parser, child, mark
        self.shape, self.size = shape, shape[-1]
        states = parser.draft.states
        self.codes = [{s: k for k, s in enumerate(states[u])} for u in parents]
        self.parents = parents
        self.count = int(np.prod(shape[:-1]))
        self.rows: list[list[float] | None] = [None] * self.count
        self.marks = [mark] * self.count
        self.default: list[float] | None = None
        self.function = ""

    def read(self) -> None:
        parser = self.parser
        table: Array | None = None
        while (token := parser.tokens[parser.at]) != "}":
            if token == "(":
                self.row()
            elif token == "table":
                table = self.table()
            elif token == "default":
                parser.at += 1
                self.default = parser.numbers(self.size, f"the default row of {self.child!r}")
            elif token == "property":
                parser.at += 1
                self.property(parser.until(";", "the property"))
            else:
                parser.fail("'(', 'table', 'default', 'property' or '}'")
        parser.at += 1
        whole = table is not None or all(row is not None for row in self.rows)
        if self.function and not whole:  # a whole table says all, whatever made it up
            self.noisy_max()
            return
        if table is not None and any(row is not None for row in self.rows):
            parser.draft.fail(self.mark, f"{self.child!r} has a table and rows besides")
        values = self.assemble() if table is None else table
        parser.draft.table(self.child, values, self.mark, self.marks)

    def property(self, words: list[str]) -> None:
        """Take the function that makes up the table; other properties of tables mean nothing."""
        key, value = split_property(words) if words else ("", "")
        if key.lower() == "function":
            if not is_max(value, self.size):
                self.parser.draft.fail(
                    self.mark,
                    f"{self.child!r}: expected a full table or function max, got function "
                    f"{shown(value)}",
                )
            self.function = value

    def noisy_max(self) -> None:
        draft = self.parser.draft
        given = np.flatnonzero([row is not None for row in self.rows])
        places = zip(*np.unravel_index(given, self.shape[:-1]), strict=True)
        try:
            rows = {
                tuple(int(x) for x in at): self.settled(int(k))
                for k, at in zip(given, places, strict=True)
            }
            default = None if self.default is None else np.array(self.default)
            draft.gates[self.child] = gate_of(rows, self.shape, default)
        except (NotMax, NetworkError) as error:
            message = f"{self.child!r} with function {self.function}: {error}"
            draft.fail(self.mark, message)

    def settled(self, k: int) -> list[float]:
        """Return one row, checked, and renormalised if it is off by rounding."""
        draft, row = self.parser.draft, np.array([self.rows[k]])
        what = f"a row of {self.child!r}"
        return draft.settle(self.child, row, self.marks[k], what=what)[0].tolist()

    def table(self) -> Array:
        parser = self.parser
        parser.at += 1
        numbers = parser.numbers(self.count * self.size, f"the table of {self.child!r}")
        return np.moveaxis(np.array(numbers).reshape(self.size, *self.shape[:-1]), 0, -1)

    def row(self) -> None:
        parser = self.parser
        mark = parser.at
        parser.at += 1
        names = parser.until(")", "the parents' states")
        if len(names) != len(self.codes):
            parser.draft.fail(
                mark, f"row of {self.child!r}: expected {len(self.codes)} states, got {len(names)}"
            )
        index = 0
        for codes, name in zip(self.codes, names, strict=True):
            code = codes.get(name)
            if code is None:
                code = self.code(codes, name, mark)
            index = index * len(codes) + code
        if self.rows[index] is not None:
            parser.draft.fail(mark, f"row {tuple(names)} of {self.child!r} is given twice")
        self.rows[index] = parser.numbers(self.size, f"a row of {self.child!r}")
        self.marks[index] = mark

    def code(self, codes: dict[str, int], name: str, mark: int) -> int:
        plain = unquote(name)
        if plain not in codes:
            which = self.parents[self.codes.index(codes)]
            known = ", ".join(codes)
            self.parser.draft.fail(
                mark,
                f"row of {self.child!r}: unknown state {shown(plain)} of {which!r} ({known[:200]})",
            )
        return codes[plain]

    def assemble(self) -> Array:
        missing = [k for k, row in enumerate(self.rows) if row is None]
        if missing and self.default is None:
            at = np.unravel_index(missing[0], self.shape[:-1])
            states = self.parser.draft.states
            names = [states[u][k] for u, k in zip(self.parents, at, strict=True)]
            self.parser.draft.fail(
                self.mark, f"table of {self.child!r}: no row for ({', '.join(names)})"
            )
        if missing and self.default is not None:
            if self.count * self.size > DEFAULT_LIMIT:
                self.parser.draft.fail(
                    self.mark, f"default of {self.child!r}: expected at most {DEFAULT_LIMIT:,} "
                    f"entries, got {self.count * self.size:,}",
                )  # fmt: skip
            values = np.tile(np.array(self.default), (self.count, 1))
            for k, row in enumerate(self.rows):
                if row is not None:
                    values[k] = row
            return values.reshape(self.shape)
        return np.array(self.rows, dtype=np.float64).reshape(self.shape)


# -------------------------------------------------------------------- writing


def render(network: Network) -> str:
    """Return the network as BIF text; numbers read back to the same float64."""
    blocks = [_network_block(network)]
    blocks += [_variable_block(network, v) for v in network.variables]
    blocks += [_probability_block(network, v) for v in network.variables]
    return "".join(blocks)


def _property(key: str, value: object) -> str:
    text = re.sub(r"\s+", " ", f"{key} = {value}")
    return "  property " + '"' + re.sub(r'(["\\])', r"\\\1", text) + '" ;\n'


def _network_block(network: Network) -> str:
    version = _property("version", network.version) if network.version else ""
    return f"network {quote(network.name or 'unknown')} {{\n{version}}}\n"


def _variable_block(network: Network, v: str) -> str:
    states = network.states(v)
    listed = ", ".join(quote(s) for s in states)
    meta = network.meta.get(v, {})
    lines = [_property(k, x) for k, x in meta.items() if isinstance(x, str)]
    return (
        f"variable {quote(v)} {{\n  type discrete [ {len(states)} ] {{ {listed} }};\n"
        f"{''.join(lines)}}}\n"
    )


def _probability_block(network: Network, v: str) -> str:
    parents = network.parents(v)
    table = full_table(network, v, "BIF")
    if not parents:
        return f"probability ( {quote(v)} ) {{\n  table {', '.join(digits(table))};\n}}\n"
    heads = [[quote(s) for s in network.states(u)] for u in parents]
    lines = [f"probability ( {quote(v)} | {', '.join(quote(u) for u in parents)} ) {{"]
    for index in np.ndindex(table.shape[:-1]):
        given = ", ".join(names[k] for names, k in zip(heads, index, strict=True))
        lines.append(f"  ({given}) {', '.join(digits(table[index]))};")
    return "\n".join(lines) + "\n}\n"
