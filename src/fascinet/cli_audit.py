"""The command `audit`: a network held against cases whose outcome is known."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fascinet.cli_errors import tell
from fascinet.cli_network import open_network, split_names
from fascinet.cli_output import print_table
from fascinet.cohort.cells import column_of, evidence_of
from fascinet.cohort.columns import sort_columns
from fascinet.cohort.tables import read_table
from fascinet.engine.analyses.audit import Audit, audit
from fascinet.model.errors import CaseError, FormatError

TABLES = ("calibration", "subgroups")


def audit_cases(
    source: Path, event: str, network: str | None, groups: str | None, ignore: str | None,
    page: Path | None, carry: Sequence[str] | None, form: str,
) -> None:  # fmt: skip
    """Print how good the forecasts of an event are, and write the page if one is asked for."""
    target, mark, state = (part.strip() for part in event.partition("="))
    if not (target and mark and state):
        raise CaseError(f"expected NAME=STATE, got {event!r}")
    if page is not None and page.suffix.lower() not in (".html", ".svg", ".png"):
        raise FormatError(f"--page {page}: expected .html, .svg or .png")
    opened, table = open_network(network), read_table(source)
    beside = split_names(groups) or ()
    known, extra = sort_columns(
        source, table.names, opened, [*(carry or ()), *_outside(opened, beside)], strict=False
    )
    frame = evidence_of(table, known, opened)
    for k in extra:
        if table.names[k] in beside:
            values = pd.Series(column_of(table.columns[k]), dtype=object)
            frame[table.names[k]] = values.where(values != "", None)
    found = audit(opened, frame, target, state, groups=beside or None, ignore=split_names(ignore))
    if page is not None:
        try:
            found.save(page)
        except OSError as error:
            raise FormatError(f"{page}: cannot be written: {error}") from None
    if form == "json":
        print(found.to_json(indent=1))
    else:
        show(found)
    if page is not None:
        tell(f"{page}: {found.title()}")


def _outside(network: object, names: Sequence[str]) -> list[str]:
    """Return the columns of groups that are no variables."""
    return [name for name in names if name not in network.index]  # pyright: ignore


def show(found: Audit) -> None:
    """Print the measures, the calibration and the subgroups for people."""
    rows = [(m, *(_number(x) for x in figures)) for m, *figures in zip(
        *found.columns().values(), strict=True)]  # fmt: skip
    print_table(found.title(), ("measure", "value", "low", "high"), rows)
    for name in TABLES:
        table = getattr(found, name)
        if len(table):
            cells = [tuple(_number(x) for x in row) for row in table.itertuples(index=False)]
            wide = ("log_score", "calibration_intercept", "observed_low", "observed_high")
            print_table(name.capitalize(), tuple(table.columns), cells, optional=wide)


def _number(x: object) -> str:
    return ("–" if x != x else f"{x:.4g}") if isinstance(x, float) else str(x)
