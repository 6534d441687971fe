"""What a diagnosis needs of the knowledge base, as plain records that load quickly.

`Knowledge` is made of checked records, whose classes take longer to build than a case takes to
answer. The digest has the same attribute names, as far as it goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from fascinet.model.quantity import Quantity

if TYPE_CHECKING:
    from fascinet.model.schema import Figure, Knowledge, Utilities

T = TypeVar("T")


@dataclass(frozen=True)
class CauseFacts:
    """A cause: label, group, whether it must not be missed, harm of missing it, course."""

    label: str
    group: str
    must_not_miss: bool
    harm: float
    course: "Mapping[str, Mapping[str, Range]]" = field(default_factory=dict)


@dataclass(frozen=True)
class MechanismFacts:
    """A mechanism: the causes that it sums up, if it is nothing else."""

    of: tuple[str, ...]


@dataclass(frozen=True)
class TestFacts:
    """A test: ordinal cost and burden (1 to 5), its normal state, LOINC codes, cut points."""

    cost: int
    burden: int
    normal: str
    defines: Mapping[str, str] = field(default_factory=dict)
    loinc: tuple[str, ...] = ()
    quantity: Quantity | None = None


@dataclass(frozen=True)
class SessionFacts:
    """Tests that are done in one go; see `fascinet.model.schema.Session`."""

    label: str
    tests: tuple[str, ...]
    proves: tuple[str, ...]
    cost: int
    burden: int


@dataclass(frozen=True)
class ExposureFacts:
    """What an exposure sets, and why one sets nothing."""

    present: Mapping[str, str]
    absent: Mapping[str, str]
    reason: str


@dataclass(frozen=True)
class FlagFacts:
    """A warning; see `fascinet.model.schema.RedFlag`."""

    id: str
    level: str
    when: tuple[Mapping[str, tuple[str, ...]], ...]
    text: str
    action: str
    within: str
    actions: tuple[str, ...]
    despite: tuple[str, ...]
    article: tuple[str, ...]


@dataclass(frozen=True)
class ActionFacts:
    """What may be done; see `fascinet.model.schema.Action`."""

    id: str
    label: str
    targets: tuple[str, ...]
    text: str
    by: str
    when: tuple[Mapping[str, tuple[str, ...]], ...]
    unless: tuple[Mapping[str, tuple[str, ...]], ...]
    caution: str
    article: tuple[str, ...]


@dataclass(frozen=True)
class Range:
    """A figure with its range."""

    p: float
    low: float
    high: float


@dataclass(frozen=True)
class UtilityFacts:
    """What an action is worth; see `fascinet.model.schema.Utility`."""

    benefit: Range
    burden: Range
    stakes: Mapping[str, float]


@dataclass(frozen=True)
class UtilitiesFacts:
    """The worth of every action, and what a flag is worth, by how soon."""

    actions: Mapping[str, UtilityFacts]
    flags: Mapping[str, Range]


@dataclass(frozen=True)
class Digest:
    """The facts of a knowledge base that reading and ranking ask for.

    Attributes
    ----------
    causes, mechanisms, tests, sessions, exposures : mapping of name to facts
    labels : mapping of variable to str
    resting : mapping of variable to the state that means absent or normal
    red_flags : tuple of FlagFacts
    actions : tuple of ActionFacts
    utilities : UtilitiesFacts
    renamed : mapping of a variable's former name to its present one
    implies : mapping of finding to its states, each with the findings and states that it contains
    coarse : mapping of finding to its coarse states, each with the states that it may be
    """

    causes: Mapping[str, CauseFacts]
    mechanisms: Mapping[str, MechanismFacts]
    tests: Mapping[str, TestFacts]
    sessions: Mapping[str, SessionFacts]
    exposures: Mapping[str, ExposureFacts]
    labels: Mapping[str, str]
    resting: Mapping[str, str]
    red_flags: tuple[FlagFacts, ...]
    actions: tuple[ActionFacts, ...]
    utilities: UtilitiesFacts
    renamed: Mapping[str, str] = field(default_factory=dict)
    implies: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    coarse: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


FACTS = (
    Digest, CauseFacts, MechanismFacts, TestFacts, SessionFacts, ExposureFacts, FlagFacts,
    ActionFacts, Range,
    UtilityFacts, UtilitiesFacts, Quantity,
)  # fmt: skip
"""The records that a digest is made of."""


def digest_of(knowledge: "Knowledge") -> Digest:
    """Return the digest of a knowledge base."""
    return Digest(
        causes=_all(knowledge.causes, CauseFacts),
        mechanisms=_all(knowledge.mechanisms, MechanismFacts),
        tests=_all(knowledge.tests, TestFacts),
        sessions=_all(knowledge.sessions, SessionFacts),
        exposures=_all(knowledge.exposures, ExposureFacts),
        labels={name: record.label for name, record in knowledge.variables.items()},
        resting=knowledge.resting,
        red_flags=tuple(_facts(flag, FlagFacts) for flag in knowledge.red_flags),
        actions=tuple(_facts(action, ActionFacts) for action in knowledge.actions),
        utilities=utilities_of(knowledge.utilities),
        renamed=dict(knowledge.renamed),
        implies={
            v: {s: dict(contained) for s, contained in f.implies.items()}
            for v, f in {**knowledge.findings, **knowledge.tests}.items()
            if f.implies
        },
        coarse={v: dict(f.coarse) for v, f in knowledge.findings.items() if f.coarse},
    )


def utilities_of(declared: "Utilities") -> UtilitiesFacts:
    """Return the facts of the declared utilities."""
    return UtilitiesFacts(
        {
            name: UtilityFacts(_range(u.benefit), _range(u.burden), dict(u.stakes))
            for name, u in declared.actions.items()
        },
        {soon: _range(figure) for soon, figure in declared.flags.items()},
    )


def _range(figure: "Figure") -> Range:
    return Range(figure.p, figure.low, figure.high)


def _all(records: Mapping[str, object], kind: type[T]) -> dict[str, T]:
    return {name: _facts(record, kind) for name, record in records.items()}


def _facts(record: object, kind: type[T]) -> T:
    """Return the attributes of a record that its facts name; read-only views as dictionaries."""
    fields = kind.__dataclass_fields__  # type: ignore[attr-defined]  # every kind is a dataclass
    return kind(**{name: _plain(getattr(record, name)) for name in fields})


def _plain(value: object) -> object:
    if hasattr(value, "p") and hasattr(value, "range"):
        return _range(value)  # type: ignore[arg-type]  # a figure
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    return value
