"""The words of a search: which of them tell something, and what they are without endings."""

import re
import unicodedata
from functools import lru_cache

WORD = re.compile(r"[a-z0-9]+")
SMALL = frozenset(
    "a all am an and are at be been being can do does feel feels feeling for from get gets getting "
    "had has have having i in is it its keep keeps lately me my of off on or some that the their "
    "them they this to up very was with".split()
)
# what a name may have or not: "Babinski sign", "Graves disease"
KINDS_OF = frozenset(
    "condition disease diseases disorder level levels problem problems sign symptom symptoms "
    "syndrome test tests".split()
)
# words that alone name nothing: a phrase that fits only these does not fit
VAGUE = KINDS_OF | frozenset(
    "bad day days high left lot low meds month months pill pills right signs tablet tablets "
    "trouble week weeks year years".split()
)
DENIALS = frozenset("no not without never denies denied absent".split())
ENDINGS = ("ing", "es", "s")
LEAST = 4  # letters of a part of a word


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters, without accents.

    >>> words_of("Lou Gehrig's, naïve")
    ['lou', 'gehrig', 's', 'naive']
    """
    bare = unicodedata.normalize("NFKD", text.lower())
    return WORD.findall("".join(c for c in bare if not unicodedata.combining(c)))


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return a word without its ending.

    >>> stem("twitching"), stem("pills"), stem("gas")
    ('twitch', 'pill', 'gas')
    """
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= LEAST:
            return word.removesuffix(ending)
    return word
