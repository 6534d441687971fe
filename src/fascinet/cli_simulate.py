"""The command `simulate`: cases drawn from a network, as a table."""

from collections.abc import Sequence
from pathlib import Path

from fascinet.cli_errors import tell
from fascinet.cli_names import parse_pairs
from fascinet.cli_network import open_network
from fascinet.cohort.tables import kind_of, write_table
from fascinet.engine.analyses.draw_cases import simulate
from fascinet.model.plural import counted


def simulate_cases(
    cases: int, out: Path, network: str | None, findings: Sequence[str] | None,
    do: Sequence[str] | None, missing: float, seed: int,
) -> None:  # fmt: skip
    """Write a table of simulated cases."""
    kind_of(out)
    frame = simulate(
        open_network(network), cases, parse_pairs("--finding", findings),
        do=parse_pairs("--do", do), missing=missing, seed=seed,
    )  # fmt: skip
    write_table(frame, out)
    tell(f"{out}: {counted(len(frame), 'case')}")
