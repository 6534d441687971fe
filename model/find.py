"""Find a finding by what people call it: labels, synonyms and lay words, with room for a slip.

Each variable is known by phrases: its label and lay words, then its synonyms, then its summary;
each of its states by the same words with its own. A phrase fits as well as the worst of the words
asked for: the same word, the start of one, one with a slip (optimal string alignment), a part of
one, or none. What fits better comes first; of what fits alike, the label comes before the synonym,
the synonym before the summary, and what is seen before a cause of the same name. Words that say no
ask for the resting state.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from fascinet.model.arguments import instance_of, text_of, whole_number
from fascinet.model.errors import ArgumentError, shown
from fascinet.model.find_words import DENIALS, KINDS_OF, LEAST, SMALL, VAGUE, stem, words_of
from fascinet.model.listing import Listing
from fascinet.model.prebuilt import prebuilt
from fascinet.model.shipped import shipped_knowledge

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge, Variable

SLIPPED = (5, 8)  # letters of a word that may hold one slip, and two
SAME, START, SLIP, PART, NONE = range(5)
NAMED, SYNONYM, SUMMARY = range(3)
WHOLE, BEGUN, NEARLY, LOOSELY = range(4)
SAID = ("yes", "subjective")  # the states of a finding that is named and no more
KINDS = {"context": "context", "risks": "risk", "causes": "cause", "findings": "finding",
         "tests": "test"}  # fmt: skip
COUNT = 10
LONGEST = 200  # letters to look for: each word is compared with every word that is known
SUGGESTED = 3
Fit = tuple[int, int, bool, int, int, bool, int]


@dataclass(frozen=True)
class Match:
    """A state of a variable that words may mean.

    Attributes
    ----------
    variable, state : str
        As it is entered.
    label, kind : str
        Of the variable; kind is context, risk, cause, finding or test.
    words : str
        The phrase that fitted.
    plainness : int
        0: the words are a name of it; 1: its start; 2: with a slip; 3: they are only part of a
        name, or of the summary.
    """

    variable: str
    state: str
    label: str
    kind: str
    words: str
    plainness: int = 0

    def __str__(self) -> str:
        return f"{self.variable}={self.state} ({self.label})"


@dataclass(frozen=True)
class Entry:
    """What can be entered: a variable with its states, the resting or normal one named."""

    variable: str
    states: tuple[str, ...]
    resting: str
    kind: str
    section: str
    label: str
    patient_label: str
    question: str

    def __str__(self) -> str:
        return f"{self.variable} ({', '.join(self.states)}): {self.label}"


@dataclass(frozen=True)
class Phrase:
    """Words for a variable, or (`state` not "") for one of its states; `rank` is its field.

    Of the `own` words of the state one has to be asked for.
    """

    words: tuple[str, ...]
    text: str
    variable: str
    state: str
    rank: int
    is_cause: bool = False
    own: tuple[str, ...] = ()


def findings(knowledge: "Knowledge | None" = None) -> Listing[Entry]:
    """Return everything that can be entered in a case, in the order of the knowledge base.

    Examples
    --------
    >>> import fascinet as fn
    >>> next(entry.states for entry in fn.findings() if entry.variable == "twitch_spread")
    ('single_site', 'focal_limb', 'widespread')
    """
    return Listing(index_of(knowledge).entries.values())


def find(words: str, count: int = COUNT, *, knowledge: "Knowledge | None" = None) -> Listing[Match]:
    """Return the findings that words may mean, best first.

    Parameters
    ----------
    words : str
        As a person says it: "water pill", "low potassium", "no cramps", "weaknes".
    count : int
        Most matches to return.
    knowledge : Knowledge, optional
        The shipped one by default.

    Examples
    --------
    >>> import fascinet as fn
    >>> found = fn.find("water pill")
    >>> found[0].variable, found[0].state
    ('diuretic_use', 'yes')
    """
    count = whole_number("count", count)
    if len(text_of("words", words)) > LONGEST:
        raise ArgumentError("words", f"at most {LONGEST} letters", shown(words))
    asked = list(dict.fromkeys(words_of(words)))
    denied = frozenset(asked) & DENIALS
    plain = [w for w in asked if w not in SMALL | DENIALS | KINDS_OF] or asked
    index = index_of(knowledge)
    out: dict[tuple[str, str], Match] = {}
    for fitted, phrase in _ranked(plain, denied, index):
        entry = index.entries[phrase.variable]
        for state in _meant(entry, phrase.state, not _says(denied, phrase)):
            match = Match(entry.variable, state, entry.label, entry.kind, phrase.text,
                          _plainness(fitted, plain))  # fmt: skip
            out.setdefault((entry.variable, state), match)
    return Listing([*out.values()][:count])


def meant(found: Sequence[Match]) -> Match | None:
    """Return the one match that the words of a search plainly mean, None where they are open.

    They are a name or synonym of it, and of nothing else: neither of another finding nor of
    another state. "Weakness" by itself is weakness that is reported.

    Parameters
    ----------
    found : sequence of Match
        From `find`, best first.

    Examples
    --------
    >>> import fascinet as fn
    >>> meant(fn.find("coffee")).variable, meant(fn.find("thyroid"))
    ('caffeine_excess', None)
    """
    if not found or found[0].plainness > NEARLY:
        return None
    best = [m for m in found if m.plainness <= found[0].plainness]
    if found[0].plainness == WHOLE and found[0].kind != "cause":
        best = [m for m in best if m.kind != "cause"]  # low potassium is seen, its cause inferred
    if len({m.variable for m in best}) > 1:
        return None
    told = [m for m in best if m.state in SAID] or best
    return told[0] if len(told) == 1 else None


def suggest(name: str) -> tuple[str, ...]:
    """Return what the shipped knowledge base calls something: `variable=state`, best first.

    Where the words leave several states open, the variable alone; for a very long name nothing.
    """
    if not isinstance(name, str) or len(name) > LONGEST:  # pyright: ignore  (callers err)
        return ()
    found = find(name.replace("_", " "))
    first = {m.variable: m.words for m in reversed(found)}
    meant = {v: [m.state for m in found if (m.variable, m.words) == (v, first[v])] for v in first}
    best = [m.variable for m in found if m.words == first[m.variable]]
    return tuple(f"{v}={meant[v][0]}" if len(meant[v]) == 1 else v for v in dict.fromkeys(best))[
        :SUGGESTED
    ]


def fit(word: str, other: str) -> int:
    """Return how well a word fits another: 0 the same, then start, slip, part, none.

    >>> [fit("cramps", w) for w in ("cramping", "crampy", "camps", "legcramps", "tingling")]
    [0, 1, 2, 3, 4]
    """
    short, long = stem(word), stem(other)
    if word == other or short == long:
        return SAME
    if other.startswith(short) and len(short) > 1:
        return START
    if any(_slips(a, b) for a, b in ((short, long), (word, other))):
        return SLIP
    return PART if short in other and len(short) >= LEAST else NONE


def _slips(word: str, other: str) -> bool:
    """Tell whether a few letters were mistyped; hardly anybody mistypes the first."""
    allowed = sum(len(word) >= letters for letters in SLIPPED)
    if not allowed or word[:1] != other[:1]:
        return False
    return OSA.distance(word, other, score_cutoff=allowed) <= allowed


def _ranked(
    asked: Sequence[str], denied: frozenset[str], index: "Index"
) -> list[tuple[Fit, Phrase]]:
    """Return the phrases that fit, best first: all words before some of them."""
    near = [{w: f for w in index.words if (f := fit(a, w)) != NONE} for a in asked]
    told = _telling(tuple(asked))
    telling = [n for a, n in zip(asked, near, strict=True) if a not in VAGUE] or near
    held = {i for n in telling for w in n for i in index.holding[w]}
    fits = ((_fit(near, told, denied, index.phrases[i]), i) for i in held)
    kept = sorted((f, i) for f, i in fits if _is_near(f, len(asked)))
    return [(f, index.phrases[i]) for f, i in kept]


def _is_near(fitted: Fit, asked: int) -> bool:
    """Tell whether a fit is worth showing: of a summary, or of some words, only a plain one."""
    missing, worst, _, rank, _, _, _ = fitted
    if not missing:
        return rank < SUMMARY or worst <= START
    return 2 * missing <= asked and rank < SUMMARY and worst <= START


def _plainness(fitted: Fit, asked: Sequence[str]) -> int:
    """Return how plainly words mean what they fit; see `Match`."""
    missing, worst, other_denial, rank, extra, _, _ = fitted
    brief = worst == START and min(map(len, asked)) < LEAST  # "hiv" may begin anything
    if missing or extra or rank >= SUMMARY or worst > SLIP or brief:
        return LOOSELY
    return min({SAME: WHOLE, START: BEGUN, SLIP: NEARLY}[worst] + other_denial, NEARLY)


def _fit(
    near: Sequence[Mapping[str, int]], told: int, denied: frozenset[str], phrase: Phrase
) -> Fit:
    """Return what phrases are ordered by, least first.

    Words that fit nothing, the worst fit, whether a denial is not the phrase's own, the field,
    words too many, whether it is a cause (what is seen comes first), and the summed fit.
    """
    each = [min((fits.get(w, NONE) for w in phrase.words), default=NONE) for fits in near]
    found = [f for f in each if f != NONE]
    if phrase.own and not any(fits.get(o, NONE) <= START for fits in near for o in phrase.own):
        found = []
    extra = max(_telling(phrase.words) - len(denied.intersection(phrase.words)) - told, 0)
    return (len(each) - len(found), max(found, default=NONE), not _says(denied, phrase),
            phrase.rank, extra, phrase.is_cause, sum(found))  # fmt: skip


@lru_cache(maxsize=8192)
def _telling(words: tuple[str, ...]) -> int:
    """Return how many words of a phrase tell something."""
    return len([w for w in words if w not in SMALL | KINDS_OF])


def _says(denied: frozenset[str], phrase: Phrase) -> bool:
    """Tell whether a name or synonym has the denials itself ("no energy"); none always are."""
    return denied <= set(phrase.words) and (phrase.rank < SUMMARY or not denied)


def _meant(entry: Entry, state: str, denied: bool) -> tuple[str, ...]:
    """Return the states that a phrase means; of a phrase for the variable all but the resting.

    The name of a test is no result: all of its results are open.
    """
    if denied:
        return (entry.resting,)
    if state:
        return (state,)
    others = tuple(s for s in entry.states if s != entry.resting)
    return (*others, entry.resting) if entry.kind == "test" and "yes" not in others else others


# -------------------------------------------------------------------- index


@dataclass(frozen=True)
class Index:
    """What is searched: entries by variable, all phrases, and the words that they are made of."""

    entries: Mapping[str, Entry]
    phrases: tuple[Phrase, ...]
    words: frozenset[str]

    @cached_property
    def holding(self) -> dict[str, list[int]]:
        """The phrases that hold each word, by their places."""
        found: dict[str, list[int]] = {}
        for i, phrase in enumerate(self.phrases):
            for word in phrase.words:
                found.setdefault(word, []).append(i)
        return found


def index_of(knowledge: "Knowledge | None" = None) -> Index:
    """Return what is searched in a knowledge base, the shipped one by default."""
    if knowledge is None:
        return _shipped_index()
    from fascinet.model.schema import Knowledge

    return index_in(instance_of("knowledge", knowledge, Knowledge))


@lru_cache(maxsize=1)
def _shipped_index() -> Index:
    found = prebuilt("find", (Index, Entry, Phrase))
    return index_in(shipped_knowledge()) if found is None else found


def index_in(known: "Knowledge") -> Index:
    """Return what is searched in a knowledge base."""
    entries = {record.id: _entry(kind, record) for kind, record in _records(known)}
    own = [p for _, record in _records(known) for p in _phrases(record, entries[record.id])]
    lay = [
        p for p in _lay_phrases(known.lay_words, known.causes)
        if p.variable in entries and (not p.state or p.state in entries[p.variable].states)
    ]  # fmt: skip
    phrases = (*lay, *own)
    return Index(entries, phrases, frozenset(w for p in phrases for w in p.words))


def _records(known: "Knowledge") -> Iterator[tuple[str, "Variable"]]:
    for part, kind in KINDS.items():
        records: Mapping[str, Variable] = getattr(known, part)
        yield from ((kind, record) for record in records.values())


def _entry(kind: str, record: "Variable") -> Entry:
    resting = getattr(record, "normal", record.states[0])
    return Entry(record.id, record.states, resting, kind, getattr(record, "section", kind),
                 record.label, record.patient_label, record.question)  # fmt: skip


def _lay_phrases(lay: Mapping[str, Sequence[str]], causes: Container[str]) -> Iterator[Phrase]:
    for key, texts in lay.items():
        variable, _, state = key.partition("=")
        for text in texts:
            yield Phrase(tuple(words_of(text)), text, variable, state, NAMED, variable in causes)


def _phrases(record: "Variable", entry: Entry) -> Iterator[Phrase]:
    """Yield the phrases of a variable and, where it has more than two states, of its states."""
    names = (record.label, record.patient_label, record.id.replace("_", " "))
    fields = [(text, NAMED) for text in names] + [(text, SYNONYM) for text in record.synonyms]
    fields += [(record.question, SUMMARY), (record.summary, SUMMARY)]
    for text, rank in fields:
        if text:
            yield Phrase(tuple(words_of(text)), text, record.id, "", rank, entry.kind == "cause")
    for state in entry.states if len(entry.states) > 2 else ():
        own = words_of(state.replace("_", " "))
        for text, rank in fields:
            if text and rank < SUMMARY:
                whole = f"{' '.join(own)} {text}"
                yield Phrase((*own, *words_of(text)), whole, record.id, state, rank,
                             entry.kind == "cause", tuple(own))  # fmt: skip
