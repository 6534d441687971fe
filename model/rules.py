"""The rules of sense: each takes the knowledge and its folder, and yields what it finds.

A new rule is one function here or beside it, and one entry in `RULES`. Its name is the issue's.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from fascinet.model.rules_base import Finding, all_numbers, nearest, records
from fascinet.model.rules_links import LINK_RULES
from fascinet.model.rules_texts import TEXT_RULES
from fascinet.model.schema import Cited, Figure, Knowledge, Odds, Spread, Test, Variable

SUM_TOLERANCE = 1e-9
EXPERT = "expert_estimate"
CODES = {
    "hpo": re.compile(r"HP:\d{7}"),
    "mondo": re.compile(r"MONDO:\d{7}"),
    "icd10": re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?"),
    "loinc": re.compile(r"\d{1,5}-\d"),
    "omim": re.compile(r"OMIM:\d{6}"),
    "orpha": re.compile(r"ORPHA:\d+"),
    "snomed": re.compile(r"\d{6,18}"),
}


def probability(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a probability lies between 0 and 1, and an odds ratio above 0."""
    for file, place, number in all_numbers(knowledge):
        if isinstance(number, Figure) and not 0.0 <= number.p <= 1.0:
            yield Finding(file, (*place, "p"), f"expected p within 0 and 1, got {number.p}",
                          "give the probability as a share, 0.3 for 30%")  # fmt: skip
        if isinstance(number, Odds) and number.value <= 0.0:
            yield Finding(file, (*place, "value"), f"expected a positive ratio, got {number.value}",
                          "give the odds ratio against the resting state")  # fmt: skip


def number_range(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a range is ordered, lies within 0 and 1 for probabilities, and holds its number."""
    for file, place, number in all_numbers(knowledge):
        if isinstance(number, Spread):
            continue
        low, high = number.range
        value = number.p if isinstance(number, Figure) else number.value
        top = 1.0 if isinstance(number, Figure) else float("inf")
        if not 0.0 <= low <= high <= top:
            yield Finding(file, (*place, "range"), f"expected 0 ≤ low ≤ high ≤ {top:g}, got "
                          f"[{low}, {high}]", "put the lower end first, as shares")  # fmt: skip
        elif not low <= value <= high:
            yield Finding(file, (*place, "range"), f"{value} lies outside {low} to {high}",
                          "widen the range or correct the number")  # fmt: skip


def distribution(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a distribution sums to 1 within 1e-9 and has no negative part."""
    for file, place, number in all_numbers(knowledge):
        if isinstance(number, Spread):
            total = sum(number.p.values())
            if abs(total - 1.0) > SUM_TOLERANCE or min(number.p.values()) < 0.0:
                yield Finding(file, (*place, "p"), f"expected a sum of 1, got {total:.12g}",
                              "correct the parts so that they sum to 1")  # fmt: skip


def unknown_source(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: every number cites a key of sources.bib."""
    for file, place, number in all_numbers(knowledge):
        for key in keys_of(number):
            if key not in knowledge.sources:
                yield Finding(file, (*place, "source"), f"unknown source {key!r}",
                              nearest(key, list(knowledge.sources)))  # fmt: skip


def keys_of(number: Cited) -> tuple[str, ...]:
    """Return the keys of the bibliography that a number cites, each once."""
    studies = number.studies if isinstance(number, Figure) else ()
    return tuple(dict.fromkeys((number.source, *(s.source for s in studies))))


def citation_place(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: `where` and `read` come together, and an expert estimate has neither."""
    for file, place, number in all_numbers(knowledge):
        if bool(number.where) != bool(number.read):
            lacking = "read" if number.where else "where"
            yield Finding(file, (*place, lacking), f"cites its place without {lacking!r}",
                          "say where in the source it stands, and what was read")  # fmt: skip
        if number.source == EXPERT and (number.where or number.read):
            yield Finding(file, (*place, "where"), "an expert estimate that cites a place",
                          "name the source, or leave out where and read")  # fmt: skip


def pooled(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: the studies of a figure hold no more events than persons and bear the figure out."""
    for file, place, number in all_numbers(knowledge):
        if not isinstance(number, Figure) or not number.studies:
            continue
        for i, study in enumerate(number.studies):
            if study.events > study.n:
                yield Finding(file, (*place, "studies", str(i), "events"),
                              f"{study.events} events in {study.n} persons",
                              "correct the counts")  # fmt: skip
        found = number.pooled
        if found and not found[1] <= number.p <= found[2] and not number.note:
            yield Finding(file, (*place, "p"), f"{number.p:g} lies outside what its studies say, "
                          f"{found[1]:.3g} to {found[2]:.3g}",
                          "leave p out, or say in a note why it differs")  # fmt: skip


def expert_grade(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: an expert estimate has grade D."""
    for file, place, number in all_numbers(knowledge):
        if number.source == EXPERT and number.grade != "D":
            yield Finding(file, (*place, "grade"), f"an expert estimate of grade {number.grade}",
                          "write grade D, or name the source")  # fmt: skip


def unused_source(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: every source is cited by something."""
    used = {key for _, _, number in all_numbers(knowledge) for key in keys_of(number)}
    for record in (*knowledge.red_flags, *knowledge.actions):
        used |= set(record.source)
    used |= {t.measured.source for t in knowledge.tests.values() if t.measured}
    for key in set(knowledge.sources) - used - {EXPERT}:
        yield Finding("sources.bib", (key,), f"the source {key!r} is cited by nothing",
                      "cite it or remove it", "warning")  # fmt: skip


def source_fields(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a source has a title."""
    for key, source in knowledge.sources.items():
        if not source.fields.get("title"):
            yield Finding("sources.bib", (key,), f"the source {key!r} has no title",
                          "add title = {…} on a line of its own")  # fmt: skip


def code_form(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a code has the form of its system."""
    for file, place, record in records(knowledge):
        if not isinstance(record, Variable):
            continue
        for system, codes in record.codes.items():
            at = (*place, "codes", system)
            if system not in CODES:
                yield Finding(file, at, f"unknown code system {system!r}",
                              nearest(system, list(CODES)))  # fmt: skip
                continue
            for code in codes:
                if not CODES[system].fullmatch(code):
                    yield Finding(file, at, f"{code!r} is no {system} code",
                                  f"write it in the form {CODES[system].pattern}")  # fmt: skip


def hpo_anchor(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: an anchor is an HPO id under a state, or states joined by |, of its variable."""
    for file, place, record in records(knowledge):
        if not isinstance(record, Variable):
            continue
        for key, anchors in (("hpo", record.hpo), ("hpo_also", record.hpo_also)):
            for states, codes in anchors.items():
                at = (*place, key, states)
                for state in states.split("|"):
                    if state not in record.states:
                        yield Finding(file, at, f"{record.id} has no state {state!r}",
                                      nearest(state, record.states))  # fmt: skip
                for code in codes:
                    if not CODES["hpo"].fullmatch(code):
                        yield Finding(file, at, f"{code!r} is no HPO id",
                                      "write it as HP: and seven digits")  # fmt: skip


def test_fields(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: cost and burden run from 1 to 5, and the normal result is a state."""
    for name, test in knowledge.tests.items():
        yield from _test_fields(name, test)


def _test_fields(name: str, test: Test) -> Iterator[Finding]:
    for key, value in (("cost", test.cost), ("burden", test.burden)):
        if not 1 <= value <= 5:
            yield Finding("tests.yaml", (name, key), f"expected {key} from 1 to 5, got {value}",
                          "1 is little, 5 is much")  # fmt: skip
    if test.normal not in test.states:
        yield Finding("tests.yaml", (name, "normal"), f"{test.normal!r} is none of its states",
                      nearest(test.normal, test.states))  # fmt: skip
    if test.form == "noisy_max" and test.normal != test.states[0]:
        yield Finding("tests.yaml", (name, "form"), "a noisy_max begins with the normal state",
                      "put the normal state first, or write form: mixture")  # fmt: skip


def session(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a session is made of tests, each in one session only, and costs from 1 to 5."""
    seen: dict[str, str] = {}
    for name, record in knowledge.sessions.items():
        for test in record.tests:
            if test not in knowledge.tests:
                yield Finding("sessions.yaml", (name, "tests"), f"unknown test {test!r}",
                              nearest(test, list(knowledge.tests)))  # fmt: skip
            elif seen.setdefault(test, name) != name:
                yield Finding("sessions.yaml", (name, "tests"),
                              f"{test} is in the session {seen[test]} too",
                              "leave it in one of them")  # fmt: skip
        for cause in set(record.proves) - set(knowledge.causes):
            yield Finding("sessions.yaml", (name, "proves"), f"unknown cause {cause!r}",
                          nearest(cause, list(knowledge.causes)))  # fmt: skip
        for key in ("cost", "burden"):
            if not 1 <= getattr(record, key) <= 5:
                yield Finding("sessions.yaml", (name, key), f"expected {key} from 1 to 5, got "
                              f"{getattr(record, key)}", "1 is little, 5 is much")  # fmt: skip


RULES: tuple[Callable[[Knowledge, Path], Iterator[Finding]], ...] = (
    probability, number_range, distribution, unknown_source, expert_grade, citation_place, pooled,
    unused_source, source_fields, code_form, hpo_anchor, test_fields, session, *LINK_RULES,
    *TEXT_RULES,
)  # fmt: skip
