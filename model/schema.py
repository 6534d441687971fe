"""The knowledge base as frozen records: what one may write in `data/`, and nothing else.

Numbers are in `fascinet.model.cited`, variables and illness scripts in `fascinet.model.scripts`,
rules about cases in `fascinet.model.advice`. Nothing here computes; `fascinet.model.build` does.
"""

from collections.abc import Iterator, Mapping

from pydantic import Field

from fascinet.model.advice import (
    Action,
    Expectation,
    Exposure,
    Proof,
    RedFlag,
    Session,
    Statement,
    Utilities,
    Utility,
    Vignette,
)
from fascinet.model.cited import Cited, Figure, Grade, Odds, Place, Record, Source, Spread, Study
from fascinet.model.figures import places
from fascinet.model.scripts import (
    Cause,
    Context,
    Finding,
    Mechanism,
    Prior,
    Risk,
    Scripted,
    Shown,
    Test,
    Trigger,
    Variable,
)

__all__ = [
    "Action",
    "Cause",
    "Cited",
    "Context",
    "Expectation",
    "Exposure",
    "Figure",
    "Finding",
    "Grade",
    "Knowledge",
    "Mechanism",
    "Odds",
    "Place",
    "Prior",
    "Proof",
    "Record",
    "RedFlag",
    "Risk",
    "Scripted",
    "Session",
    "Shown",
    "Source",
    "Spread",
    "Statement",
    "Study",
    "Test",
    "Trigger",
    "Utilities",
    "Utility",
    "Variable",
    "Vignette",
]


class Knowledge(Record):
    """Everything in `data/`."""

    name: str
    version: str
    hpo_release: str
    context: Mapping[str, Context]
    risks: Mapping[str, Risk]
    causes: Mapping[str, Cause]
    mechanisms: Mapping[str, Mechanism]
    unexplained: Trigger
    findings: Mapping[str, Finding]
    tests: Mapping[str, Test]
    sessions: Mapping[str, Session]
    red_flags: tuple[RedFlag, ...]
    actions: tuple[Action, ...]
    utilities: Utilities
    statements: Mapping[str, Statement]
    exposures: Mapping[str, Exposure]
    vignettes: tuple[Vignette, ...]
    sources: Mapping[str, Source]
    fitted: Mapping[str, Mapping[str, Mapping[str, float]]]
    hpo_unmapped: Mapping[str, str]
    renamed: Mapping[str, str] = Field(default_factory=dict)
    expectations: Mapping[str, Expectation] = Field(default_factory=dict)
    lay_words: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def settings(self) -> tuple[str, ...]:
        """Care settings."""
        return self.context["setting"].states

    @property
    def variables(self) -> dict[str, Variable]:
        """Every declared variable (triggers are hidden and not declared)."""
        parts: tuple[Mapping[str, Variable], ...] = (
            self.context, self.risks, self.causes, self.mechanisms, self.findings, self.tests,
        )  # fmt: skip
        return {name: record for part in parts for name, record in part.items()}

    @property
    def resting(self) -> dict[str, str]:
        """The state of each variable that means absent or normal."""
        return {v: getattr(r, "normal", r.states[0]) for v, r in self.variables.items()}

    def hpo_anchors(
        self,
    ) -> Iterator[tuple[str, Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]]:
        """Yield variable, its defining terms by state, and its hints by state."""
        for name, record in self.variables.items():
            if record.hpo or record.hpo_also:
                yield name, record.hpo, record.hpo_also

    def figures(self) -> Iterator[Place]:
        """Yield every number with its place."""
        return places(self)
