"""UAI competition format, BAYES networks: numbers only, so names become ``var_0`` and states ``0``.

Layout: the word BAYES, the number of variables, their numbers of states, the number of tables, per
table its number of variables and their indices (the variable itself last), then per table its
number of entries and the entries, the variable itself fastest.
"""

from fascinet.model.formats.common import Draft, digits, full_table
from fascinet.model.network import Network

VARIABLE_LIMIT = 10**6


def parse(text: str, file: str) -> Network:
    """Return the network that a UAI text holds (`FormatError` with file and line if none)."""
    return _Parser(text, file).run()


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self.text, self.at = text, 0
        self.words = text.split()
        self.draft = Draft(file, self.line)

    def line(self, mark: int) -> int:
        """Return the line of word number `mark`."""
        seen = 0
        for number, line in enumerate(self.text.splitlines(), 1):
            seen += len(line.split())
            if mark < seen:
                return number
        return self.text.count("\n") + 1

    def integer(self, what: str, most: int = VARIABLE_LIMIT) -> int:
        word = self.words[self.at] if self.at < len(self.words) else "the end of the file"
        if not word.isascii() or not word.isdigit() or int(word) > most:
            self.draft.fail(self.at, f"expected {what}, a number up to {most}, got {word!r}")
        self.at += 1
        return int(word)

    def run(self) -> Network:
        if "#" in self.text:
            mark = next(k for k, word in enumerate(self.words) if "#" in word)
            self.draft.fail(
                mark,
                "UAI has no comments; pyAgrum's dialect, which has them, lists "
                "parents in another order: save .bifxml there instead",
            )
        kind = self.words[0].upper() if self.words else "nothing"
        if kind != "BAYES":
            self.draft.fail(0, f"expected a BAYES network, got {kind!r}")
        self.at = 1
        count = self.integer("the number of variables")
        for k in range(count):
            size = self.integer("a number of states")
            self.draft.declare(f"var_{k}", [str(s) for s in range(size)], self.at - 1)
        tables = self.integer("the number of tables")
        if tables != count:
            self.draft.fail(self.at - 1, f"expected one table a variable, {count}, got {tables}")
        scopes = [self.scope(count) for _ in range(tables)]
        for child, shape in scopes:
            self.table(child, shape)
        if self.at < len(self.words):
            self.draft.fail(self.at, f"expected the end, got {self.words[self.at]!r}")
        return self.draft.network()

    def scope(self, count: int) -> tuple[str, tuple[int, ...]]:
        mark = self.at
        size = self.integer("the size of a table", count)
        names = [f"var_{self.integer('a variable', count - 1)}" for _ in range(size)]
        if not names:
            self.draft.fail(mark, "expected at least one variable in a table")
        return names[-1], self.draft.define(names[-1], names[:-1], mark)

    def table(self, child: str, shape: tuple[int, ...]) -> None:
        mark = self.at
        size = self.integer("the number of entries", 2**31)
        words = self.words[self.at : self.at + size]
        self.draft.table(child, self.draft.numbers(words, shape, mark, f"table of {child}"), mark)
        self.at += size


def render(network: Network) -> str:
    """Return the network as UAI text, variables in network order."""
    order = network.variables
    lines = ["BAYES", str(len(order)), " ".join(str(len(network.states(v))) for v in order)]
    lines.append(str(len(order)))
    for v in order:
        scope = [str(network.index[u]) for u in (*network.parents(v), v)]
        lines.append(f"{len(scope)} {' '.join(scope)}")
    for v in order:
        table = full_table(network, v, "UAI")
        lines += ["", str(table.size), " ".join(digits(table))]
    return "\n".join(lines) + "\n"
