"""Tables of cases in and out: CSV, TSV, each also with .gz, and Parquet."""

import csv
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import IO, TYPE_CHECKING, Any

from fascinet.model.atomic import reason, whole_file
from fascinet.model.errors import FormatError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
DELIMITERS = {".csv": ",;\t", ".tsv": "\t"}
LONGEST = 2**22  # characters of one line
MOST = 2**31  # characters of a whole table, unpacked


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    Attributes
    ----------
    path : Path
    names : list of str
        The header, blanks around each name taken off.
    columns : list of sequence
        Cells of each column: texts, or a Parquet file's own values.
    lines : list of int or None
        The line of the file on which each row begins; None where a file has no lines.
    """

    path: Path
    names: list[str]
    columns: list[Any]
    lines: list[int] | None

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def place(self, row: int) -> str:
        """Return where a row stands, rows counted from 1 below the header."""
        line = "" if self.lines is None else f" (line {self.lines[row]})"
        return f"row {row + 1}{line}"


def kind_of(path: Path) -> str:
    """Return the suffix that names a table's format, in lower case.

    Raises
    ------
    FormatError
    """
    name = path.name.lower()
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return suffix
    raise FormatError(f"{path}: expected a table in {', '.join(SUFFIXES)}")


def read_table(path: Path) -> Table:
    """Read a table by its suffix; no cell is changed, and none is taken as missing.

    Raises
    ------
    FormatError
        If it cannot be read, has no header or the same name twice, or a row is longer or shorter
        than the header.
    """
    kind = kind_of(path)
    try:
        table = _parquet(path) if kind == ".parquet" else _text(path, kind)
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        said = reason(error) if isinstance(error, OSError) else str(error)
        raise FormatError(f"{path}: cannot be read: {said}") from None
    twice = [n for i, n in enumerate(table.names) if n in table.names[:i]]
    if twice:
        raise FormatError(f"{path}: expected different column names: {twice[0]!r} occurs twice")
    return table


# ----------------------------------------------------------------------- text


def _text(path: Path, kind: str) -> Table:
    with _stream(path, kind) as stream:
        lines = _bounded(path, stream)
        first = next(lines, "")
        if not first.strip():
            raise FormatError(f"{path}: expected a header with the names of variables; it is empty")
        mark = _delimiter(first, DELIMITERS[kind.removesuffix(".gz")])
        reader = csv.reader(_chained(first, lines), delimiter=mark, strict=True)
        try:
            names = [name.strip() for name in next(reader)]
            rows, places = _rows(path, reader, len(names))
        except csv.Error as error:
            raise FormatError(f"{path}:{reader.line_num}: not a table: {error}") from None
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    return Table(path, names, columns, places)


def _stream(path: Path, kind: str) -> IO[str]:
    """Open a text in UTF-8, or in UTF-16 if it begins with a byte order mark."""
    start = gzip.open if kind.endswith(".gz") else open
    with start(path, "rb") as raw:
        is_wide = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")
    return start(path, "rt", encoding="utf-16" if is_wide else "utf-8-sig", newline="")


def _bounded(path: Path, stream: IO[str]) -> Iterator[str]:
    total = 0
    while line := stream.readline(LONGEST + 1):
        total += len(line)
        if len(line) > LONGEST or total > MOST:
            raise FormatError(f"{path}: expected lines of {LONGEST} characters, {MOST} in all")
        yield line


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(header: str, marks: str) -> str:
    """Return the mark that splits the header into most names, the first of equals."""

    def names(mark: str) -> int:
        try:
            return len(next(csv.reader([header], delimiter=mark)))
        except csv.Error:
            return 0

    return max(marks, key=names)


def _rows(path: Path, reader: Any, width: int) -> tuple[list[list[str]], list[int]]:
    """Return the rows and their lines; blank lines are none, but in a table of one column."""
    rows: list[list[str]] = []
    places: list[int] = []
    wrong: list[str] = []
    line, blanks = reader.line_num + 1, list[int]()
    for row in reader:
        if not row:
            blanks.append(line)
        else:
            for blank in blanks if width == 1 else ():
                rows.append([""])
                places.append(blank)
            blanks = []
            rows.append([intern(cell) for cell in row])
            places.append(line)
            if len(row) != width:
                wrong.append(f"row {len(rows)} (line {line}) has {len(row)}")
        line = reader.line_num + 1
    if wrong:
        more = f", and {len(wrong) - 1} more such" if len(wrong) > 1 else ""
        raise FormatError(
            f"{path}: expected {width} cells in a row, as in the header; {wrong[0]}{more}"
        )
    return rows, places


# -------------------------------------------------------------------- parquet


def _parquet(path: Path) -> Table:
    try:
        from pyarrow import parquet
    except ImportError:
        raise FormatError("pyarrow is not installed: pip install 'fascinet[arrow]'") from None
    path.open("rb").close()  # what the system says if it is not there
    if not path.is_file():
        raise FormatError(f"{path}: expected a Parquet file")
    try:
        found = parquet.ParquetFile(path).read()
        found.validate(full=True)
        names = [str(name).strip() for name in found.column_names]
    except Exception as error:  # Arrow raises of its own and Python's errors on damaged files
        first = str(error).partition("\n")[0]
        raise FormatError(f"{path}: not a whole Parquet file: {first}") from None
    return Table(path, names, list(found.columns), None)


# ------------------------------------------------------------------------ out


def write_table(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table by its suffix, whole or not at all.

    Raises
    ------
    FormatError
    """
    kind = kind_of(path)
    try:
        with whole_file(path) as part:
            if kind == ".parquet":
                frame.to_parquet(part, index=False)
            else:
                mark = "\t" if kind.startswith(".tsv") else ","
                packed: Any = {"method": "gzip", "mtime": 0} if kind.endswith(".gz") else None
                frame.to_csv(part, index=False, sep=mark, compression=packed)
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {reason(error)}") from None


def check_apart(source: Path, outputs: Iterable[Path]) -> None:
    """Raise if a file to write is the one that is read, by whatever name."""
    for out in outputs:
        try:
            same = os.path.realpath(source) == os.path.realpath(out)
            same = same or (source.exists() and out.exists() and source.samefile(out))
        except OSError as error:  # the working folder is gone
            raise FormatError(f"{out}: cannot be written: {reason(error)}") from None
        if same:
            raise FormatError(f"{out}: expected another file than the table that is read")
