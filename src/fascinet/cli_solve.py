"""The command `solve`: what to do in an influence diagram."""

from collections.abc import Sequence
from pathlib import Path

from fascinet.cli_names import parse_pairs
from fascinet.cli_output import print_table
from fascinet.engine.analyses.results import Result
from fascinet.engine.influence_diagrams.solving import solve
from fascinet.model.diagram import InfluenceDiagram
from fascinet.model.errors import FormatError


def solve_diagram(
    path: Path, findings: Sequence[str] | None, value_of: str | None, control: bool,
    sensitivity: bool, form: str,
) -> None:  # fmt: skip
    """Print the best policies, or what knowing or setting more is worth, or where they change."""
    try:
        diagram = InfluenceDiagram.load(path)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error}") from None
    solution = solve(diagram, parse_pairs("--finding", findings))
    found: Result = solution
    if value_of is not None:
        found = solution.value_of_information(value_of)
    elif control:
        found = solution.value_of_control()
    elif sensitivity:
        found = solution.sensitivity()
    if form == "json":
        print(found.to_json(indent=1))
        return
    print_table(found.title(), tuple(found.columns()), _rows(found))


def _rows(found: Result) -> list[tuple[str, ...]]:
    frame = found.shown()
    return [
        tuple(f"{x:.6g}" if isinstance(x, float) else _text(x) for x in row)
        for row in frame.itertuples(index=False)
    ]


def _text(cell: object) -> str:
    if isinstance(cell, dict):
        return ", ".join(f"{v}={s}" for v, s in cell.items())
    return str(cell)
