"""The entries of the findings list, read from the knowledge base."""

from collections.abc import Iterator

from fascinet.dashboard.catalogue import Entry
from fascinet.model.network import Network
from fascinet.model.schema import Cause, Finding, Knowledge, Test, Variable

HABITS = "Background and habits"
DRUGS = "Drugs and substances"
TESTS = "Tests"
OTHER = "Other findings"
DRUG_GROUP = "drugs_substances"


def entries_of(knowledge: Knowledge, network: Network) -> Iterator[Entry]:
    """Yield every variable that can be entered, in the order of its section."""
    for record in knowledge.findings.values():
        yield _entry(record, "finding", section_title(record.section))
    for cause in knowledge.causes.values():
        if askable(cause):
            yield _entry(cause, "cause", DRUGS if cause.group == DRUG_GROUP else HABITS)
    for record in knowledge.risks.values():
        yield _entry(record, "risk", HABITS)
    for record in knowledge.tests.values():
        yield _entry(record, "test", TESTS)


def askable(cause: Cause) -> bool:
    """Say whether one can ask for a cause itself (coffee, medicines), not only for its signs."""
    return bool(cause.question) or cause.group == DRUG_GROUP


def section_title(section: str) -> str:
    """Return the heading of a section of the findings file."""
    title = section.replace("_", " ").strip().capitalize() or OTHER
    return DRUGS if title == "Drugs" else title


def resting(record: Variable) -> str:
    """Return the state that means nothing found."""
    return record.normal if isinstance(record, Test) else record.states[0]


def _entry(record: Variable, kind: str, section: str) -> Entry:
    return Entry(
        record.id,
        record.label,
        record.patient_label or record.label,
        record.states,
        section,
        " ".join(_words(record)),
        kind,
        resting(record),
        record.question,
        str(getattr(record, "by", "") or "history"),
        record.state_labels,
    )


def _words(record: Variable) -> Iterator[str]:
    yield from record.synonyms
    yield record.id.replace("_", " ")
    yield record.summary
    for terms in (*record.hpo.values(), *record.hpo_also.values(), *record.codes.values()):
        yield from terms
    if isinstance(record, Finding):
        yield record.section
