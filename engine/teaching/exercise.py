"""An exercise: a question with an exact answer, and how an attempt is marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal

from fascinet.engine.teaching.weights import db
from fascinet.model.errors import OptionError

RIGHT_DB, CLOSE_DB = 1.0, 3.0
"""A number is right within 1 dB of odds, more than rounding the figures costs, and close in 3."""

Form = Literal["percent", "odds", "choice", "order"]


@dataclass(frozen=True)
class Exercise:
    """A question with its exact answer.

    Attributes
    ----------
    kind : str
        See `exercises.KINDS`.
    seed : int
        The same kind and seed give the same exercise.
    form : {"percent", "odds", "choice", "order"}
        A probability in percent; x of odds of 1 to x; one of the choices; all of them in order.
    prompt : str
    choices : tuple of str
        For a choice or an order.
    answer : tuple of float
        The probability; or the places of the choices, the right one or all in order.
    explanation : str
        With the figures.
    figures : mapping of str to float
        What a chart needs: `prior` and `ratio` of a nomogram.
    known : mapping
        The case that it is about.
    about : str
        The finding whose weight is asked for, if there is one.
    """

    kind: str
    seed: int
    form: Form
    prompt: str
    answer: tuple[float, ...]
    explanation: str
    choices: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    known: Mapping[str, str] = field(default_factory=dict[str, str])
    about: str = ""

    def mark(self, given: float | Sequence[float]) -> "Mark":
        """Return how good an attempt is.

        Parameters
        ----------
        given : float or sequence
            The percentage; x of 1 to x; the place of the choice; or the places in order.

        Raises
        ------
        OptionError
            If it is no possible answer.

        Examples
        --------
        >>> sum_up = Exercise("percent", 0, "percent", "?", (0.5,), "!")
        >>> sum_up.mark(52).right, sum_up.mark(90).right
        (True, False)
        """
        values = (given,) if isinstance(given, int | float) else tuple(given)
        if self.form in ("percent", "odds"):
            return self._number(float(values[0]))
        if self.form == "order" and sorted(values) != list(range(len(self.choices))):
            raise OptionError("order", str(values), [str(i) for i in range(len(self.choices))])
        if self.form == "choice" and values[0] not in range(len(self.choices)):
            raise OptionError("choice", str(values[0]), map(str, range(len(self.choices))))
        if self.form == "choice":
            right = values[0] == self.answer[0]
            return Mark(right, float(right))
        return Mark(values == self.answer, _agreement(values, self.answer))

    def _number(self, value: float) -> "Mark":
        if not isfinite(value) or value < 0 or (self.form == "percent" and value > 100):
            expected = "0 to 100" if self.form == "percent" else "a number from 0"
            raise OptionError(self.form, str(value), [expected])
        p = value / 100.0 if self.form == "percent" else 1.0 / (1.0 + value)
        error = db(p) - db(self.answer[0])
        off = abs(error)
        credit = 1.0 if off <= RIGHT_DB else max(0.0, 1.0 - (off - RIGHT_DB) / 10.0)
        return Mark(off <= RIGHT_DB, credit, error, RIGHT_DB < off <= CLOSE_DB)


@dataclass(frozen=True)
class Mark:
    """How good an attempt is.

    Attributes
    ----------
    right : bool
    credit : float
        0 to 1: of an order, the share of pairs in the right order; of a number, falling from one
        within 1 dB to nothing at 11.
    error_db : float or None
        Of a number: log odds given less exact, in decibans.
    close : bool
        A number that is not right, but within 3 dB.
    """

    right: bool
    credit: float
    error_db: float | None = None
    close: bool = False


def _agreement(given: Sequence[float], right: Sequence[float]) -> float:
    """Return the share of pairs that stand in the right order.

    >>> _agreement([0, 1, 2], [0, 2, 1])
    0.6666666666666666
    """
    place = {item: i for i, item in enumerate(right)}
    pairs = [(a, b) for i, a in enumerate(given) for b in given[i + 1 :]]
    return sum(place[a] < place[b] for a, b in pairs) / len(pairs)
