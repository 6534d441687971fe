"""The command `evaluate`."""

from pathlib import Path

from fascinet.cli_output import print_json, print_table, say
from fascinet.engine.clinic.evaluate import Evaluation
from fascinet.engine.clinic.figure_influence import figure_influence
from fascinet.engine.clinic.outside_rates import packet_rate, simulated_rate
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.errors import FormatError
from fascinet.model.shipped import shipped_knowledge

INFLUENTIAL = 40
LESS = ("outside", "reassured", "false alarm")  # left out where the screen is narrow
NOTE = (
    "low ranked: serious, not in the top three; reassured: serious, yet reassured; "
    "false alarm: benign, ALS or MS first; urgent: benign, with an urgent flag"
)


def evaluate(folder: Path, rank: str, setting: str | None, blank_tests: bool, form: str) -> None:
    """Print the scores of the differential on published cases."""
    found = shipped_reasoner().evaluate(folder, rank=rank, setting=setting, blank_tests=blank_tests)
    if form == "json":
        print(found.to_json())
    else:
        show(found)


def show(found: Evaluation) -> None:
    """Print an evaluation for people."""
    columns = ("group", "n", "top 1", "top 3", "single cause", "log score", "low ranked",
               "reassured", "false alarm", "urgent", "outside")  # fmt: skip
    parts = {"all": found.to_dict(), **found.by_cause, **found.by_twitch_status}
    rows = [
        (name.replace("_", " "), str(m["n"]), f"{m['top1']:.0%}", f"{m['top3']:.0%}",
         f"{m['single_top1']:.0%}" if m["n_single"] else "-", f"{m['mean_log_score']:.2f}",
         f"{m['serious_low_ranked']:.0%}", f"{m['serious_reassured']:.0%}",
         f"{m['benign_false_alarm']:.0%}", f"{m['benign_urgent']:.0%}",
         f"{m['outside_warned']:.0%}")
        for name, m in parts.items()
    ]  # fmt: skip
    print_table("Scores of the differential", columns, rows, LESS)
    say(NOTE)
    bins = [(f"{b.low:g} to {b.high:g}", str(b.n), f"{b.forecast:.0%}", f"{b.observed:.0%}")
            for b in found.reliability]  # fmt: skip
    print_table("Reliability of the groups' shares", ("share", "n", "forecast", "true"), bins)
    part = found.brier_parts
    say(
        f"Brier score {part.score:.4f} = reliability {part.reliability:.4f} - resolution "
        f"{part.resolution:.4f} + uncertainty {part.uncertainty:.4f} + within {part.within:.4f}"
    )
    wrong = [(c.id, c.truth, c.first, str(c.rank), f"{c.score:.2f}")
             for c in found.cases if c.rank > 1]  # fmt: skip
    print_table("Not first", ("case", "truth", "first", "rank", "score"), wrong)


def outside(folder: Path | None, draws: int, seed: int, form: str) -> None:
    """Print how often the warning outside the model fires."""
    reasoner = shipped_reasoner()
    rates = [simulated_rate(reasoner, draws, seed)] if draws else []
    if folder is not None:
        rates.append(packet_rate(reasoner, folder))
    if form == "json":
        print_json([{"cases": r.name, "n": r.n, "warned": r.warned, "share": r.share}
                    for r in rates])  # fmt: skip
        return
    rows = [(r.name, str(r.n), str(r.warned), f"{r.share:.1%}") for r in rates]
    print_table("Said to lie outside the model", ("case", "n", "warned", "share"), rows)


def influence(network: str | None, draws: int, seed: int, form: str) -> None:
    """Print the figures of the shipped knowledge base, the most influential first."""
    if network is not None:
        raise FormatError("--influence: expected no network file; it ranks the shipped figures")
    found = figure_influence(shipped_reasoner(), shipped_knowledge(), draws, seed)
    if form == "json":
        print(found.to_json())
        return
    columns = found.columns()
    rows = [
        (figure, f"{db:.3f}", f"{share:.0%}", source, grade, str(studies))
        for figure, db, share, source, grade, studies in zip(*columns.values(), strict=True)
    ][:INFLUENTIAL]
    names = ("figure", "influence (dB)", "cumulative", "source", "grade", "studies")
    print_table(found.title(), names, rows)
    counts = {k: v for k, v in found.summary().items() if isinstance(v, int)}
    say(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in counts.items()))
