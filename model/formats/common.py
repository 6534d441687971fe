"""What all formats share: the draft of a network, row checks, and the warning about losses."""

import inspect
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from fascinet.model.errors import FormatError, NetworkError, shown
from fascinet.model.gates import SUM_TOLERANCE, Array, Function, Gate, NoisyMax, Table
from fascinet.model.network import Network

ROUNDING = 1.0000001e-3
"""Rows off by at most this are renormalised with a warning; the rest are errors."""
MISPRINT = 0.5
"""Rows of proportions that are off from 1 by less were meant to sum to 1."""
SLIGHT = 1e-6
"""A number that is below zero by at most this is zero, off by the rounding of single precision."""
ENTRY_LIMIT = 2**24
"""Largest table that is read from or written to a file, in entries."""
TOTAL_LIMIT = 2**25
"""Most entries of all tables of a file: a few bytes can ask for any number of them."""


IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SURROGATE = re.compile(r"[\ud800-\udfff]")


class FormatWarning(UserWarning):
    """A file whose rows were rounded, or a format that cannot hold part of the network."""


class Draft:
    """Collect what a file says, checking as it comes, then make the network.

    Parameters
    ----------
    file : str
        Shown in every message.
    line : callable, optional
        Turns a *mark* (a token number, a line number) into a line; only called on errors.
    """

    def __init__(self, file: str, line: Callable[[int], int] = int) -> None:
        self.file, self.line = file, line
        self.name = self.version = ""
        self.states: dict[str, tuple[str, ...]] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.gates: dict[str, Gate] = {}
        self.meta: dict[str, dict[str, Any]] = {}
        self._rounded, self._worst = 0, 0.0
        self._entries = 0

    def fail(self, mark: int | None, message: str) -> NoReturn:
        """Raise `FormatError` with file and, where there is a mark, line."""
        where = self.file if mark is None else f"{self.file}:{self.line(mark)}"
        raise FormatError(f"{where}: {message}")

    def declare(self, variable: str, states: Sequence[str], mark: int | None) -> None:
        """Add a variable with its states."""
        if variable in self.states:
            self.fail(mark, f"variable {shown(variable)} is declared twice")
        if not states:
            self.fail(mark, f"variable {shown(variable)}: expected at least one state")
        if any(SURROGATE.search(name) for name in (variable, *states)):
            self.fail(mark, f"variable {shown(variable)}: half a character (a lone surrogate)")
        if len(set(states)) != len(states):
            twice = next(s for s, n in Counter(states).items() if n > 1)
            self.fail(mark, f"variable {shown(variable)}: state {shown(twice)} is listed twice")
        self.states[variable] = tuple(states)

    def define(
        self, variable: str, parents: Sequence[str], mark: int | None, *, full: bool = True
    ) -> tuple[int, ...]:
        """Set the parents; return the table's shape (parents' states …, states).

        With `full` the shape must be one that a file may list in full.
        """
        for v in (variable, *parents):
            if v not in self.states:
                self.fail(mark, f"unknown variable {shown(v)} in the table of {shown(variable)}")
        if variable in self.parents:
            self.fail(mark, f"the table of {shown(variable)} is given twice")
        if len({variable, *parents}) != len(parents) + 1:
            self.fail(mark, f"table of {variable!r}: a variable is listed twice")
        shape = tuple(len(self.states[v]) for v in (*parents, variable))
        entries = math.prod(shape)  # whole numbers: exact, however many parents there are
        if full and entries > ENTRY_LIMIT:
            power = len(str(entries)) - 1 if entries < 10**4000 else 4000
            what = f"table of {shown(variable)} would have about 1e{power} entries"
            self.fail(mark, f"{what}, expected at most {ENTRY_LIMIT:,}")
        self._entries += entries if full else 0
        if self._entries > TOTAL_LIMIT:
            self.fail(mark, f"the tables up to that of {shown(variable)} have over "
                      f"{TOTAL_LIMIT:,} entries")  # fmt: skip
        self.parents[variable] = tuple(parents)
        return shape

    def numbers(
        self, words: Sequence[str], shape: Sequence[int], mark: int | None, what: str
    ) -> Array:
        """Return words as a float64 array of that shape, the last axis fastest."""
        want = int(np.prod(shape))
        if len(words) != want:
            self.fail(mark, f"{what}: expected {want} numbers, got {len(words)}")
        try:
            return np.array([float(w) for w in words]).reshape(shape)
        except ValueError as error:
            got = shown(str(error).split(": ")[-1].strip("'"))
            self.fail(mark, f"{what}: expected numbers, got {got}")

    def table(
        self,
        variable: str,
        values: Array,
        mark: int | None,
        rows: Sequence[int] | None = None,
        *,
        proportions: bool = False,
    ) -> None:
        """Set a full table, shape as `define` gave it; `rows` are marks of its rows in order.

        With `proportions` rows may be counts or percentages: only their proportions count. A sum
        near 1 is none of these, but a slip.
        """
        if proportions:
            values = self._as_shares(values)
        self.gates[variable] = Table(self.settle(variable, values, mark, rows))

    def _as_shares(self, values: Array) -> Array:
        """Divide rows that are no distributions by their sums, where that has a meaning."""
        with np.errstate(all="ignore"):
            sums = values.sum(axis=-1)
            off = np.abs(sums - 1.0)
            usable = np.isfinite(sums) & (sums > 0.0) & (values.min(axis=-1) >= 0.0)
            loose = usable & (off > MISPRINT)
            if not loose.any():
                return values
            shares = np.where(loose[..., None], values / sums[..., None], values)
        self._rounded += int(loose.sum())
        self._worst = max(self._worst, float(off[loose].max()))
        return shares

    def settle(
        self,
        variable: str,
        values: Array,
        mark: int | None,
        rows: Sequence[int] | None = None,
        *,
        what: str = "",
    ) -> Array:
        """Check that rows are distributions; renormalise those off by rounding.

        `what` names the rows, where they are not those of the variable's table.
        """
        sums = values.sum(axis=-1)
        with np.errstate(invalid="ignore"):
            off, least = np.abs(sums - 1.0), values.min(axis=-1)
            bad = ~((off <= ROUNDING) & (least >= -SLIGHT))
        if bad.any():
            self._fail_row(variable, values, int(np.argmax(bad)), mark, rows, what)
        loose = (off > SUM_TOLERANCE) | (least < 0.0)
        if not loose.any():
            return values
        values = np.maximum(values, 0.0)
        sums = values.sum(axis=-1)
        self._rounded += int(loose.sum())
        self._worst = max(self._worst, float(off.max()))
        return np.where(loose[..., None], values / sums[..., None], values)

    def _fail_row(
        self,
        v: str,
        values: Array,
        row: int,
        mark: int | None,
        rows: Sequence[int] | None,
        what: str,
    ) -> NoReturn:
        shape = values.shape[:-1]
        numbers = values.reshape(-1, values.shape[-1])[row]
        what = what or self._row_name(v, np.unravel_index(row, shape) if shape else ())
        if not (numbers >= -SLIGHT).all():
            problem = f"expected probabilities of at least 0, got {numbers.min():g}"
        else:
            problem = f"expected numbers that sum to 1, got {numbers.sum():.10g}"
        self.fail(mark if rows is None else rows[row], f"{what}: {problem}")

    def _row_name(self, v: str, at: Sequence[Any]) -> str:
        pairs = zip(self.parents[v], at, strict=True)
        given = ", ".join(f"{u}={self.states[u][k]}" for u, k in pairs)
        return f"P({v} | {given})" if given else f"P({v})"

    def network(self) -> Network:
        """Return the network, or raise `FormatError` on a missing table or a cycle."""
        if not self.states:
            self.fail(None, "no variables found")
        missing = [v for v in self.states if v not in self.gates]
        if missing:
            self.fail(None, f"no table for {some(missing)}")
        if self._rounded:
            warn(
                f"{self.file}: {self._rounded} row(s) off by up to {self._worst:.2g} "
                "were renormalised"
            )
        try:
            return Network(
                self.states, self.parents, self.gates,
                name=self.name, version=self.version, meta=self.meta,
            )  # fmt: skip
        except NetworkError as error:
            self.fail(None, str(error))


def warn(message: str) -> None:
    """Emit a `FormatWarning`, placed at the line outside this room that asked for the file."""
    frame, level = inspect.currentframe(), 1
    while frame and frame.f_globals.get("__name__", "").startswith("fascinet.model"):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, FormatWarning, stacklevel=level)


def some(names: Iterable[str], most: int = 3) -> str:
    """Return the first names, quoted, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(repr(n) for n in listed[:most]) + more


def losses(
    network: Network, keeps: frozenset[str], chains: Mapping[str, Sequence[str]] | None = None
) -> list[str]:
    """Return what a format that holds only `keeps` loses of `network`, in words.

    Parameters
    ----------
    keeps : frozenset of str
        Of "noisy_max", "function", "meta" (any attribute), "text" (attributes that are text),
        "version", "names".
    chains : mapping, optional
        Gates that were taken apart, with their auxiliary variables (see `divorce`).
    """
    found: list[str] = []
    for key, kind, label in (
        ("noisy_max", NoisyMax, "noisy-MAX gates"),
        ("function", Function, "deterministic functions"),
    ):
        hit = [v for v in network.variables if isinstance(network.gate(v), kind)]
        if hit and key not in keeps:
            found.append(f"{label} ({_instead(hit, chains or {})})")
    fields = _lost_fields(network, keeps)
    if fields:
        found.append(f"attributes of variables ({some(fields, 4)})")
    if network.version and "version" not in keeps:
        found.append(f"the version {network.version!r}")
    if "names" not in keeps:
        found.append("names of variables and states (they become numbers)")
    return found


def _instead(hit: list[str], chains: Mapping[str, Sequence[str]]) -> str:
    full = [v for v in hit if v not in chains]
    found = [f"written as full tables: {some(full)}"] if full else []
    if large := [v for v in hit if v in chains]:
        count = sum(len(steps) for steps in chains.values())
        found.append(
            f"too large for one table and so written as chains of small ones, exactly, with "
            f"{count} auxiliary variables such as {chains[large[0]][0]!r}: {some(large)}"
        )
    return "; ".join(found)


def _lost_fields(network: Network, keeps: frozenset[str]) -> list[str]:
    if "meta" in keeps:
        return []
    items = [item for fields in network.meta.values() for item in fields.items()]
    return sorted({k for k, x in items if not (isinstance(x, str) and "text" in keeps)})


def full_table(network: Network, variable: str, form: str) -> Array:
    """Return the table of `variable`, or raise `FormatError` where it is too large for a file."""
    gate = network.gate(variable)
    entries = float(np.prod([float(n) for n in (*gate.cards, gate.states)]))
    if entries > ENTRY_LIMIT:
        raise FormatError(
            f"{form} cannot hold the gate of {variable!r}: its full table would have "
            f"{entries:.3g} entries; write .json or .xdsl, which keep gates"
        )
    return network.cpt(variable)


def digits(values: Array) -> list[str]:
    """Return numbers in the shortest form that reads back to the same float64."""
    return [repr(x) for x in values.ravel().tolist()]


def identifiers(names: Sequence[str]) -> dict[str, str]:
    """Return a distinct identifier (letters, digits, underscore; no digit first) for each name."""
    taken = {n for n in names if IDENTIFIER.fullmatch(n)}
    found: dict[str, str] = {}
    for name in names:
        base = name if name in taken else re.sub(r"[^A-Za-z0-9_]", "_", name) or "x"
        base = f"x_{base}" if base[0].isdigit() else base
        ident, k = base, 2
        while ident != name and ident in taken:
            ident, k = f"{base}_{k}", k + 1
        taken.add(ident)
        found[name] = ident
    return found
