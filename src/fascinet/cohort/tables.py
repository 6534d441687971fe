"""Tables of cases in and out, in blocks: CSV, TSV, each also with .gz, Parquet, and folders."""

import csv
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
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
MOST = 2**27  # rows of a table that is read as a whole


@dataclass(frozen=True)
class Table:
    """A table, or some rows of one, as they were read.

    Attributes
    ----------
    path : Path
    names : list of str
        The header, blanks around each name taken off.
    columns : list of sequence
        Cells of each column: texts, or a Parquet file's own values.
    lines : list of int or None
        The line of the file on which each row begins; None where a file has no lines.
    first : int
        Rows of the file that come before.
    read : float
        Share of what is read that was read by then, 0 to 1.
    """

    path: Path
    names: list[str]
    columns: list[Any]
    lines: list[int] | None
    first: int = 0
    read: float = 1.0

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def place(self, row: int) -> str:
        """Return where a row stands in its file, rows counted from 1 below the header."""
        line = "" if self.lines is None else f" (line {self.lines[row]})"
        return f"row {self.first + row + 1}{line}"


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


def files_of(path: Path) -> list[Path]:
    """Return a table's file, or the files of a folder in the order of their names.

    Names that begin with a dot or an underscore are left out, as other programs do.

    Raises
    ------
    FormatError
        If a folder holds no table, something else, or is partitioned by its folders' names.
    """
    if not path.is_dir():
        kind_of(path)
        return [path]
    found: list[Path] = []
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path).parts
        if any(part.startswith((".", "_")) for part in inside):
            continue
        if "=" in "".join(inside[:-1]):
            raise FormatError(
                f"{path}: partitioned by {inside[0]!r}: a column that is no column of the files "
                "cannot be read; write it into them"
            )
        if file.is_file():
            kind_of(file)
            found.append(file)
    if not found:
        raise FormatError(f"{path}: expected a table in {', '.join(SUFFIXES)}; the folder has none")
    return found


def header_of(path: Path) -> list[str]:
    """Return the names of a table's columns.

    Raises
    ------
    FormatError
    """
    return next(blocks_of(path, 1)).names


def blocks_of(path: Path, size: int) -> Iterator[Table]:
    """Yield a table `size` rows at a time, one at least: no cell is changed or taken as missing.

    Raises
    ------
    FormatError
        If it cannot be read, has no header or the same name twice, or a row is longer or shorter
        than the header.
    """
    kind = kind_of(path)
    try:
        for table in _parquet(path, size) if kind == ".parquet" else _text(path, kind, size):
            names = table.names
            twice = [n for i, n in enumerate(names) if n in names[:i]]
            if twice:
                raise FormatError(
                    f"{path}: expected different column names: {twice[0]!r} occurs twice"
                )
            yield table
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        said = reason(error) if isinstance(error, OSError) else str(error)
        raise FormatError(f"{path}: cannot be read: {said}") from None


def read_table(path: Path) -> Table:
    """Read a whole table by its suffix.

    Raises
    ------
    FormatError
        As for `blocks_of`, or if it has more than `MOST` rows.
    """
    table, *more = blocks_of(path, MOST)
    if not more:
        return table
    if table.lines is not None:
        raise FormatError(f"{path}: expected at most {MOST:,} rows")
    columns = zip(table.columns, *(t.columns for t in more), strict=True)
    whole = [type(c[0])([chunk for part in c for chunk in part.chunks], c[0].type) for c in columns]
    return Table(path, table.names, whole, None)


# ----------------------------------------------------------------------- text


def _text(path: Path, kind: str, size: int) -> Iterator[Table]:
    with _stream(path, kind) as stream:
        size_of = max(path.stat().st_size, 1)
        lines = _bounded(path, stream)
        first = next(lines, "")
        if not first.strip():
            raise FormatError(f"{path}: expected a header with the names of variables; it is empty")
        mark = _delimiter(first, DELIMITERS[kind.removesuffix(".gz")])
        reader = csv.reader(_chained(first, lines), delimiter=mark, strict=True)
        try:
            names = [name.strip() for name in next(reader)]
            rows, begin = _rows(path, reader, len(names)), 0
            while some := list(islice(rows, size)):
                cells = [list(column) for column in zip(*(row for _, row in some), strict=True)]
                lines_of = [line for line, _ in some]
                yield Table(path, names, cells, lines_of, begin, _share(stream, size_of))
                begin += len(some)
        except csv.Error as error:
            raise FormatError(f"{path}:{reader.line_num}: not a table: {error}") from None
        if not begin:
            yield Table(path, names, [[] for _ in names], [])


def _stream(path: Path, kind: str) -> IO[str]:
    """Open a text in UTF-8, or in UTF-16 if it begins with a byte order mark."""
    start = gzip.open if kind.endswith(".gz") else open
    with start(path, "rb") as raw:
        is_wide = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")
    return start(path, "rt", encoding="utf-16" if is_wide else "utf-8-sig", newline="")


def _share(stream: Any, size: int) -> float:
    """Return how much of a file's bytes, packed or not, has been read."""
    raw = getattr(stream.buffer, "fileobj", None) or stream.buffer
    return min(1.0, raw.tell() / size)


def _bounded(path: Path, stream: IO[str]) -> Iterator[str]:
    while line := stream.readline(LONGEST + 1):
        if len(line) > LONGEST:
            raise FormatError(f"{path}: expected lines of {LONGEST} characters at most")
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


def _rows(path: Path, reader: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of each row; blank lines are none, but in a table of one column."""
    line, count, blanks = reader.line_num + 1, 0, list[int]()
    for row in reader:
        if not row:
            blanks.append(line)
        else:
            if width == 1:
                yield from ((blank, [""]) for blank in blanks)
                count += len(blanks)
            blanks, count = [], count + 1
            if len(row) != width:
                raise FormatError(
                    f"{path}: expected {width} cells in a row, as in the header; row {count} "
                    f"(line {line}) has {len(row)}"
                )
            yield line, [intern(cell) for cell in row]
        line = reader.line_num + 1


# -------------------------------------------------------------------- parquet


def _parquet(path: Path, size: int) -> Iterator[Table]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise FormatError("pyarrow is not installed: pip install 'fascinet[arrow]'") from None
    path.open("rb").close()  # what the system says if it is not there
    if not path.is_file():
        raise FormatError(f"{path}: expected a Parquet file")
    try:
        with parquet.ParquetFile(path) as file:
            names, begin = [str(name).strip() for name in file.schema_arrow.names], 0
            for batch in file.iter_batches(size):
                found = pyarrow.Table.from_batches([batch])
                found.validate(full=True)
                share = (begin + len(batch)) / file.metadata.num_rows
                yield Table(path, names, list(found.columns), None, begin, share)
                begin += len(batch)
            if not begin:
                empty = file.schema_arrow.empty_table()
                yield Table(path, names, list(empty.columns), None)
    except FormatError:
        raise
    except Exception as error:  # Arrow raises of its own and Python's errors on damaged files
        first = str(error).partition("\n")[0]
        raise FormatError(f"{path}: not a whole Parquet file: {first}") from None


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
