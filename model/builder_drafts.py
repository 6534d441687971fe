"""What a builder holds: variables under construction, and what is wrong with them so far."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any, Self

from fascinet.model import builder_rows as read
from fascinet.model.arguments import instances_of, text_of
from fascinet.model.builder_check import issues_of
from fascinet.model.errors import NetworkError, UnknownVariableError, shown
from fascinet.model.gates import Gate, Table
from fascinet.model.issue import Issue
from fascinet.model.network import TABLE_LIMIT, Network

NO_YES = ("no", "yes")


@dataclass
class Draft:
    """A variable under construction."""

    states: tuple[str, ...]
    meta: dict[str, Any]
    parents: tuple[str, ...] = ()
    gate: Gate | None = None
    arcs: list[str] = field(default_factory=list)  # known before the gate is
    observes: tuple[str, ...] | None = None  # of a decision: what is known then


class Drafts:
    """Variables under construction: what `NetworkBuilder` rests on.

    Parameters
    ----------
    name, version : str
        Shown with every result.
    """

    def __init__(self, name: str = "", *, version: str = "") -> None:
        self.name, self.version = name, version
        self._drafts: dict[str, Draft] = {}

    def __repr__(self) -> str:
        count = read.counted(len(self._drafts), "variable")
        return f"{type(self).__name__}({self.name!r}, {count})"

    def variable(
        self, name: str, states: Iterable[str] = NO_YES, *, label: str = "", **meta: Any
    ) -> Self:
        """Declare a variable.

        Parameters
        ----------
        name : str
        states : iterable of str
            In order, the resting state first; default: no, yes.
        label : str
            What people call it.
        **meta
            Other attributes, such as ``kind="cause"`` (`Network.meta`).

        Raises
        ------
        NetworkError
            If there is such a variable already, or its states are not distinct texts.
        """
        if not isinstance(name, str) or not name:  # pyright: ignore  (frames and dicts hand in any)
            raise NetworkError(f"variable: expected a name, got {shown(name)}")
        if name in self._drafts:
            raise NetworkError(f"variable {name!r} is declared twice")
        if isinstance(states, str):
            raise NetworkError(f"variable {name!r}: expected a list of states, got {states!r}")
        found = instances_of(f"states of {name!r}", states, str)
        if not found or len(set(found)) < len(found) or any(not isinstance(s, str) for s in found):  # pyright: ignore
            raise NetworkError(f"variable {name!r}: expected distinct texts as states, got {found}")
        self._drafts[name] = Draft(found, ({"label": label} if label else {}) | meta)
        return self

    def remove(self, name: str) -> Self:
        """Take a variable out; its children then need another gate."""
        self._draft(name)
        del self._drafts[name]
        for draft in self._drafts.values():
            if name in draft.parents or name in draft.arcs:
                draft.arcs = [u for u in draft.parents or draft.arcs if u != name]
                draft.parents, draft.gate = (), None
        return self

    def check(self) -> tuple[Issue, ...]:
        """Return all that is wrong or doubtful so far, errors first; empty if nothing is.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("rain").variable("wet").arc("rain", "wet")
        >>> for issue in b.table("rain", 0.2).check():
        ...     print(issue)
        error [gate] wet: has no table or gate; call table("wet", …) or another gate
        """
        return issues_of({v: (d.states, self._arcs(d), d.gate) for v, d in self._drafts.items()})

    # ---------------------------------------------------------------- within

    def _network(self) -> Network:
        errors = [i for i in self.check() if i.level == "error"]
        if errors:
            raise NetworkError("; ".join(f"{i.where}: {i.message}, {i.remedy}" for i in errors))
        drafts = self._drafts.items()
        return Network(
            {v: d.states for v, d in drafts}, {v: d.parents for v, d in drafts},
            {v: d.gate for v, d in drafts if d.gate is not None},
            name=self.name, version=self.version, meta={v: d.meta for v, d in drafts if d.meta},
        )  # fmt: skip

    def _fill(self) -> None:
        for name, draft in self._drafts.items():
            if draft.gate is None:
                above = self._above(name, draft.arcs, full=True)
                shape = (*(len(s) for s in above.values()), len(draft.states))
                table = Table(read.np.full(shape, 1.0 / len(draft.states)))
                self._set(draft, above, table)

    def _draft(self, name: str, what: str = "") -> Draft:
        if text_of(what or "name", name) not in self._drafts:
            if what:
                raise NetworkError(f"{what}: {UnknownVariableError(name, self._drafts)}")
            raise UnknownVariableError(name, self._drafts)
        return self._drafts[name]

    @staticmethod
    def _arcs(draft: Draft) -> tuple[str, ...]:
        return draft.parents or tuple(draft.arcs)

    def _names(self, names: Iterable[str]) -> tuple[str, ...]:
        return (names,) if isinstance(names, str) else instances_of("names", names, str)

    def _above(self, name: str, parents: Iterable[str], *, full: bool = False) -> read.Parents:
        names = self._names(parents)
        for u in names:
            self._draft(u, f"parent of {name!r}" if name else "parent of a utility")
        if len(set(names)) < len(names):
            raise NetworkError(f"variable {name!r}: a parent is listed twice: {names}")
        found = {u: self._drafts[u].states for u in names}
        size = prod(map(len, found.values())) * (len(self._draft(name).states) if full else 1)
        if full and size > TABLE_LIMIT:
            raise NetworkError(f"table of {name!r} would have {size:.3g} entries; use a noisy gate")
        return found

    def _set(self, draft: Draft, above: read.Parents, gate: Gate) -> Self:
        if draft.observes is not None:
            raise NetworkError("a decision has no table: say what it observes")
        draft.parents, draft.gate, draft.arcs = tuple(above), gate, []
        draft.meta.pop("ranges", None)  # they belonged to other figures
        return self
