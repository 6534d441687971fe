"""From a description in words to proposed findings, by the words of the knowledge base.

Rules, no statistics: a text is cut into clauses; in a clause the longest phrases known for a
finding (labels, synonyms, lay words) are looked for; a denial in front of a phrase, in the same
clause, proposes its absence. Age, sex and how long it has lasted are read from their usual forms.
Nothing is entered: a person confirms each proposal.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fascinet.model.case import age_band
from fascinet.model.find import SUMMARY, Index, Phrase, index_of
from fascinet.model.find_words import DENIALS, SMALL, stem, words_of
from fascinet.model.listing import Listing

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge

LONGEST = 20_000  # letters that are read
CLAUSE = re.compile(r"[.;:!?\n]+|,(?!\d)|\b(?:but|however|although|except|then)\b", re.IGNORECASE)
AGE = re.compile(
    r"\b(\d{1,3})\s*-?\s*(?:years?|yrs?|y)\b\.?(?:\s*-?\s*old\b|\s*/?\s*o\b)?|\baged?\s+(\d{1,3})\b",
    re.IGNORECASE,
)
SEXES = {
    "male": re.compile(r"\b(?:man|male|gentleman|boy|he|his|him)\b", re.IGNORECASE),
    "female": re.compile(r"\b(?:woman|female|lady|girl|she|her)\b", re.IGNORECASE),
}
LASTED = re.compile(
    r"(?:\b(?:for|since|past|last|over|about|almost|nearly)\s+an?|\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|several|many|some|few))"
    r"(?:\s+or\s+\w+|-\d+)?[\s-]+(hour|day|week|month|year)s?\b(?!\s*-?\s*old)",
    re.IGNORECASE,
)
DURATION, AGE_GROUP, SEX = "twitch_duration", "age_group", "sex"
SPREAD = 3  # words that may stand between those of a phrase
KIN = frozenset(
    "mother father sister brother uncle aunt cousin grandmother grandfather son daughter family "
    "parents relative relatives".split()
)
CARRIED = frozenset({"or", "nor", "and"})
DENYING = DENIALS | {"denying", "negative", "free"}


@dataclass(frozen=True)
class Proposal:
    """A finding that a text seems to say.

    Attributes
    ----------
    variable, state : str
        As it would be entered.
    label : str
        Of the variable.
    quote : str
        The words of the text that it comes from.
    denied : bool
        The text says that it is not there.
    """

    variable: str
    state: str
    label: str
    quote: str
    denied: bool

    def __str__(self) -> str:
        return f"{self.variable}={self.state} (“{self.quote}”)"


def propose(text: str, *, knowledge: "Knowledge | None" = None) -> Listing[Proposal]:
    """Return the findings that a description seems to say, in the order of the text.

    Parameters
    ----------
    text : str
        "62-year-old man, three months of twitching in both arms, weak grip, no numbness".
    knowledge : Knowledge, optional
        The shipped one by default.

    Examples
    --------
    >>> from fascinet.model.free_text import propose
    >>> [(p.variable, p.state) for p in propose("62-year-old man, no cramps")]
    [('age_group', '60+'), ('sex', 'male'), ('cramps', 'no')]
    """
    index = index_of(knowledge)
    out: dict[str, Proposal] = {}
    for found in (*_person(text[:LONGEST], index), *_clauses(text[:LONGEST], Reader(index))):
        out.setdefault(found.variable, found)
    return Listing(out.values())


def _person(text: str, index: Index) -> Iterator[Proposal]:
    age = AGE.search(text)
    if age and AGE_GROUP in index.entries:
        years = int(age[1] or age[2])
        if years <= 120:
            band = age_band(years, index.entries[AGE_GROUP].states)
            yield _proposal(index, AGE_GROUP, band, age[0])
    firsts = {sex: found for sex, form in SEXES.items() if (found := form.search(text))}
    if firsts and SEX in index.entries:
        sex = min(firsts, key=lambda s: firsts[s].start())
        yield _proposal(index, SEX, sex, firsts[sex][0])
    lasted = LASTED.search(text)
    if lasted and DURATION in index.entries:
        state = f"{lasted[1].lower()}s"
        if state in index.entries[DURATION].states:
            yield _proposal(index, DURATION, state, lasted[0])


def _proposal(
    index: Index, variable: str, state: str, quote: str, denied: bool = False
) -> Proposal:
    return Proposal(variable, state, index.entries[variable].label, quote, denied)


Known = tuple[int, "Phrase", Sequence[str]]  # place among all, the phrase, words wanted


class Reader:
    """The phrases of an index by their first words, so that each word is compared once."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.starts: dict[str, list[Known]] = {}
        of: dict[tuple[str, ...], set[str]] = {}
        for phrase in index.phrases:
            of.setdefault(phrase.words, set()).add(phrase.variable)
        kept = (
            p for p in index.phrases
            if p.rank < SUMMARY and index.entries[p.variable].kind != "context"
            and not (p.is_cause and len(of[p.words]) > 1)  # "brain" names no disease
        )  # fmt: skip
        pairs = ((phrase, wanted) for phrase in kept for wanted in _alternatives(phrase))
        for place, (phrase, wanted) in enumerate(pairs):
            self.starts.setdefault(wanted[0], []).append((place, phrase, wanted))
        self._opened: dict[str, list[Known]] = {}

    def opened(self, word: str) -> list[Known]:
        """Return the phrases that a word may be the first of."""
        found = self._opened.get(word)
        if found is None:
            firsts = (s for s in self.starts if _means(word, s))
            found = self._opened[word] = [known for s in firsts for known in self.starts[s]]
        return found


def _clauses(text: str, reader: Reader) -> Iterator[Proposal]:
    denied = False
    ends = [m[0] for m in CLAUSE.finditer(text)]
    for clause, before in zip(CLAUSE.split(text), ["", *ends], strict=True):
        words = words_of(clause)
        # "no cramps, numbness or pain": a list goes on after a comma, until somebody says more
        listed = before.startswith((",", ";")) and words
        carries = bool(denied and listed and (len(words) <= 3 or words[0] in CARRIED))
        found = list(_phrases(words, reader, carries))
        yield from found
        denied = bool(found) and all(p.denied for p in found)


def _phrases(words: Sequence[str], reader: Reader, carries: bool) -> Iterator[Proposal]:
    """Yield the phrases of a clause, longest first where they overlap, in order of appearance."""
    index = reader.index
    kin = bool(KIN & set(words))  # what a relative has is no finding of this person
    hits: dict[int, tuple[tuple[int, ...], Phrase]] = {}
    for start, word in enumerate(words):
        for place, phrase, wanted in reader.opened(word):
            if place in hits or (kin and not phrase.variable.startswith("family")):
                continue
            if at := _place(words, start, wanted):
                hits[place] = at, phrase
    ranked = [hit for _, hit in sorted(hits.items())]
    ranked.sort(key=lambda hit: (-len(hit[0]), hit[1].rank, hit[1].is_cause))
    taken: set[int] = set()
    chosen: list[tuple[tuple[int, ...], Phrase]] = []
    for at, phrase in ranked:
        if not taken & set(at):
            taken |= set(at)
            chosen.append((at, phrase))
    for at, phrase in sorted(chosen, key=lambda hit: hit[0]):
        denied = (carries or any(w in DENYING for w in words[: at[0]])) and not (
            DENIALS & set(phrase.words)
        )
        entry = index.entries[phrase.variable]
        if entry.kind == "test" and not phrase.state and "yes" not in entry.states:
            continue  # "EMG not yet done", "no MRI": the bare name of a test is no result
        state = phrase.state or _plain_state(entry.states, entry.resting)
        if entry.kind == "cause" and denied:
            continue  # "no ALS in the family" denies no disease of this person
        quote = " ".join(words[at[0] : at[-1] + 1])
        yield _proposal(index, entry.variable, entry.resting if denied else state, quote, denied)


def _plain_state(states: Sequence[str], resting: str) -> str:
    """Return the state that a bare mention means: the mildest that is not the resting one."""
    others = [s for s in states if s != resting]
    return "yes" if "yes" in others else "subjective" if "subjective" in others else others[0]


def _alternatives(phrase: Phrase) -> Iterator[Sequence[str]]:
    """Yield the phrase's words, and each side of "numbness or tingling" by itself."""
    sides = re.split(r"\s+or\s+|\s*/\s*", phrase.text)
    for side in sides if all(len(words_of(side)) == 1 for side in sides) else [phrase.text]:
        plain = words_of(side)
        wanted = [w for w in plain if w not in SMALL] or plain
        yield wanted
        if len(wanted) == 2:  # "fasciculations of the tongue"
            yield wanted[::-1]


def _place(words: Sequence[str], start: int, wanted: Sequence[str]) -> tuple[int, ...]:
    """Return where a phrase that starts here stands, in order and close by; else nothing."""
    at = [start]
    for want in wanted[1:]:
        near = range(at[-1] + 1, min(at[-1] + 2 + SPREAD, len(words)))
        step = next((i for i in near if _means(words[i], want)), None)
        if step is None:
            return ()
        at.append(step)
    return tuple(at)


def _means(word: str, wanted: str) -> bool:
    """Tell whether a word is the one wanted, or its start; no slips, unlike in a search."""
    short = stem(wanted)
    return word == wanted or stem(word) == short or (len(wanted) > 3 and word.startswith(short))
