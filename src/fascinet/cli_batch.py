"""The command `evaluate`."""

from pathlib import Path

from fascinet.cli_output import print_table
from fascinet.engine.clinic.evaluate import Evaluation
from fascinet.engine.clinic.reasoner import shipped_reasoner


def evaluate(folder: Path, rank: str, setting: str | None, blank_tests: bool, form: str) -> None:
    """Print the scores of the differential on published cases."""
    found = shipped_reasoner().evaluate(folder, rank=rank, setting=setting, blank_tests=blank_tests)
    if form == "json":
        print(found.to_json())
    else:
        show(found)


def show(found: Evaluation) -> None:
    """Print an evaluation for people."""
    columns = ("group", "n", "top 1", "top 3", "log score", "missed", "false alarm")
    parts = {"all": found.to_dict(), **found.by_cause, **found.by_twitch_status}
    rows = [
        (name, str(m["n"]), f"{m['top1']:.0%}", f"{m['top3']:.0%}", f"{m['mean_log_score']:.2f}",
         f"{m['serious_missed']:.0%}", f"{m['benign_false_alarm']:.0%}")
        for name, m in parts.items()
    ]  # fmt: skip
    print_table("Published cases", columns, rows)
    wrong = [(c.id, c.truth, c.first, str(c.rank), f"{c.score:.2f}")
             for c in found.cases if c.rank > 1]  # fmt: skip
    print_table("Not first", ("case", "truth", "first", "rank", "score"), wrong)
