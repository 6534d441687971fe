"""The command `cohort`: a table of cases in, a table of posteriors out."""

import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fascinet import cli_errors
from fascinet.cli_errors import tell
from fascinet.cli_network import SHIPPED, open_network, split_names
from fascinet.cohort.adds import adder_of
from fascinet.cohort.cells import Reader, StateCells
from fascinet.cohort.columns import sort_columns
from fascinet.cohort.mapping import quantity_of, read_mapping
from fascinet.cohort.parts import Parts, key_of
from fascinet.cohort.run import (
    Source,
    answered,
    block_size,
    here,
    in_processes,
    join,
    options_of,
    summary,
)
from fascinet.cohort.tables import check_apart, files_of, kind_of
from fascinet.cohort.work import Job
from fascinet.model.atomic import reason
from fascinet.model.errors import FormatError
from fascinet.model.network import Network

if TYPE_CHECKING:
    from distributed import Client


def cohort(
    source: Path,
    out: Path,
    network: str | Network | None = None,
    targets: str | None = None,
    scheduler: "str | Client | None" = None,
    carry: Sequence[str] | None = None,
    mapping: Path | None = None,
    add: str | None = None,
    top: int = 3,
    processes: int = 1,
    block: int | None = None,
) -> None:
    """Write the posteriors of a table of cases, in the order of its rows.

    Rows that cannot be read, or whose findings exclude each other, have blank answers, and are
    listed with file, number and reason in a file of their own beside `out`. What is finished is
    kept beside `out` until all is: the same call takes it up after a crash.
    """
    aside = aside_of(out)
    check_apart(source, (out, aside))
    files = files_of(source)
    if source.is_dir() and source.resolve() in out.resolve().parents:
        raise FormatError(f"{out}: expected a place outside of the folder that is read")
    if processes < 1 or (processes > 1 and scheduler is not None):
        raise FormatError("--processes: expected 1 or more, and 1 with --scheduler")
    if block is not None and block < 1:
        raise FormatError(f"--block: expected 1 or more, got {block}")
    table = Source.of(files)
    job = job_of(source, table, out, network, targets, carry or (), mapping, add, top)
    size = block or block_size(len(job.names) + len(table.names))
    try:
        key = key_of(files, options_of(job, size))
    except OSError as error:
        raise FormatError(f"{source}: cannot be read: {reason(error)}") from None
    with Parts(out, key) as parts:
        told = worked(job, table, parts, size, scheduler, processes, key)
        join(job, table, parts, told, out, aside)
        parts.remove()
    if job.carried:
        tell(f"copied unchanged: {', '.join(job.carried)}")
    wrong = sum(d["wrong"] for d in told)
    if wrong:
        first = next(d["first"] for d in told if d["wrong"])
        rows = sum(d["count"] for d in told)
        tell(f"fascinet: note: {wrong} of {rows} rows not answered, first {first}; see {aside}")
    partly = sum(d["partly"] for d in told)
    if partly:
        tell(f"fascinet: note: in {partly} rows a number leaves several states possible")
    tell(f"{out}: {summary(told)}")


def job_of(
    source: Path, table: Source, out: Path, network: str | Network | None, targets: str | None,
    carry: Sequence[str], mapping: Path | None, add: str | None, top: int,
) -> Job:  # fmt: skip
    """Return what is asked of every block.

    Raises
    ------
    FascinetError
        If a column, a target or the mapping file asks for what there is not.
    """
    opened = network if isinstance(network, Network) else open_network(network)
    is_shipped = network is None or network == SHIPPED
    readers, used = list[Reader](), set[str]()
    if mapping is not None:
        readers, used, more = read_mapping(mapping, table.names, opened, is_shipped)
        carry = [*carry, *more]
        twice = [name for name in carry if name in used]
        if twice:
            raise FormatError(f"{mapping}: {twice[0]!r} is read, and cannot be copied, too")
    known, extra = sort_columns(source, table.names, opened, carry, used)
    readers = [
        *(StateCells((k,), table.names[k], opened, {}, quantity_of(table.names[k], is_shipped))
          for k in known),
        *readers,
    ]  # fmt: skip
    wanted = tuple(dict.fromkeys(split_names(add) or ()))
    asked = split_names(targets)
    if asked is None:
        asked = [] if wanted else list(opened.variables)
    asked = list(dict.fromkeys(map(opened.check, asked)))
    adder = adder_of(wanted, top, tuple(asked), opened, is_shipped)
    carried = {table.names[k]: k for k in extra}
    job = Job(opened, tuple(readers), carried, tuple(asked), kind_of(out), adder)
    clash = [name for name in carried if name in job.names]
    if clash:
        raise FormatError(
            f"{source}: the column {clash[0]!r} cannot be copied: a result has that "
            "name; rename it, or leave it out"
        )
    return job


def aside_of(out: Path) -> Path:
    """Return where rows without an answer are listed.

    >>> aside_of(Path("answers.csv.gz")).name
    'answers.quarantine.csv'
    """
    return out.with_name(out.name[: -len(kind_of(out))] + ".quarantine.csv")


def worked(
    job: Job, table: Source, parts: Parts, size: int, scheduler: "str | Client | None",
    processes: int, key: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Answer what is not finished yet; return what is told of every block."""
    if parts.finished:
        tell(f"resumed: {len(parts.finished)} blocks of {size:,} rows were finished before")
    if scheduler is not None:
        from fascinet.cohort.spread import spread

        answers: Any = partial(spread, job, scheduler, key)
    else:
        answers = partial(here, job) if processes == 1 else partial(in_processes, job, processes)
    try:
        told = list(progress(answered(parts, table.blocks(size), answers)))
        check_answered(told)
        return told
    except FormatError:  # of the input: it will have to be another
        parts.remove()
        raise
    except BaseException as error:
        if not parts.has_some():
            parts.remove()
        if isinstance(error, OSError):
            raise FormatError(f"{parts.folder}: cannot be written: {reason(error)}") from None
        raise


def check_answered(told: Sequence[dict[str, Any]]) -> None:
    """Raise if no row has an answer."""
    if told and all(d["wrong"] == d["count"] for d in told):
        raise FormatError(f"no row can be answered; {told[0]['first']}")


def progress(parts: "Iterator[tuple[float, dict[str, Any]]]") -> "Iterator[dict[str, Any]]":
    """Yield what is told of blocks, with a bar on standard error if a person looks on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    hidden = cli_errors.quiet or not sys.stderr.isatty()
    columns = (TextColumn("cases"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
               TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True) as bar:
        task, rows, begin = bar.add_task("", total=1.0, rate=""), 0, time.monotonic()
        for share, told in parts:
            rows += told["count"]
            rate = rows / max(time.monotonic() - begin, 1e-3)
            bar.update(task, completed=share, rate=f"{rate:,.0f} rows/s")
            yield told
