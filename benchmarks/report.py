"""Results as JSON files and one Markdown table that the documentation includes."""

import json
import platform
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
HEADS = {"x_libDAI_reported": "libDAI (published, not run here)"}


def save(name: str, rows: list[dict[str, Any]]) -> None:
    """Write one workload's rows as JSON and refresh the Markdown of all."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
    write_markdown()


def write_markdown() -> None:
    """Write README.md from all JSON files of the folder."""
    parts = [
        "# Measured results",
        "",
        f"`python -m benchmarks`, {platform.machine()}, Python {platform.python_version()}. CPU "
        "time, the shortest of a few rounds, then the median over cases; peers alternate with ours "
        "in one run. The machine may be shared: read ratios, not digits. `first` is the first call "
        "with an evidence set, compilation of its program included.",
    ]
    for file in sorted(FOLDER.glob("*.json")):
        rows = json.loads(file.read_text())
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            parts += ["", f"## {file.stem.replace('_', ' ')}", "", table(rows)]
    (FOLDER / "README.md").write_text("\n".join(parts) + "\n")


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    columns = list(dict.fromkeys(k for row in rows for k in row))
    lines = [f"| {' | '.join(HEADS.get(c, c) for c in columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(cell(row.get(c)) for c in columns)} |" for row in rows]
    return "\n".join(lines)


def cell(value: Any) -> str:
    """Return a number with four significant digits, text as it is, nothing as a dash."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
