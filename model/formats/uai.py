"""UAI competition format, BAYES networks: numbers only, so names become ``var_0`` and states ``0``.

Evidence files (`.uai.evid`, `.evid`) are read by `parse_evidence`; Markov networks are refused.

Layout: the word BAYES, the number of variables, their numbers of states, the number of tables, per
table its number of variables and their indices (the variable itself last), then per table its
number of entries and the entries, the variable itself fastest.
"""

from collections.abc import Mapping

from fascinet.model.errors import FormatError, shown
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
        if not word.isascii() or not word.isdigit() or len(word) > 12 or int(word) > most:
            self.draft.fail(self.at, f"expected {what}, a number up to {most}, got {shown(word)}")
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
        if kind == "MARKOV":
            self.draft.fail(
                0,
                "expected a BAYES network, got 'MARKOV': a Markov network is not read, since "
                "its factors are no conditional distributions",
            )
        if kind != "BAYES":
            self.draft.fail(0, f"expected a BAYES network, got {shown(kind)}")
        self.at = 1
        left = len(self.words)  # every state of a variable has a number in its table
        count = self.integer("the number of variables", min(VARIABLE_LIMIT, left))
        for k in range(count):
            size = self.integer("a number of states", max(left, 0))
            left -= size
            if left < 0:
                self.draft.fail(self.at - 1, "more states than there are numbers in the file")
            self.draft.declare(f"var_{k}", [str(s) for s in range(size)], self.at - 1)
        tables = self.integer("the number of tables")
        if tables != count:
            self.draft.fail(self.at - 1, f"expected one table a variable, {count}, got {tables}")
        scopes = [self.scope(count) for _ in range(tables)]
        for child, shape in scopes:
            self.table(child, shape)
        if self.at < len(self.words):
            self.draft.fail(self.at, f"expected the end, got {shown(self.words[self.at])}")
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
        size = self.integer("the number of entries", len(self.words))
        words = self.words[self.at : self.at + size]
        self.draft.table(child, self.draft.numbers(words, shape, mark, f"table of {child}"), mark)
        self.at += size


def parse_evidence(text: str, file: str, network: Network) -> Mapping[str, str]:
    """Return the evidence of a UAI evidence file: the number of findings, then variable and state.

    Files of several cases, as older competitions had them, are read if they hold one.

    Raises
    ------
    FormatError
        If it is none, or names a variable or state that the network does not have.
    """
    words = text.split()
    if not all(w.isascii() and w.isdigit() and len(w) <= 9 for w in words) or not words:
        raise FormatError(f"{file}: expected whole numbers: a count, then variables and states")
    numbers = [int(w) for w in words]
    if len(numbers) == 2 + 2 * numbers[1 % len(numbers)] and numbers[0] == 1:
        numbers = numbers[1:]
    if len(numbers) != 1 + 2 * numbers[0]:
        cases = f"{numbers[0]} pairs" if numbers[0] != 1 else "a pair"
        raise FormatError(f"{file}: expected {cases} of variable and state, got {len(words)} words")
    found: dict[str, str] = {}
    for index, state in zip(numbers[1::2], numbers[2::2], strict=True):
        if index >= len(network.variables):
            raise FormatError(f"{file}: expected a variable below {len(network.variables)}, "
                              f"got {index}")  # fmt: skip
        name = network.variables[index]
        states = network.states(name)
        if state >= len(states):
            raise FormatError(f"{file}: {name}: expected a state below {len(states)}, got {state}")
        if found.setdefault(name, states[state]) != states[state]:
            raise FormatError(f"{file}: {name} is given twice, in two states")
    return found


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
