"""What was learnt, written back as a knowledge base: figure by figure, with range, n and source.

A parameter is written where one figure of the knowledge is that parameter and no other: links of
findings, what twitching looks like, leaks. Priors of causes rest on several figures together
(prevalences, odds ratios, and the fit to those who twitch), so they are left to the reader, and
listed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.results import Array, Columns, Result
from fascinet.engine.analyses.sources import figures_behind
from fascinet.model.build import build_network
from fascinet.model.cited import Cited, Figure, Spread
from fascinet.model.errors import LearningError
from fascinet.model.foreign import refusal
from fascinet.model.load import load_knowledge, shipped_folder
from fascinet.model.plural import counted
from fascinet.model.write_figures import copy_with_figures

if TYPE_CHECKING:
    from fascinet.engine.learning.learn import Learned

SAME = 1e-9
GRADE = "C"  # a single data set
Row = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, eq=False, repr=False)
class WrittenKnowledge(Result):
    """The figures that a learnt knowledge base changes.

    Attributes
    ----------
    folder : Path
    places : tuple of str
        File and place of each figure.
    before, after : tuple of mappings
        What is cited there, and what was learnt: ``p``, ``range``, ``n``, ``source``.
    left_out : tuple of str
        Learnt parameters that no single figure stands for, as P(variable = state | parents).
    """

    folder: Path
    places: tuple[str, ...]
    before: tuple[Mapping[str, Any], ...]
    after: tuple[Mapping[str, Any], ...]
    left_out: tuple[str, ...]

    def columns(self) -> Columns:
        """Return one row a figure."""
        return {
            "figure": list(self.places),
            "before": [row["p"] for row in self.before],
            "after": [row["p"] for row in self.after],
            "before_source": [row["source"] for row in self.before],
            "after_range": [row.get("range") for row in self.after],
            "n": [row["n"] for row in self.after],
        }

    def title(self) -> str:
        """Return how many figures changed."""
        rest = f"; {len(self.left_out)} parameters rest on several figures and were left"
        return f"{counted(len(self.places), 'figure')} written to {self.folder}" + (
            rest if self.left_out else ""
        )

    def summary(self) -> dict[str, Any]:
        """Return the folder and what was left out."""
        return {"folder": str(self.folder), "left_out": list(self.left_out)}


def write_knowledge(
    found: "Learned", out: str | Path, *, folder: str | Path | None = None,
    source: str = "learned", title: str = "", least: float = 1.0,
) -> WrittenKnowledge:  # fmt: skip
    """Write a knowledge base with learnt figures; see `Learned.write_knowledge`."""
    base = shipped_folder() if folder is None else _folder(folder)
    knowledge = load_knowledge(base)
    if build_network(knowledge).hash != found.before.hash:
        raise LearningError(f"{base}: is not the knowledge of the network that was learnt")
    where = {id(place.figure): place.where for place in knowledge.figures()}
    told = title or f"Learnt from {counted(found.cases, 'case')}"
    before: dict[str, Mapping[str, Any]] = {}
    after: dict[str, dict[str, Any]] = {}
    left: list[str] = []
    for entries in _rows(found):
        if found.counts[entries].sum() < least:
            continue
        changes = list(_changes(found, knowledge, entries, where, source, told))
        for place, figure, fields in changes:
            before[place], after[place] = _cited(figure), fields
        if not changes:
            left += [_named(found, i) for i in entries[1:]]
    if not after:
        raise LearningError("no figure of the knowledge stands for any parameter that was learnt")
    copy_with_figures(base, Path(out), after, (source, told))
    return WrittenKnowledge(
        Path(out), tuple(after), tuple(before.values()), tuple(after.values()), tuple(left)
    )


def _folder(folder: str | Path) -> Path:
    if not isinstance(folder, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise refusal("the folder of a knowledge base", folder)
    return Path(folder)


def _rows(found: "Learned") -> Iterator[list[int]]:
    """Yield the learnt parameters, row by row."""
    figures = parameters_of(found.before)
    rows: dict[int, list[int]] = {}
    for i in found.index.tolist():
        rows.setdefault(int(figures.row[i]), []).append(i)
    yield from rows.values()


def _changes(
    found: "Learned", knowledge: Any, entries: list[int], where: Mapping[int, str], source: str,
    told: str,
) -> Iterator[tuple[str, Cited, dict[str, Any]]]:  # fmt: skip
    """Yield place, figure and new fields of the figures that a row is made of."""
    figures = parameters_of(found.before)
    for i in entries:
        variable, state, parents = figures.labels[i]
        behind = figures_behind(knowledge, variable, state, parents)
        place = where.get(id(behind[0])) if len(behind) == 1 else None
        if place is None:
            continue
        figure, now = behind[0], figures.values[i]
        if isinstance(figure, Spread):
            states = [figures.labels[k][1] for k in entries]
            cited = [figure.p.get(s, 0.0) for s in states]
            if max(abs(p - figures.values[k]) for p, k in zip(cited, entries, strict=True)) < SAME:
                learnt = dict(zip(states, _rounded(found.values[entries]), strict=True))
                worth = float(np.median(found.found.worth[entries]))
                yield place, figure, {"p": learnt, "weight": worth, **_source(
                    figure, found.counts[entries].sum(), source, told)}  # fmt: skip
            return
        ends_so = place.rsplit(".", 1)[-1] == state or state == "yes"
        if isinstance(figure, Figure) and ends_so and abs(figure.p - now) < SAME:
            count = found.counts[entries].sum()
            yield (
                place,
                figure,
                {
                    "p": float(found.values[i]),
                    "range": (float(found.found.low[i]), float(found.found.high[i])),
                    **_source(figure, count, source, told),
                },
            )


def _rounded(row: Array) -> list[float]:
    """Return a distribution in six digits whose sum is still one."""
    out = np.round(row, 6)
    out[np.argmax(out)] += 1.0 - out.sum()
    return [round(float(x), 6) for x in out]


def _source(figure: Cited, count: float, source: str, told: str) -> dict[str, Any]:
    kept = {"article": figure.article} if figure.article else {}
    return {
        "n": max(round(float(count)), 1), "source": source, "grade": GRADE, "where": told,
        "read": "dataset", **kept, "note": _was(figure),
    }  # fmt: skip


def _was(figure: Cited) -> str:
    if isinstance(figure, Figure):
        low, high = figure.range
        return f"before: {figure.p:.4g} ({low:.4g}-{high:.4g}), {figure.source}"
    return f"before: {figure.source}, grade {figure.grade}"


def _cited(figure: Cited) -> dict[str, Any]:
    p = figure.p if isinstance(figure, Figure) else dict(getattr(figure, "p", {}))
    return {"p": p, "source": figure.source, "grade": figure.grade, "n": figure.n}


def _named(found: "Learned", index: int) -> str:
    variable, state, parents = parameters_of(found.before).labels[index]
    given = ", ".join(f"{v}={s}" for v, s in parents.items())
    return f"P({variable}={state}{f' | {given}' if given else ''})"
