"""The command `cohort`: a table of cases in, a table of posteriors out."""

import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fascinet import cli_errors
from fascinet.cli_errors import tell
from fascinet.cli_network import open_network, split_names
from fascinet.cli_tables import Table, check_apart, kind_of, read_table, write_table
from fascinet.engine.api.engine import Engine
from fascinet.engine.api.frame_codes import is_missing
from fascinet.model.atomic import reason, whole_file
from fascinet.model.errors import (
    FormatError,
    ImpossibleEvidenceError,
    UnknownStateError,
    UnknownVariableError,
)
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 5000
EXPLAINED = 1000  # impossible rows whose conflict is looked for; it takes many runs a row
ALIKE = 0.75  # similarity from which a column is taken for a misspelt variable
BLANKS = frozenset("na n/a nan none null <na> #n/a #na".split())
"""Words for a missing cell, where the variable has no state of that name."""


def cohort(
    source: Path,
    out: Path,
    network: str | None,
    targets: str | None,
    scheduler: str | None,
    carry: Sequence[str] | None = None,
) -> None:
    """Write the posteriors of a table of cases; other columns are copied unchanged.

    Rows whose findings exclude each other have blank posteriors, and are listed with their number
    and the reason in a file of their own beside `out`.
    """
    import pandas as pd

    kind_of(out)
    aside = aside_of(out)
    check_apart(source, (out, aside))
    table = read_table(source)
    engine = Engine(open_network(network))
    known, extra = sort_columns(table, engine.network, carry or ())
    wanted = split_names(targets)
    names = result_names(engine.network, wanted)
    check_clash(table, extra, names)
    if extra:
        listed = ", ".join(table.names[k] or f"column {k + 1}" for k in extra)
        tell(f"copied unchanged (not network variables): {listed}")
    cases = evidence_of(table, known, engine.network)
    blocks = [cases.iloc[k : k + BLOCK] for k in range(0, len(cases), BLOCK)]
    parts = list(progress(answers(engine, blocks, wanted, scheduler), len(blocks)))
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    bad = impossible_rows(engine, cases, found)
    carried = {table.names[k]: column_of(table.columns[k]) for k in extra}
    save(pd.concat([pd.DataFrame(carried), found], axis=1), out, table, bad, aside)
    if bad:
        row, why = next(iter(bad.items()))
        said = f"{len(bad)} of {len(table)} rows not answered, first {table.place(row)}: {why}"
        tell(f"fascinet: note: {said}; see {aside}")
    tell(f"{out}: {counted(len(found) - len(bad), 'case')}")


def save(frame: "pd.DataFrame", out: Path, table: Table, bad: dict[int, str], aside: Path) -> None:
    """Write the answers, and beside them the rows without one; both or neither."""
    if bad and len(bad) == len(table):
        row, why = next(iter(bad.items()))
        raise FormatError(f"{table.path}: no row can be answered; {table.place(row)}: {why}")
    if not bad:
        write_table(frame, out)
        aside.unlink(missing_ok=True)  # of an earlier run: it would speak of other rows
        return
    try:
        with whole_file(aside) as part:
            quarantine(table, bad).to_csv(part, index=False)
            write_table(frame, out)
    except OSError as error:
        raise FormatError(f"{aside}: cannot be written: {reason(error)}") from None


def aside_of(out: Path) -> Path:
    """Return where rows without an answer are listed.

    >>> aside_of(Path("answers.csv.gz")).name
    'answers.quarantine.csv'
    """
    return out.with_name(out.name[: -len(kind_of(out))] + ".quarantine.csv")


def quarantine(table: Table, bad: dict[int, str]) -> "pd.DataFrame":
    """Return the rows without an answer: their number, line, the reason, and their cells."""
    import pandas as pd

    rows = list(bad)
    head: dict[str, Any] = {"row": [k + 1 for k in rows]}
    if table.lines is not None:
        head["line"] = [table.lines[k] for k in rows]
    head["reason"] = list(bad.values())
    cells = [pd.Series(column_of(c)).iloc[rows].reset_index(drop=True) for c in table.columns]
    return pd.concat(
        [pd.DataFrame(head), *(c.rename(n) for c, n in zip(cells, table.names, strict=True))],
        axis=1,
    )


# --------------------------------------------------------------------- columns


def sort_columns(
    table: Table, network: Network, carry: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Return the columns that are variables, and those that are copied unchanged.

    Raises
    ------
    UnknownVariableError, FormatError
        If no column is a variable, one looks like a misspelt one and is not named by `carry`, or
        `carry` names no column.
    """
    absent = [name for name in carry if name not in table.names]
    if absent:
        raise FormatError(f"--carry {absent[0]}: no such column in {table.path}")
    known: list[int] = []
    extra: list[int] = []
    for k, name in enumerate(table.names):
        is_known = name in network.index and name not in carry
        (known if is_known else extra).append(k)
        near = () if is_known or name in carry else resembling(name, network.variables)
        if near:
            hint = " or ".join(map(repr, near))
            raise FormatError(
                f"{table.path}: unknown variable {name!r} in the header: did you mean {hint}? To "
                f"copy the column unchanged, use --carry {name}"
            )
    if not known:
        raise UnknownVariableError(next(iter(table.names), ""), network.variables)
    return known, extra


def resembling(name: str, variables: Sequence[str]) -> tuple[str, ...]:
    """Return the variables for which a column's name may stand misspelt.

    >>> resembling("X-ray", ["xray", "dysp"]), resembling("patient", ["xray", "dysp"])
    (('xray',), ())
    """
    bare = {v: _bare(v) for v in variables}
    same = [v for v, text in bare.items() if text == _bare(name)]
    near = get_close_matches(_bare(name), set(bare.values()), n=3, cutoff=ALIKE)
    return tuple(same or [v for text in near for v in variables if bare[v] == text][:3])


def _bare(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum()) or name


def result_names(network: Network, targets: Sequence[str] | None) -> list[str]:
    """Return the columns that the answers will have."""
    asked = network.variables if targets is None else tuple(dict.fromkeys(targets))
    return [f"{v}={s}" for v in map(network.check, asked) for s in network.states(v)]


def check_clash(table: Table, extra: Sequence[int], names: Sequence[str]) -> None:
    """Raise if a column that is copied has the name of a result."""
    clash = [table.names[k] for k in extra if table.names[k] in names]
    if clash:
        raise FormatError(
            f"{table.path}: the column {clash[0]!r} cannot be copied: a result has that "
            "name; rename it, or leave it out"
        )


def column_of(column: Any) -> Any:
    """Return a column as it was read, a Parquet file's with its type."""
    import pandas as pd

    if hasattr(column, "to_pandas"):
        return column.to_pandas(types_mapper=pd.ArrowDtype).reset_index(drop=True)
    return list(column)


# ----------------------------------------------------------------------- cells


def evidence_of(table: Table, known: Sequence[int], network: Network) -> "pd.DataFrame":
    """Return the findings, each column categories of the variable's states.

    Raises
    ------
    FormatError
        Naming the first cell that is no state, by row, line and column.
    """
    import numpy as np
    import pandas as pd

    wrong: list[tuple[int, UnknownStateError]] = []
    columns: dict[str, Any] = {}
    for k in known:
        name = table.names[k]
        cells = table.columns[k]
        values = np.fromiter(getattr(cells, "to_pylist", lambda c=cells: c)(), object, len(table))
        which, distinct = factorize(values)
        codes = np.full(len(distinct) + 1, -1)
        for i, value in enumerate(distinct):
            try:
                codes[i] = cell_state(network, name, value)
            except UnknownStateError as error:
                wrong.append((int(np.argmax(which == i)), error))
        columns[name] = pd.Categorical.from_codes(codes[which], categories=network.states(name))
    if wrong:
        row, error = min(wrong, key=lambda pair: pair[0])
        raise FormatError(f"{table.path}: {table.place(row)}: {error}")
    return pd.DataFrame(columns)


def factorize(values: Any) -> tuple[Any, Sequence[Any]]:
    """Return the number of each value, -1 where it is missing, and the distinct values."""
    import pandas as pd

    try:
        numbers, distinct = pd.factorize(values)
    except TypeError:  # a Parquet file may hold lists, which cannot be hashed
        texts = [None if is_missing(v) else repr(v) for v in values]
        numbers, distinct = pd.factorize(pd.array(texts, dtype=object))
    return numbers, list(distinct)


def cell_state(network: Network, variable: str, value: Any) -> int:
    """Return the number of the state that a cell names; -1 for a cell that is blank.

    Words such as NA or None are states where the variable has them, else they are blanks.

    Raises
    ------
    UnknownStateError
    """
    if not isinstance(value, str):
        return -1 if is_missing(value) else network.state_index(variable, value)
    states = network.states(variable)
    text = value if value in states else value.strip()
    if text.casefold() in BLANKS and text not in states:
        alike = [s for s in states if s.casefold() == text.casefold()]
        return states.index(alike[0]) if len(alike) == 1 else -1
    return network.state_index(variable, text) if text else -1


# ----------------------------------------------------------------------- answers


def answers(
    engine: Engine,
    blocks: "Sequence[pd.DataFrame]",
    targets: list[str] | None,
    scheduler: str | None,
) -> "Iterator[pd.DataFrame]":
    """Yield the posteriors of each block, here or on the workers of a scheduler."""
    if scheduler is None:
        return (engine.posteriors(b, targets=targets, impossible="nan") for b in blocks)
    from fascinet.cli_cluster import spread

    return spread(engine.network, blocks, targets, scheduler)


def impossible_rows(engine: Engine, cases: "pd.DataFrame", found: "pd.DataFrame") -> dict[int, str]:
    """Return why each row has no answer, by row."""
    bad: dict[int, str] = {}
    for row in found.index[found.isna().any(axis=1)].tolist():
        case = {v: s for v, s in cases.iloc[row].items() if isinstance(s, str)}
        bad[row] = _conflict(engine, case) if len(bad) < EXPLAINED else "impossible evidence, P = 0"
    return bad


def _conflict(engine: Engine, case: dict[Any, str]) -> str:
    try:
        engine.posterior(case)
    except ImpossibleEvidenceError as error:
        return str(error)
    return "its probability is too small to be answered in a batch; ask for it alone"


def progress(parts: "Iterator[pd.DataFrame]", count: int) -> "Iterator[pd.DataFrame]":
    """Yield the parts as they come, with a bar on standard error if a person looks on."""
    from rich.console import Console
    from rich.progress import track

    bar = Console(stderr=True)
    hidden = cli_errors.quiet or not sys.stderr.isatty()
    yield from track(parts, "cases", total=count, console=bar, disable=hidden, transient=True)
