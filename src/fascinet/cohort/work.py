"""What is done with one block of a table, here, in another process or on another machine."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascinet.cohort.cells import Cases, Reader, column_of, read_cases
from fascinet.cohort.tables import Table
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import FascinetError, ImpossibleEvidenceError
from fascinet.model.network import Network

if TYPE_CHECKING:
    import pandas as pd

    from fascinet.cohort.adds import Adder

END = "\r\n"  # both characters are quoted in cells
PIECE = 1000  # rows that are written at a time
EXPLAINED = 1000  # impossible rows of a block whose conflict is looked for; it takes many runs each


@dataclass(frozen=True)
class Job:
    """What is asked of every block.

    Attributes
    ----------
    network : Network
    readers : tuple of Reader
        What the columns say.
    carried : mapping of column's name to its place
        Copied unchanged.
    targets : tuple of str
        Variables whose posteriors are columns of the output.
    adder : Adder, optional
        Further columns.
    kind : str
        Suffix of the output.
    """

    network: Network
    readers: tuple[Reader, ...]
    carried: Mapping[str, int]
    targets: tuple[str, ...]
    kind: str
    adder: "Adder | None" = None

    @property
    def names(self) -> list[str]:
        """The columns that the answers will have."""
        own = [f"{v}={s}" for v in self.targets for s in self.network.states(v)]
        return own + (list(self.adder.names) if self.adder else [])


@dataclass(frozen=True)
class Done:
    """One block, answered.

    Attributes
    ----------
    rows, bad : bytes
        The block as it stands in the output, and its rows without an answer as CSV.
    count, wrong : int
        Rows, and those without an answer.
    first : str
        Where the first of these stands, and why.
    partly : int
        Rows with findings of which several states remain possible.
    """

    rows: bytes
    bad: bytes
    count: int
    wrong: int
    first: str
    partly: int = 0


@dataclass
class Worker:
    """Answers blocks: one engine, with its programs, for all of them.

    Attributes
    ----------
    job : Job
    threads : int or None
        For the answers; None: one a core, which is right for a process alone.
    """

    job: Job
    threads: int | None = None
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Engine(self.job.network)

    def answer(self, table: Table) -> Done:
        """Return a block's answers. They depend on nothing but the block and the job."""
        import pandas as pd

        job = self.job
        cases = read_cases(table, job.readers, job.network)
        found, wrong = self._answers(cases, len(table))
        carried = {name: column_of(table.columns[k]) for name, k in job.carried.items()}
        frame = pd.concat([pd.DataFrame(carried), found], axis=1)
        first = next(iter(wrong), None)
        told = f"{table.path}: {table.place(first)}: {wrong[first]}" if first is not None else ""
        bad = aside(table, wrong)
        return Done(written(frame, job.kind), bad, len(table), len(wrong), told, len(cases.partly))

    def _answers(self, cases: Cases, count: int) -> tuple["pd.DataFrame", dict[int, str]]:
        """Return the answers, missing in wrong rows, and why these are wrong."""
        import pandas as pd

        job = self.job
        wrong = {row: str(error) for row, error in cases.wrong.items()}
        columns = [f"{v}={s}" for v in job.targets for s in job.network.states(v)]
        values = np.full((count, len(columns)), np.nan)
        alone = sorted(cases.partly.keys() - wrong.keys())
        rest = np.setdiff1d(np.arange(count), [*wrong, *alone])
        if len(rest) and columns:
            frame = cases.frame(job.network, rest)
            got: Any = self.engine.posteriors(
                frame, targets=job.targets, impossible="nan", threads=self.threads
            )
            values[rest] = got.to_numpy()
            for row in rest[np.isnan(values[rest]).any(axis=1)].tolist():
                wrong[row] = self._conflict(cases, row, len(wrong))
        for row in alone if columns else ():
            try:
                values[row] = self._alone(cases, row)
            except FascinetError as error:
                wrong[row] = str(error)
        found = pd.DataFrame(values, columns=columns)
        if job.adder is not None:
            extra, odd = job.adder.columns(self.engine, cases, count, wrong)
            wrong |= odd
            found = pd.concat([found, extra], axis=1)
            found.loc[list(odd), columns] = np.nan
        return found, dict(sorted(wrong.items()))

    def _alone(self, cases: Cases, row: int) -> list[float]:
        network, targets = self.job.network, self.job.targets
        got = self.engine.posterior(
            cases.hard(network, row), soft=cases.soft(network, row), targets=targets
        )
        return [got[v][s] for v in targets for s in network.states(v)]

    def _conflict(self, cases: Cases, row: int, before: int) -> str:
        if before >= EXPLAINED:
            return "impossible evidence, P = 0"
        try:
            self.engine.posterior(cases.hard(self.job.network, row), targets=[])
        except ImpossibleEvidenceError as error:
            return str(error)
        return "its probability is too small to be answered in a batch; ask for it alone"


def aside(table: Table, wrong: Mapping[int, str]) -> bytes:
    """Return the rows without an answer as CSV: file, row, line, reason, and their cells."""
    import pandas as pd

    if not wrong:
        return b""
    rows = list(wrong)
    head: dict[str, Any] = {
        "file": [str(table.path)] * len(rows),
        "row": [table.first + k + 1 for k in rows],
    }
    head["line"] = [table.lines[k] if table.lines is not None else "" for k in rows]
    head["reason"] = list(wrong.values())
    parts = [pd.DataFrame(head)]
    for cells, name in zip(table.columns, table.names, strict=True):
        column: Any = pd.Series(column_of(cells))
        parts.append(column.iloc[rows].reset_index(drop=True).rename(name))
    return rows_text(pd.concat(parts, axis=1), ",").encode()


def aside_header(names: Sequence[str]) -> bytes:
    """Return the header of the rows without an answer."""
    import pandas as pd

    columns = ["file", "row", "line", "reason", *names]
    return pd.DataFrame(columns=columns).to_csv(index=False).encode()


def written(frame: "pd.DataFrame", kind: str, header: bool = False) -> bytes:
    """Return a block as it stands in the output, or a header with no rows."""
    if kind == ".parquet":
        out = BytesIO()
        frame.to_parquet(out, index=False)
        return out.getvalue()
    mark = "\t" if kind.startswith(".tsv") else ","
    if header:
        return frame.to_csv(index=False, sep=mark).encode()
    parts = (frame.iloc[k : k + PIECE] for k in range(0, len(frame), PIECE))
    return b"".join(rows_text(part, mark).encode() for part in parts)


def rows_text(frame: "pd.DataFrame", mark: str) -> str:
    """Return rows as CSV: numbers in the shortest form that reads back to the bit.

    As pandas writes them, in half the time: posteriors are most of what there is to write.
    """
    cells = (frame.iloc[:, k] for k in range(frame.shape[1]))
    # a whole number of Arrow's must not become a float where others are missing
    columns: list[NDArray[Any]] = [
        c.to_numpy() if c.dtype == np.float64 else c.to_numpy(object) for c in cells
    ]
    parts: list[Any] = []
    for is_number, run in groupby(columns, is_float):
        some = list(run)
        parts.append(numbers(some, mark) if is_number else texts(some, mark))
    # a blank line would be no row
    return "".join((mark.join(row) or '""') + "\n" for row in zip(*parts, strict=True))


def is_float(column: "NDArray[Any]") -> bool:
    """Whether a column is of plain numbers."""
    return column.dtype == np.float64


def numbers(columns: "list[NDArray[np.float64]]", mark: str) -> list[str]:
    """Return the text of each row of numbers, nothing for NaN."""
    rows = (mark.join(map(repr, row)) for row in np.column_stack(columns).tolist())
    return [row.replace("nan", "") for row in rows]


def texts(columns: "list[NDArray[Any]]", mark: str) -> list[str]:
    """Return the text of each row of other cells, quoted where needed."""
    import pandas as pd

    cells = [np.where(pd.isna(column), "", column) for column in columns]
    rows = Rows()
    writer = csv.writer(rows, delimiter=mark, lineterminator=END)
    writer.writerows(("", *row) for row in zip(*cells, strict=True))  # a lone blank is quoted, else
    return rows


class Rows(list[str]):
    """What a CSV writer may write to: keeps each row without its first mark and its end."""

    def write(self, row: str) -> None:
        """Keep a row."""
        self.append(row[1 : -len(END)])
