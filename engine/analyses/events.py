"""Events: states joined by and, or, not; read from text, and taken apart into disjoint terms.

    query      = event [ "|" condition ]
    condition  = part { ("," | "&" | "and") part };   part = "do(" v "=" s ")" | event
    event      = conjunct { "or" conjunct };   conjunct = factor { ("&" | "and") factor }
    factor     = "not" factor | "!" factor | "(" event ")" | literal
    literal    = v "=" s | v "!=" s | v "in" "(" s { "," s } ")"

An event over many variables is taken apart variable by variable (Shannon's expansion): states after
which the same event is left stay together. The terms are disjoint, and each is a set of states a
variable, so that its probability is one evidence query.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from fascinet.model.errors import EvidenceError, FascinetError
from fascinet.model.network import Network


@dataclass(frozen=True)
class Literal:
    """`variable` is in one of `states` (indices)."""

    variable: str
    states: frozenset[int]


@dataclass(frozen=True)
class Joined:
    """All of the parts (`is_and`), or any of them."""

    is_and: bool
    parts: frozenset["Event"]


Event: TypeAlias = Literal | Joined | bool
Term: TypeAlias = dict[str, frozenset[int]]


@dataclass(frozen=True)
class Query:
    """What is asked: P(event | condition; do).

    Attributes
    ----------
    text : str
    event : Event
    condition : tuple of (str, Event)
        The conjuncts of the condition, each with its text.
    do : mapping of variable to state
    """

    text: str
    event: Event
    condition: tuple[tuple[str, Event], ...]
    do: Mapping[str, str]


# -------------------------------------------------------------------- algebra


def joined(is_and: bool, parts: "list[Event]") -> Event:
    """Return parts joined, flattened, with constants and literals on one variable merged."""
    flat = set[Event]()
    literals = dict[str, frozenset[int]]()
    for part in parts:
        inner = part.parts if isinstance(part, Joined) and part.is_and == is_and else (part,)
        for x in inner:
            if isinstance(x, bool):
                if x != is_and:
                    return x
            elif isinstance(x, Literal):
                old = literals.get(x.variable, x.states)
                literals[x.variable] = old & x.states if is_and else old | x.states
            else:
                flat.add(x)
    if is_and and not all(literals.values()):
        return False
    flat |= {Literal(v, s) for v, s in literals.items()}
    if not flat:
        return is_and
    return next(iter(flat)) if len(flat) == 1 else Joined(is_and, frozenset(flat))


def negated(event: Event, network: Network) -> Event:
    """Return the event that holds where this one does not (De Morgan)."""
    if isinstance(event, bool):
        return not event
    if isinstance(event, Literal):
        return literal(network, event.variable, _every(network, event.variable) - event.states)
    return joined(not event.is_and, [negated(part, network) for part in event.parts])


def literal(network: Network, variable: str, states: frozenset[int]) -> Event:
    """Return a literal, or the constant that it is."""
    if not states or states == _every(network, variable):
        return bool(states)
    return Literal(variable, states)


def _every(network: Network, variable: str) -> frozenset[int]:
    return frozenset(range(len(network.states(variable))))


def variables_of(event: Event) -> set[str]:
    """Return the variables that an event is about."""
    if isinstance(event, bool):
        return set()
    if isinstance(event, Literal):
        return {event.variable}
    return set[str]().union(*(variables_of(part) for part in event.parts))


def given_state(event: Event, variable: str, state: int) -> Event:
    """Return what is left of an event once a variable's state is known."""
    if isinstance(event, bool):
        return event
    if isinstance(event, Literal):
        return state in event.states if event.variable == variable else event
    return joined(event.is_and, [given_state(part, variable, state) for part in event.parts])


def terms(event: Event, network: Network) -> Iterator[Term]:
    """Yield disjoint conjunctions of literals that together are the event."""
    if event is False:
        return
    if event is True:
        yield {}
        return
    if isinstance(event, Literal):
        yield {event.variable: event.states}
        return
    assert isinstance(event, Joined)
    first = next(v for v in network.variables if v in variables_of(event))
    left = dict[Event, set[int]]()
    for state in range(len(network.states(first))):
        left.setdefault(given_state(event, first, state), set()).add(state)
    for rest, states in left.items():
        for term in terms(rest, network):
            yield {first: frozenset(states)} | term if len(left) > 1 else term


# -------------------------------------------------------------------- text

TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<mark>!=|==|[=!&|(),~])|(?P<word>[^\s=!&|(),~"']+))"""
)
WORDS = {"and": "&", "or": "or", "not": "!", "in": "in"}
MARKS = {"==": "=", "~": "!"}


class _Reader:
    """Recursive descent over the tokens of a query."""

    def __init__(self, text: str, network: Network) -> None:
        self.text, self.network, self.at = text, network, 0
        self.tokens: list[tuple[str, str, int]] = []  # kind, text, place
        at, end = 0, len(text.rstrip())
        while at < end:
            match = TOKEN.match(text, at)
            if match is None:
                self.fail("a quote that is not closed", at)
            kind = str(match.lastgroup)
            token, start = match.group(kind), match.start(kind)
            if kind == "quoted":
                kind, token = "name", token[1:-1]
            elif kind == "mark":
                token = MARKS.get(token, token)
            elif token.lower() in WORDS:
                kind, token = "mark", WORDS[token.lower()]
            else:
                kind = "name"
            self.tokens.append((kind, token, start))
            at = match.end()

    def fail(self, got: str, place: int) -> NoReturn:
        raise EvidenceError(f"query {self.text!r}: at character {place + 1}: {got}")

    def peek(self) -> str:
        """Return the next token if it is a mark, else an empty text."""
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "mark":
            return self.tokens[self.at][1]
        return ""

    def is_at_end(self) -> bool:
        return self.at == len(self.tokens)

    @property
    def place(self) -> int:
        return len(self.text) if self.is_at_end() else self.tokens[self.at][2]

    def taken(self, *marks: str) -> bool:
        """Whether the next token is one of the marks, which is then read."""
        found = self.peek() in marks
        self.at += found
        return found

    def need(self, mark: str, after: str) -> None:
        if not self.taken(mark):
            self.fail(f"expected {mark!r} after {after}, got {self.shown()}", self.place)

    def shown(self) -> str:
        return "nothing" if self.is_at_end() else repr(self.tokens[self.at][1])

    def name(self, what: str) -> str:
        if self.is_at_end() or self.tokens[self.at][0] != "name":
            self.fail(f"expected {what}, got {self.shown()}", self.place)
        self.at += 1
        return self.tokens[self.at - 1][1]

    # ---------------------------------------------------------------- grammar

    def query(self) -> Query:
        event = self.event()
        condition, do = list[tuple[str, Event]](), dict[str, str]()
        if self.taken("|"):
            self.part(condition, do)
            while self.taken(",", "&"):
                self.part(condition, do)
            if self.peek() == "or":
                self.fail(
                    "put parentheses around what is joined by 'or' in a condition", self.place
                )
        if not self.is_at_end():
            hint = "; write 'or' for either" if self.peek() == "|" else ""
            self.fail(f"expected the end, got {self.shown()}{hint}", self.place)
        return Query(self.text, event, tuple(condition), do)

    def part(self, condition: "list[tuple[str, Event]]", do: dict[str, str]) -> None:
        """Read one conjunct of the condition: an intervention, or an event."""
        start, here = self.place, self.at
        is_do = not self.is_at_end() and self.tokens[here][:2] == ("name", "do")
        if is_do and here + 1 < len(self.tokens) and self.tokens[here + 1][1] == "(":
            self.at += 2
            variable = self.name("a variable")
            self.need("=", f"do({variable}")
            state = self.state(variable)
            self.need(")", f"do({variable}=…")
            if do.setdefault(variable, state) != state:
                self.fail(f"{variable!r} is set twice", start)
            return
        event = self.factor()
        condition.append((self.text[start : self.place].strip(" ,&"), event))

    def event(self) -> Event:
        parts = [self.conjunct()]
        while self.taken("or"):
            parts.append(self.conjunct())
        return joined(False, parts)

    def conjunct(self) -> Event:
        parts = [self.factor()]
        while self.taken("&"):
            parts.append(self.factor())
        return joined(True, parts)

    def factor(self) -> Event:
        if self.taken("!"):
            return negated(self.factor(), self.network)
        if self.taken("("):
            event = self.event()
            self.need(")", "an event in parentheses")
            return event
        return self.literal()

    def literal(self) -> Event:
        variable = self.name("a variable")
        self.network.check(variable)
        if self.taken("in"):
            self.need("(", f"{variable} in")
            states = {self.index(variable)}
            while self.taken(","):
                states.add(self.index(variable))
            self.need(")", f"{variable} in (…")
            return literal(self.network, variable, frozenset(states))
        is_not = self.taken("!=")
        if not is_not:
            self.need("=", variable)
        found = literal(self.network, variable, frozenset({self.index(variable)}))
        return negated(found, self.network) if is_not else found

    def index(self, variable: str) -> int:
        return self.network.state_index(variable, self.name(f"a state of {variable!r}"))

    def state(self, variable: str) -> str:
        return self.network.states(variable)[self.index(variable)]


def read_query(text: str, network: Network) -> Query:
    """Return a query by text.

    Raises
    ------
    EvidenceError
        With the character, if the text is no query.
    UnknownVariableError, UnknownStateError
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise FascinetError(f"query: expected a text, got {type(text).__name__}")
    reader = _Reader(text, network)
    query = reader.query()
    conditioned = set[str]().union(*(variables_of(e) for _, e in query.condition), set())
    twice = conditioned & set(query.do)
    if twice:
        raise EvidenceError(f"query {text!r}: {min(twice)!r} is both observed and set by do()")
    return query
