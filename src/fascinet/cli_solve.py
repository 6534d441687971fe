"""The command `solve`: what to do in an influence diagram."""

from collections.abc import Sequence
from pathlib import Path

from fascinet.cli_names import parse_pairs
from fascinet.cli_output import print_table
from fascinet.engine.influence_diagrams.solution import Solution, ValueOfObservation, solve
from fascinet.model.diagram import InfluenceDiagram
from fascinet.model.errors import FormatError


def solve_diagram(
    path: Path, findings: Sequence[str] | None, value_of: str | None, form: str
) -> None:
    """Print the best policies, or what observing more before a decision is worth."""
    try:
        diagram = InfluenceDiagram.load(path)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error}") from None
    solution = solve(diagram, parse_pairs("--finding", findings))
    found = solution if value_of is None else solution.value_of_information(value_of)
    if form == "json":
        print(found.to_json(indent=1))
        return
    print_table(found.title(), tuple(found.columns()), _rows(found))


def _rows(found: Solution | ValueOfObservation) -> list[tuple[str, ...]]:
    frame = found.shown()
    return [
        tuple(f"{x:.6g}" if isinstance(x, float) else str(x) for x in row)
        for row in frame.itertuples(index=False)
    ]
