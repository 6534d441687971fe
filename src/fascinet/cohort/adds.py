"""Further columns of a cohort: differential, red flags, conflict, intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fascinet.cohort.cells import Cases
from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.differential import Differential
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.errors import FascinetError, FormatError, OptionError
from fascinet.model.network import Network
from fascinet.model.read_case import read_case

if TYPE_CHECKING:
    import pandas as pd

CLINICAL = ("differential", "red_flags")
WANTED = (*CLINICAL, "conflict", "intervals")


@dataclass(frozen=True)
class Adder:
    """What is added to each row, one row at a time, equal rows once.

    Attributes
    ----------
    wanted : tuple of str
        Of `differential` (the first causes), `red_flags`, `conflict`, `intervals`.
    top : int
        How many causes.
    targets : tuple of tuple of str
        Variable and its states, whose intervals are asked for.
    is_shipped : bool
        Whether rows are read as `fascinet diagnose` reads cases, the complaint and the setting
        assumed where they are not given.
    """

    wanted: tuple[str, ...]
    top: int
    targets: tuple[tuple[str, tuple[str, ...]], ...]
    is_shipped: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        out: list[str] = []
        if "differential" in self.wanted:
            for k in range(1, self.top + 1):
                out += [f"cause_{k}", f"posterior_{k}", f"responsibility_{k}"]
                out += [f"low_{k}", f"high_{k}"] if "intervals" in self.wanted else []
        if "red_flags" in self.wanted:
            out.append("red_flags")
        if "conflict" in self.wanted:
            out.append("conflict")
        if "intervals" in self.wanted:
            out += [
                f"{v}={s} {end}" for v, ss in self.targets for s in ss for end in ("low", "high")
            ]
        return tuple(out)

    def columns(
        self, engine: Engine, cases: Cases, count: int, wrong: Mapping[int, str]
    ) -> "tuple[pd.DataFrame, dict[int, str]]":
        """Return the columns, and why further rows have no answer."""
        import pandas as pd

        known: dict[Any, list[Any] | str] = {}
        odd: dict[int, str] = {}
        rows: list[list[Any]] = []
        blank = ["" if n.startswith(("cause_", "red_flags")) else float("nan") for n in self.names]
        for row in range(count):
            key = (cases.codes[row].tobytes(), repr(cases.partly.get(row)))
            if row not in wrong and key not in known:
                known[key] = self._row(engine, cases, row)
            found = blank if row in wrong else known[key]
            if isinstance(found, str):
                odd[row], found = found, blank
            rows.append(found)
        return pd.DataFrame(rows, columns=list(self.names)), odd

    def _row(self, engine: Engine, cases: Cases, row: int) -> list[Any] | str:
        """Return the cells of one row, or why there are none."""
        hard, soft = cases.hard(engine.network, row), cases.soft(engine.network, row)
        try:
            return self._cells(engine, hard, soft)
        except FascinetError as error:
            return str(error)

    def _cells(self, engine: Engine, hard: dict[str, str], soft: dict[str, Any]) -> list[Any]:
        found, cells = self._diagnosed(hard, soft), list[Any]()
        if found is not None and "differential" in self.wanted:
            first = found.differential[: self.top]
            for e in first:
                cells += [e.cause, e.posterior, e.responsibility]
                cells += e.interval if "intervals" in self.wanted else ()
        if found is not None and "red_flags" in self.wanted:
            cells.append(" ".join(flag.id for flag in found.red_flags))
        if "conflict" in self.wanted:
            whole = found.conflict if found else engine.conflict(hard, soft=soft or None).conf
            cells.append(whole)
        if "intervals" in self.wanted and self.targets:
            spans = engine.uncertainty(
                hard, soft=soft or None, targets=[v for v, _ in self.targets], draws=1
            ).to_frame()
            of = spans.set_index(["variable", "state"])
            for v, states in self.targets:
                for s in states:
                    cells += [of.loc[(v, s), "low"], of.loc[(v, s), "high"]]
        return cells

    def _diagnosed(self, hard: dict[str, str], soft: dict[str, Any]) -> Differential | None:
        if not self.is_shipped or not {*CLINICAL, "conflict"} & {*self.wanted}:
            return None
        reasoner = shipped_reasoner()
        case = read_case({"findings": hard, "soft": soft}, reasoner.rules, strict=False)
        spans = {"differential", "intervals"} <= {*self.wanted}
        return reasoner.diagnose(case, tests=0, intervals=spans, groups=False, strict=False)


def adder_of(
    wanted: tuple[str, ...], top: int, targets: tuple[str, ...], network: Network, is_shipped: bool
) -> Adder | None:
    """Return what adds the wanted columns, None where none is wanted.

    Raises
    ------
    OptionError, FormatError
        If a name is unknown, or there is no differential of that network.
    """
    for name in wanted:
        if name not in WANTED:
            raise OptionError("value of --add", name, WANTED)
        if name in CLINICAL and not is_shipped:
            raise FormatError(f"--add {name}: expected the shipped network, got another")
    if top < 1:
        raise FormatError(f"--top: expected 1 or more, got {top}")
    pairs = tuple((v, network.states(v)) for v in targets)
    return Adder(wanted, top, pairs, is_shipped) if wanted else None
