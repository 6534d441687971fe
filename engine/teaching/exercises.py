"""Exercises without end: made from the network by a seed, each with its exact answer.

Each kind is a function of a `Draw` (a random person in a setting, a cause, and what its findings
tell there) that returns an exercise, or None if this draw does not make a fair one: choices too
near to each other are drawn again. `make` tries until one is fair.
"""

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

from fascinet.engine.teaching.draw import Draw, digits, drawn_case, ratio_words, share, whole
from fascinet.engine.teaching.exercise import Exercise
from fascinet.engine.teaching.information import options
from fascinet.engine.teaching.practice import Practice
from fascinet.engine.teaching.weights import DECIBAN
from fascinet.model.errors import FascinetError, OptionError

TRIES = 200
APART_DB = 2.0  # between choices that are to be told apart
CHOICES = 4
COMMON = 2
BANDS = ("rules it nearly out (odds ÷ 5 or more)", "lowers it (÷ 1.5 to ÷ 5)",
         "hardly changes it (within × or ÷ 1.5)", "raises it (× 1.5 or more)")  # fmt: skip


def make(rooms: Practice, kind: str, seed: int = 0, setting: str | None = None) -> Exercise:
    """Return an exercise.

    Parameters
    ----------
    rooms : Practice
    kind : str
        One of `KINDS`.
    seed : int
    setting : str, optional
        Default: drawn too.

    Raises
    ------
    OptionError

    Examples
    --------
    >>> from fascinet.teaching import make, practice
    >>> question = make(practice(), "percent", seed=1)
    >>> question.mark(100 * question.answer[0]).right
    True
    """
    if kind not in KINDS:
        raise OptionError("kind of exercise", kind, KINDS)
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    for _ in range(TRIES):
        draw = drawn_case(rooms, rng, setting)
        found = KINDS[kind](draw, seed)
        if found is not None:
            return found
    raise FascinetError(f"no fair exercise of the kind {kind} for seed {seed}")


# ------------------------------------------------------------------------------- one number


def frequencies(d: Draw, seed: int) -> Exercise | None:
    """Natural frequencies: how many of those with the finding have the cause."""
    f = d.pick(d.telling(3.0))
    if f is None:
        return None
    with_, without = d.given[f], d.absent[f]
    least = min(d.prior * with_, (1 - d.prior) * without)
    crowd = next((n for n in (1_000, 10_000, 100_000) if n * least >= 10), None)
    if crowd is None:
        return None
    ill = round(crowd * d.prior)
    hit, false = round(crowd * d.prior * with_), round(crowd * (1 - d.prior) * without)
    prompt = (
        f"Of {crowd:,} {d.who}, {ill:,} have {d.name}. {hit:,} of these have {d.mid(f)}; "
        f"of the others, {false:,} have it too. Of those with {d.mid(f)}, what share has {d.name}?"
    )
    told = f"{hit:,} of {hit + false:,} ({share(d.after(f))}): the {false:,} others count as well."
    return Exercise(
        "frequencies", seed, "percent", prompt, (d.after(f),), told, known=d.known, about=f
    )


def percent(d: Draw, seed: int) -> Exercise | None:
    """Percentages: from a prior and two rates to a posterior."""
    f = d.pick(d.telling(3.0))
    if f is None or not 0.003 <= d.prior <= 0.6:
        return None
    prompt = (
        f"Among {d.who}, {share(d.prior)} have {d.name}. It shows {d.mid(f)} in "
        f"{share(d.given[f])}; those without it have it in {share(d.absent[f])}. Someone has "
        f"{d.mid(f)}. How probable is {d.name} now?"
    )
    told = (
        f"Odds {whole(d.prior)}, {ratio_words(d.ratio(f))} by the finding, are {share(d.after(f))}."
    )
    return Exercise("percent", seed, "percent", prompt, (d.after(f),), told, known=d.known, about=f)


def odds(d: Draw, seed: int) -> Exercise | None:
    """Odds: prior odds times likelihood ratio."""
    f = d.pick(d.telling(3.0))
    if f is None or not 0.0005 <= d.after(f) <= 0.5 or d.ratio(f) < 1:
        return None
    before, after = (1.0 - d.prior) / d.prior, (1.0 - d.after(f)) / d.after(f)
    prompt = (
        f"The odds of {d.name} in {d.who} are 1 to {digits(before, 3)}. {d.label(f)} is "
        f"{digits(d.ratio(f), 3)} times as frequent with it as without. What are the odds with it? "
        "1 to …"
    )
    told = (
        f"1 to {digits(after)}: {digits(before, 3)} divided by {digits(d.ratio(f), 3)}; that is "
        f"{share(d.after(f))}."
    )
    return Exercise("odds", seed, "odds", prompt, (d.after(f),), told, known=d.known, about=f)


def nomogram(d: Draw, seed: int) -> Exercise | None:
    """Read Fagan's nomogram: a straight line from prior through ratio to posterior."""
    f = d.pick(d.telling(3.0))
    if f is None or not 0.002 <= d.prior <= 0.9 or not 0.002 <= d.after(f) <= 0.98:
        return None
    prompt = (
        f"{d.label(f)} in {d.who}: before it, {d.name} has {share(d.prior)}, and its likelihood "
        f"ratio is {digits(d.ratio(f))}. Lay a line through both on the nomogram. "
        "Where does it end?"
    )
    told = f"The line ends at {share(d.after(f))}."
    figures = {"prior": d.prior, "ratio": d.ratio(f)}
    return Exercise("nomogram", seed, "percent", prompt, (d.after(f),), told,
                    figures=figures, known=d.known, about=f)  # fmt: skip


# ------------------------------------------------------------------------------- choices


def order(d: Draw, seed: int) -> Exercise | None:
    """Order findings by what they say for a cause, strongest first."""
    chosen = d.apart(d.findings, CHOICES, APART_DB)
    if chosen is None:
        return None
    right = sorted(range(CHOICES), key=lambda i: -d.weight(chosen[i]))
    prompt = f"Order by how much each, if present, speaks for {d.name} in {d.who}; strongest first."
    told = "; ".join(f"{d.label(chosen[i])} {ratio_words(d.ratio(chosen[i]))}" for i in right) + "."
    return Exercise("order", seed, "order", prompt, tuple(map(float, right)), told,
                    tuple(d.label(f) for f in chosen), known=d.known)  # fmt: skip


def best_next(d: Draw, seed: int) -> Exercise | None:
    """Choose the question or test that tells most about a cause."""
    found = options(d.rooms, d.known, causes=[d.cause], count=12)
    found = sorted(found, key=lambda o: -o.bits)
    if len(found) < CHOICES or found[0].bits < 1.5 * found[1].bits or found[0].bits < 0.002:
        return None
    others = d.rng.choice(len(found) - 1, size=CHOICES - 1, replace=False) + 1
    chosen = [found[0], *(found[int(i)] for i in others)]
    places = d.rng.permutation(CHOICES)
    shown = tuple(d.label(chosen[int(i)].variable) for i in places)
    told = "Expected bits: " + "; ".join(
        f"{d.label(o.variable)} {o.bits:.2g}" for o in sorted(chosen, key=lambda o: -o.bits)
    )
    prompt = (
        f"Which tells most about {d.name} ({share(d.prior)} now) in {d.who}, whatever it costs?"
    )
    right = float(places.tolist().index(0))
    return Exercise("best_next", seed, "choice", prompt, (right,), f"{told}.", shown, known=d.known)


def double_counted(d: Draw, seed: int) -> Exercise | None:
    """Find the finding that mostly says again what the others said."""
    chosen = d.some(d.telling(3.0), 3)
    if chosen is None:
        return None
    known = {**d.known, **dict.fromkeys(chosen, "yes")}
    rooms = d.rooms
    now = rooms.belief(known)[d.cause]
    gaps: list[tuple[float, float, float]] = []
    for f in chosen:
        rest = rooms.belief({v: s for v, s in known.items() if v != f})[d.cause]
        here = DECIBAN * float(np.log(now / (1 - now)) - np.log(rest / (1 - rest)))
        gaps.append((d.weight(f) - here, d.ratio(f), 10 ** (here / 10)))
    ranked = sorted(range(3), key=lambda i: -gaps[i][0])
    if gaps[ranked[0]][0] < 3.0 or gaps[ranked[0]][0] - gaps[ranked[1]][0] < 1.5:
        return None
    told = "; ".join(f"{d.label(chosen[i])}: alone {ratio_words(gaps[i][1])}, after the others "
                     f"{ratio_words(gaps[i][2])}" for i in ranked)  # fmt: skip
    prompt = (
        f"All three are present in one of the {d.who}. For {d.name}, which of them loses most of "
        "the weight that it has alone, once the other two are known?"
    )
    return Exercise("double_counted", seed, "choice", prompt, (float(ranked[0]),), f"{told}.",
                    tuple(d.label(f) for f in chosen), known=known)  # fmt: skip


def confounded(d: Draw, seed: int) -> Exercise | None:
    """Find the pair that goes together only through the cause."""
    names = d.some(d.findings, 4)
    if names is None:
        return None
    pairs = list(combinations(names, 2))
    before = [d.association(a, b, d.known) for a, b in pairs]
    within = [
        max(abs(d.association(a, b, {**d.known, d.cause: s})) for s in ("no", "yes"))
        for a, b in pairs
    ]
    good = [i for i in range(6) if before[i] >= 1.5 and within[i] <= 0.5]
    bad = [i for i in range(6) if abs(before[i]) <= 0.5 or within[i] >= 1.5]
    if len(good) != 1 or len(bad) < 2:
        return None
    chosen = [good[0], *d.rng.choice(bad, size=2, replace=False).tolist()]
    places = d.rng.permutation(3).tolist()
    text = [f"{d.label(pairs[i][0])} and {d.mid(pairs[i][1])}" for i in chosen]
    told = "; ".join(
        f"{text[k]}: {ratio_words(10 ** (before[i] / 10))} together, at most "
        f"{ratio_words(10 ** (within[i] / 10))} once {d.name} is known"
        for k, i in enumerate(chosen)
    )
    prompt = (
        f"In {d.who}, which pair goes together, though neither makes the other more probable once "
        f"one knows whether {d.name} is there?"
    )
    return Exercise("confounded", seed, "choice", prompt, (float(places.index(0)),), f"{told}.",
                    tuple(text[k] for k in places), known=d.known)  # fmt: skip


def absent(d: Draw, seed: int) -> Exercise | None:
    """Say what a finding tells by not being there."""
    f = d.pick(d.findings)
    if f is None:
        return None
    ratio = (1 - d.given[f]) / (1 - d.absent[f])
    edges = (1 / 5, 1 / 1.5, 1.5)
    if min(abs(np.log(ratio / e)) for e in edges) < 0.1:
        return None
    band = float(np.searchsorted(edges, ratio))
    if band == COMMON and d.rng.random() > 0.3:  # most findings tell little by being absent
        return None
    prompt = f"{d.label(f)} is looked for in one of the {d.who} and is absent. For {d.name}, this …"
    told = (
        f"Odds {ratio_words(ratio)}: {share(1 - d.given[f])} of those with {d.name} lack it, and "
        f"{share(1 - d.absent[f])} of the others. Present, it would be {ratio_words(d.ratio(f))}."
    )
    return Exercise("absent", seed, "choice", prompt, (band,), told, BANDS, known=d.known)


KINDS: Mapping[str, Callable[[Draw, int], Exercise | None]] = {
    "frequencies": frequencies,
    "percent": percent,
    "odds": odds,
    "nomogram": nomogram,
    "order": order,
    "best_next": best_next,
    "double_counted": double_counted,
    "confounded": confounded,
    "absent": absent,
}


# ------------------------------------------------------------------------------- spacing


def next_kind(history: Mapping[str, tuple[float, int]], seed: int) -> str:
    """Return which kind to practise next: drawn by how weak the learner is in each.

    Parameters
    ----------
    history : mapping of kind to (sum of credits, attempts)
        The weight of a kind is (attempts − credits + 1) / (attempts + 1): 1 before the first
        attempt, near 0 where all were right.
    seed : int

    Examples
    --------
    >>> weak = {k: (10.0, 10) for k in KINDS} | {"odds": (0.0, 10)}
    >>> sum(next_kind(weak, s) == "odds" for s in range(100)) > 40
    True
    """
    rows = {k: history.get(k, (0.0, 0)) for k in KINDS}
    weight = np.array([(n - credit + 1.0) / (n + 1.0) for credit, n in rows.values()])
    rng = np.random.default_rng(seed)
    return str(rng.choice(list(rows), p=weight / weight.sum()))
