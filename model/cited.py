"""Numbers with their sources, as frozen records: a probability, an odds ratio, a distribution.

Every number is a `Figure` (a probability with range, source and grade), an `Odds` (an odds ratio
with the same) or a `Spread` (a distribution).
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fascinet.model.pooling import pool

Grade: TypeAlias = Literal["A", "B", "C", "D"]
Read: TypeAlias = Literal["abstract", "full_text", "dataset", "summary", "quote"]
YES = "yes"


class Record(BaseModel):
    """Base of all records: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Study(Record):
    """One study of a figure: `events` of `n` persons, where it says so, and what was read."""

    source: str
    n: int = Field(gt=0)
    events: int = Field(ge=0)
    where: str
    read: Read
    note: str = ""


class Cited(Record):
    """What every number carries.

    Attributes
    ----------
    source : str
        A key of `sources.bib`, or `expert_estimate`.
    grade : str
        A large registry or review, B single cohort, C small or second hand, D expert estimate.
    n : int, optional
        Size of the sample.
    where : str
        Table, page or sentence of the source that holds the figure.
    read : str
        What was read of it: abstract, full_text, dataset (a registry or annotation file), summary
        (a guideline's or publisher's page), or quote (seen quoted by another).
    article : tuple of str
        Ids of the statements of the article that this number stands for.
    """

    source: str
    grade: Grade
    n: int | None = None
    where: str = ""
    read: Read | Literal[""] = ""
    article: tuple[str, ...] = ()
    note: str = ""


def _pooled(value: Any) -> Any:
    """Fill in from the studies of a figure what it does not say itself: p, range, n, source."""
    studies = value.get("studies") if isinstance(value, Mapping) else None
    if not isinstance(studies, list | tuple) or not all(isinstance(s, Mapping) for s in studies):
        return value
    counts = [(s.get("events"), s.get("n")) for s in studies]
    if not counts or not all(isinstance(x, int) for pair in counts for x in pair):
        return value
    largest = max(studies, key=itemgetter("n"))
    out = {"n": sum(n for _, n in counts), "source": largest.get("source"), **value}
    if "p" not in out and all(0 <= k <= n for k, n in counts):
        p, low, high = pool(counts)
        out = {"range": (low, high), **out, "p": p}
    return out


class Figure(Cited):
    """A probability `p` with its range (low, high).

    Attributes
    ----------
    studies : tuple of Study
        Those that it rests on. Without a `p` of its own the figure is their pooled share; with one
        (a net effect, say), the `note` says how the two differ.
    """

    p: float
    range: tuple[float, float]
    studies: tuple[Study, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_studies(cls, value: Any) -> Any:
        return _pooled(value)

    @property
    def pooled(self) -> tuple[float, float, float] | None:
        """Middle, low and high of the pooled studies; None without any."""
        return pool([(min(s.events, s.n), s.n) for s in self.studies]) if self.studies else None

    @property
    def low(self) -> float:
        """Lower end of the range."""
        return self.range[0]

    @property
    def high(self) -> float:
        """Upper end of the range."""
        return self.range[1]


class Odds(Cited):
    """An odds ratio `value` against the resting state of its parent, with its range."""

    value: float
    range: tuple[float, float]


class Spread(Cited):
    """A distribution over the states of a finding; `weight` is its equivalent sample size."""

    p: Mapping[str, float]
    weight: float = 10.0


def _by_state(value: Any) -> Any:
    """Read a bare figure as the figure of the state yes."""
    if isinstance(value, Mapping) and ({"p", "value", "studies"} & set(value)):
        return {YES: value}
    return value


def _by_two_states(value: Any) -> Any:
    """Read a bare figure as yes → yes, and a figure of a parent's state as that state → yes."""
    value = _by_state(value)
    return {k: _by_state(v) for k, v in value.items()} if isinstance(value, Mapping) else value


Link: TypeAlias = Annotated[Mapping[str, Figure], BeforeValidator(_by_state)]
StateLinks: TypeAlias = Annotated[Mapping[str, Link], BeforeValidator(_by_two_states)]
OddsByState: TypeAlias = Annotated[Mapping[str, Odds], BeforeValidator(_by_state)]
Codes: TypeAlias = Mapping[str, tuple[str, ...]]


class Source(Record):
    """A reference of `sources.bib`."""

    key: str
    kind: str
    fields: Mapping[str, str]


class Place(NamedTuple):
    """A number of the knowledge base and where it stands."""

    where: str
    figure: Figure | Odds | Spread
