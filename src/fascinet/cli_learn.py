"""The command `learn`: the figures of a network from a table of cases."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fascinet.cli_errors import tell
from fascinet.cli_network import SHIPPED, open_network, split_names
from fascinet.cli_output import percent, print_table, say, span
from fascinet.cohort.cells import evidence_of
from fascinet.cohort.columns import sort_columns
from fascinet.cohort.tables import check_apart, read_table
from fascinet.engine.learning.learn import Learned, learn
from fascinet.model.errors import FormatError
from fascinet.model.formats import format_of
from fascinet.model.plural import counted
from fascinet.model.write_figures import check_free

SHOWN = 20


def learn_figures(
    name: str, source: Path, out: Path, variables: str | None, sample_size: float, fading: float,
    carry: Sequence[str] | None, changes: Path | None, form: str,
) -> None:  # fmt: skip
    """Write a network with the figures that a table of cases teaches, and print what changed.

    Of the shipped network a folder may be written: its knowledge base with the learnt figures.
    """
    as_folder = name == SHIPPED and not out.suffix
    if as_folder:
        check_free(out)
    else:
        format_of(out)
    check_apart(source, (out, *([Path(name)] if Path(name).exists() else [])))
    network, table = open_network(name), read_table(source)
    known, extra = sort_columns(source, table.names, network, carry or (), strict=False)
    if extra:
        tell(f"left out (not network variables): {', '.join(table.names[k] for k in extra)}")
    found = learn(
        network, evidence_of(table, known, network),
        variables=split_names(variables), sample_size=sample_size, fading=fading,
    )  # fmt: skip
    told = _written(found, out, f"{source.name}, {counted(found.cases, 'case')}", as_folder)
    if changes is not None:
        write_changes(found, changes)
    if form == "json":
        print(found.to_json(indent=1))
    else:
        show(found)
    tell(told)


def _written(found: Learned, out: Path, data: str, as_folder: bool) -> str:
    """Write the network, or the knowledge base; return what to tell of it."""
    try:
        if as_folder:
            return found.write_knowledge(out, title=data).title()
        found.network.save(out)
    except OSError as error:
        raise FormatError(f"{out}: cannot be written: {error}") from None
    return f"{out}: {len(found.network.variables)} variables"


def write_changes(found: Learned, path: Path) -> None:
    """Write every learnt figure, before and after, as a table: a row a figure."""
    frame = found.to_frame()
    frame["parents"] = [", ".join(f"{v}={s}" for v, s in row.items()) for row in frame["parents"]]
    try:
        frame.to_csv(path, index=False)
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {error}") from None


def show(found: Learned) -> None:
    """Print what changed for people, the largest changes first."""
    frame = found.shown()
    first: Any = frame.head(SHOWN).itertuples()
    rows = [
        (
            f"{row.variable}={row.state}",
            ", ".join(f"{v}={s}" for v, s in row.parents.items()),
            percent(row.before), percent(row.value), span(row.low, row.high),
            f"{row.count:.1f}", f"{row.worth:.0f}",
        )
        for row in first
    ]  # fmt: skip
    columns = ("figure", "given", "before", "now", "95% interval", "cases", "worth")
    print_table(found.title(), columns, rows)
    if len(frame) > SHOWN:
        say(f"… and {len(frame) - SHOWN} more")
    start, end = found.log_likelihood[0], found.log_likelihood[-1]
    say(f"log likelihood {start:.4f} → {end:.4f}")
