"""A cohort from file to file: read, answered block by block, kept, and joined at the end."""

import gzip
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

from fascinet import __version__
from fascinet.cohort.parts import Parts
from fascinet.cohort.tables import Table, blocks_of, header_of
from fascinet.cohort.work import Done, Job, Worker, aside_header, written
from fascinet.model.atomic import reason, whole_file
from fascinet.model.errors import FormatError
from fascinet.model.plural import counted

CELLS = 8_000_000  # of a block, in and out: what bounds the memory
LARGEST = 25_000  # rows of a block
AHEAD = 1  # blocks that are read before they are needed, for each process


@dataclass(frozen=True)
class Source:
    """The files of a table, read as one.

    Attributes
    ----------
    files : list of Path
    names : list of str
        The columns of the first file; the others must have the same, in any order.
    """

    files: list[Path]
    names: list[str]

    @classmethod
    def of(cls, files: list[Path]) -> "Source":
        """Return the files with their columns."""
        return cls(files, header_of(files[0]))

    def blocks(self, size: int) -> Iterator[Table]:
        """Yield `size` rows at a time; no block is of two files, and an empty file has none."""
        sizes = [file.stat().st_size for file in self.files]
        for number, file in enumerate(self.files):
            before, all_ = sum(sizes[:number]), max(sum(sizes), 1)
            for table in blocks_of(file, size):
                if sorted(table.names) != sorted(self.names):
                    odd = next(iter(set(table.names) ^ set(self.names)))
                    raise FormatError(
                        f"{file}: expected the columns of {self.files[0]}; {odd!r} is in one alone"
                    )
                if len(table):
                    at = [table.names.index(name) for name in self.names]
                    cells = [table.columns[k] for k in at]
                    share = (before + table.read * sizes[number]) / all_
                    yield Table(file, self.names, cells, table.lines, table.first, share)


def block_size(columns: int) -> int:
    """Return how many rows a block has, given the columns in and out."""
    return max(200, min(LARGEST, CELLS // max(columns, 1)))


def options_of(job: Job, size: int) -> dict[str, Any]:
    """Return all that an output follows from beside the input, as JSON can hold it."""
    import numpy
    import pandas

    return {
        "fascinet": __version__, "network": job.network.hash, "targets": job.targets,
        "readers": list(map(repr, job.readers)),
        "carried": list(job.carried.items()), "kind": job.kind, "size": size,
        "adder": repr(job.adder), "libraries": [numpy.__version__, pandas.__version__],
    }  # fmt: skip


def answered(
    parts: Parts, blocks: Iterator[Table], answers: Callable[[Iterator[Table]], Iterator[Done]]
) -> Iterator[tuple[float, dict[str, Any]]]:
    """Keep what is not finished yet; yield the share read, and what is told of every block."""
    under_way: deque[tuple[int, float]] = deque()

    def unfinished() -> Iterator[Table]:
        for k, table in enumerate(blocks):
            under_way.append((k, table.read))
            if k not in parts.finished:
                yield table

    for done in answers(unfinished()):
        while under_way[0][0] in parts.finished:
            block, share = under_way.popleft()
            yield share, parts.counts(block)
        block, share = under_way.popleft()
        parts.keep(block, done)
        yield share, parts.counts(block)
    for block, share in under_way:
        yield share, parts.counts(block)


def here(job: Job, blocks: Iterator[Table]) -> Iterator[Done]:
    """Yield the answers to each block."""
    worker = Worker(job)
    yield from map(worker.answer, blocks)


_worker: Worker | None = None


def _prepare(job: Job) -> None:
    global _worker
    Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(job, threads=1)


def _end_with_parent() -> None:
    """End this process with the one that started it: a pool's would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(table: Table) -> Done:
    assert _worker is not None
    return _worker.answer(table)


def in_processes(job: Job, count: int, blocks: Iterator[Table]) -> Iterator[Done]:
    """Yield the answers to each block in order, worked out in `count` processes."""
    context = get_context("spawn")
    with ProcessPoolExecutor(count, context, _prepare, (job,)) as pool:
        yield from in_order(partial(pool.submit, _answer), blocks, (1 + AHEAD) * count)


def in_order(submit: Callable[[Table], Any], blocks: Iterator[Table], ahead: int) -> Iterator[Done]:
    """Yield what comes back in the order of the blocks; so many are under way at a time."""
    waiting: deque[Any] = deque()
    try:
        for block in blocks:
            waiting.append(submit(block))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


# ------------------------------------------------------------------------- out


def join(
    job: Job, source: Source, parts: Parts, told: Sequence[dict[str, Any]], out: Path, aside: Path
) -> None:
    """Write the output, and beside it the rows without an answer; both or neither.

    Raises
    ------
    FormatError
        If a file cannot be written.
    """
    wrong = sum(d["wrong"] for d in told)
    path = aside
    try:
        if wrong:
            with whole_file(aside, parts.folder) as part, part.open("wb") as file:
                _copy(parts.joined(".bad", len(told), aside_header(source.names)), file)
        path = out
        with whole_file(out, parts.folder) as part:
            _whole(job, source, parts, len(told), part)
        if not wrong:
            aside.unlink(missing_ok=True)  # of an earlier run: it would speak of other rows
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {reason(error)}") from None


def _whole(job: Job, source: Source, parts: Parts, count: int, part: Path) -> None:
    if job.kind == ".parquet":
        _parquet(job, source, parts, count, part)
        return
    head = written(_empty(job, source), job.kind, header=True)
    pieces = parts.joined(".rows", count, head)
    with part.open("wb") as file:
        if job.kind.endswith(".gz"):
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                _copy(pieces, packed)
        else:
            _copy(pieces, file)


def _copy(pieces: Iterator[bytes], file: Any) -> None:
    for piece in pieces:
        file.write(piece)


def _empty(job: Job, source: Source) -> Any:
    import pandas as pd

    return pd.DataFrame(columns=[*job.carried, *job.names])


def _parquet(job: Job, source: Source, parts: Parts, count: int, part: Path) -> None:
    from pyarrow import parquet

    if not count:
        part.write_bytes(written(_empty(job, source), job.kind))
        return
    schema = parquet.read_schema(parts.path(0, ".rows"))
    with parquet.ParquetWriter(part, schema) as writer:
        for block in range(count):
            writer.write_table(parquet.read_table(parts.path(block, ".rows")).cast(schema))


def summary(told: Sequence[dict[str, Any]]) -> str:
    """Return how many cases were answered."""
    return counted(sum(d["count"] - d["wrong"] for d in told), "case")
