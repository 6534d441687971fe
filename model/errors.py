"""Every error that fascinet raises, as one tree.

FascinetError
├── UnknownNameError        an unknown name, with the nearest valid ones
│   ├── UnknownVariableError
│   ├── UnknownStateError
│   ├── UnknownCauseError
│   └── OptionError         an argument outside its choices
│       └── ArgumentError   an argument of the wrong type, or a number out of bounds
├── NetworkError            a structure or table that is not a Bayesian network
├── EvidenceError           evidence of the wrong form
│   └── ImpossibleEvidenceError   P(evidence) = 0, with a smallest conflicting set
├── BudgetError             exact inference would exceed the memory budget
├── ConvergenceError        an iterative estimate that did not settle
├── FormatError             a file that cannot be read or written
├── LearningError           data from which nothing can be learnt, or that contradict the network
├── KnowledgeError          the knowledge base breaks its rules (carries all issues)
├── CaseError               a case that cannot be read
└── LedgerError             a learner's ledger that cannot be opened, read or written

A message names the thing, what was expected, what was got and, where there is one, the remedy.

>>> import fascinet as fn
>>> try:
...     fn.load().states("weaknes")
... except fn.errors.UnknownVariableError as error:
...     print(error)
unknown variable 'weaknes': did you mean 'weakness'...
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from reprlib import Repr
from typing import Any

LONGEST_NAME = 200
"""Names longer than this are not compared with the valid ones: the time grows with the square."""

_LONG_WORD = re.compile(rf"\S{{{2 * LONGEST_NAME},}}")


def shown(value: object, most: int = 60) -> str:
    """Return a value as an error message shows it: on one line, and never the whole of a long one.

    >>> shown("x" * 1000, 12)
    "'xxx...xxxx'"
    """
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = value.item()  # type: ignore[attr-defined]  # 1.5 instead of np.float64(1.5)
    brief = Repr()
    brief.maxlevel, brief.maxdict, brief.maxlist = 2, 2, 3
    brief.maxstring = brief.maxother = brief.maxlong = most
    try:
        text = brief.repr(value)
    except Exception:  # a representation is the object's own code, or a number of too many digits
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= most + 20 else text[: most - 3] + "..."


def shown_word(word: str, most: int = LONGEST_NAME) -> str:
    """Return a word's two ends if it is too long for a message.

    >>> len(shown_word("x" * 5000))
    203
    """
    half = most // 2
    return word if len(word) <= most else f"{word[:half]}...{word[-half:]}"


def nearest_names(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three names that look like one, whatever their case, best first.

    >>> nearest_names("bp", ["HR", "BP"]), nearest_names("low", ["LOW", "HIGH"])
    (('BP',), ('LOW',))
    """
    if len(name) > LONGEST_NAME:
        return ()
    folded: dict[str, list[str]] = {}
    for k in known:
        folded.setdefault(k.casefold(), []).append(k)
    close = get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    close = close[:1] if close[:1] == [name.casefold()] else close
    return tuple(k for c in close for k in folded[c])[:3]


def _restored(
    kind: type["FascinetError"], args: tuple[Any, ...], state: dict[str, Any]
) -> "FascinetError":
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class FascinetError(Exception):
    """Root of all errors of this package.

    A word of a message that is too long to read (a name out of a damaged file) is cut short. An
    error goes to another process and back as it is.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(_LONG_WORD.sub(lambda word: shown_word(word.group()), str(message)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


class SettingWarning(UserWarning):
    """What one picks (the setting) is not given: an answer averages over it."""


class UnknownNameError(FascinetError, KeyError):
    """A name that does not exist, with the nearest valid ones; a `KeyError`, too.

    Attributes
    ----------
    kind : str
        What was looked up ("variable", "state of weakness", "setting").
    name : str
        The name as given.
    nearest : tuple of str
        Up to three valid names that look like it, best first.
    """

    def __init__(
        self, kind: str, name: object, known: Iterable[str], nearest: Iterable[str] = ()
    ) -> None:
        self.kind, self.name = kind, name if isinstance(name, str) else shown(name)
        names = [str(k) for k in known]
        self.nearest = tuple(nearest) or nearest_names(self.name, names)
        super().__init__(self._message(names))

    def __str__(self) -> str:
        return Exception.__str__(self)  # a KeyError would show the message in quotes

    def _message(self, names: list[str]) -> str:
        if self.nearest:
            hint = f"did you mean {' or '.join(shown(n) for n in self.nearest)}?"
        elif len(names) <= 12:
            hint = f"expected one of {', '.join(shown_word(n, 60) for n in names)}"
        else:
            some = ", ".join(shown_word(n, 60) for n in names[:5])
            hint = f"expected one of {len(names)} names, such as {some}"
        return f"unknown {self.kind} {shown(self.name, LONGEST_NAME)}: {hint}"


class UnknownVariableError(UnknownNameError):
    """A variable that the network does not have.

    `nearest` is known where the knowledge base knows the word: `variable` or `variable=state`.
    """

    def __init__(self, name: object, known: Iterable[str], nearest: Iterable[str] = ()) -> None:
        super().__init__("variable", name, known, nearest)


class UnknownStateError(UnknownNameError):
    """A state that the variable does not have."""

    def __init__(self, variable: str, name: object, known: Iterable[str]) -> None:
        self.variable = variable
        super().__init__(f"state of {variable!r}", name, known)


class UnknownCauseError(UnknownNameError):
    """A cause that the differential does not rank."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        super().__init__("cause", name, known)


class NetworkError(FascinetError):
    """A structure, gate or table that does not make a Bayesian network."""


class EvidenceError(FascinetError):
    """Evidence of the wrong form: a bad likelihood vector, a variable given twice."""


class ImpossibleEvidenceError(EvidenceError):
    """Evidence whose probability is zero.

    Attributes
    ----------
    conflict : dict
        A minimal set of findings that already has probability zero: taking any one out
        makes the rest possible.
    """

    def __init__(self, conflict: Mapping[str, Any]) -> None:
        self.conflict = dict(conflict)
        findings = ", ".join(shown_word(f"{k}={v}") for k, v in self.conflict.items())
        super().__init__(
            f"impossible evidence, P = 0: these findings exclude each other: {findings}"
        )


class BudgetError(FascinetError):
    """Exact inference needs more memory than the budget allows.

    Attributes
    ----------
    width : int
        Variables of the largest clique.
    entries, budget : float
        Table entries that are needed, and that are allowed.
    remedy : str
        What else can be done.
    """

    def __init__(
        self, width: int, entries: float, budget: float, remedy: str = "estimate with approximate()"
    ) -> None:
        self.width, self.entries, self.budget, self.remedy = width, entries, budget, remedy
        super().__init__(
            f"exact inference needs {entries:.3g} table entries (largest clique: {width} "
            f"variables), the budget is {budget:.3g}; add evidence, raise budget=, or {remedy}"
        )


class ConvergenceError(FascinetError):
    """An iterative estimate that did not settle.

    Attributes
    ----------
    sweeps : int
    residual, tolerance : float
        The largest change of a message in the last sweep, and what was allowed.
    """

    def __init__(self, sweeps: int, residual: float, tolerance: float) -> None:
        self.sweeps, self.residual, self.tolerance = sweeps, residual, tolerance
        super().__init__(
            f"belief propagation did not converge: after {sweeps} sweeps a message still changed "
            f"by {residual:.3g}, expected at most {tolerance:.3g}; try damping=0.5, more sweeps=, "
            'or method="weighting"'
        )


class LearningError(FascinetError):
    """Data that say nothing of what is to be learnt, or that contradict the network."""


class FormatError(FascinetError):
    """A file that cannot be read or written; names file, line and what was expected."""


class CaseError(FascinetError):
    """A case that cannot be read."""


class LedgerError(FascinetError):
    """A learner's ledger that cannot be opened, read or written, or a key that nobody has."""


class OptionError(UnknownNameError):
    """An argument outside its choices."""


class ArgumentError(OptionError):
    """An argument of the wrong type, or a number out of bounds."""

    def __init__(self, name: str, expected: str, got: object) -> None:
        self.expected, self.got = expected, got if isinstance(got, str) else shown(got)
        super().__init__(name, self.got, ())

    def _message(self, names: list[str]) -> str:
        return f"{self.kind}: expected {self.expected}, got {self.got}"


class KnowledgeError(FascinetError):
    """The knowledge base breaks its rules.

    Attributes
    ----------
    issues : tuple
        All issues found, not only the first.
    """

    def __init__(self, issues: Iterable[Any]) -> None:
        self.issues = tuple(issues)
        first = str(self.issues[0]) if self.issues else "unknown"
        more = f" (and {len(self.issues) - 1} more)" if len(self.issues) > 1 else ""
        super().__init__(f"knowledge base has {len(self.issues)} issue(s): {first}{more}")


def kind_of(value: object) -> str:
    """Return what to call a value's type: its package, where it has one, and its name.

    >>> kind_of({}), kind_of(None)
    ('dict', 'None')
    """
    if value is None:
        return "None"
    package = type(value).__module__.partition(".")[0]
    name = type(value).__name__
    return name if package in ("builtins", "__main__") else f"{package} {name}"
