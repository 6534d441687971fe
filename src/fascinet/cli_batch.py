"""The command `evaluate`."""

from pathlib import Path

<<<<<<< HEAD
from fascinet.cli_output import print_table
=======
from fascinet.cli_network import open_network, split_names
from fascinet.cli_output import print_json, print_table, say
>>>>>>> know
from fascinet.engine.clinic.evaluate import Evaluation
from fascinet.engine.clinic.figure_influence import figure_influence
from fascinet.engine.clinic.outside_rates import packet_rate, simulated_rate
from fascinet.engine.clinic.reasoner import shipped_reasoner
<<<<<<< HEAD
=======
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import FormatError, UnknownVariableError
from fascinet.model.shipped import shipped_knowledge

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 5000
INFLUENTIAL = 40
NOTE = (
    "low ranked: serious, not in the top three; reassured: serious, yet reassured; "
    "false alarm: benign, ALS or MS first; urgent: benign, with an urgent flag"
)
SUFFIXES = (".csv", ".parquet")
>>>>>>> know


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
        (name, str(m["n"]), f"{m['top1']:.0%}", f"{m['top3']:.0%}",
         f"{m['single_top1']:.0%}" if m["n_single"] else "-", f"{m['mean_log_score']:.2f}",
         f"{m['serious_low_ranked']:.0%}", f"{m['serious_reassured']:.0%}",
         f"{m['benign_false_alarm']:.0%}", f"{m['benign_urgent']:.0%}",
         f"{m['outside_warned']:.0%}")
        for name, m in parts.items()
    ]  # fmt: skip
    print_table("Published cases", columns, rows)
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
<<<<<<< HEAD
=======


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


def cohort(
    source: Path, out: Path, network: str | None, targets: str | None, scheduler: str | None
) -> None:
    """Write the posteriors of a table of cases; columns that are no variable are carried over."""
    save = writer_of(out)
    frame = read_table(source)
    engine = Engine(open_network(network))
    known = [c for c in frame.columns if c in engine.network.index]
    extra = [c for c in frame.columns if c not in engine.network.index]
    if not known:
        first = next(iter(frame.columns), "")
        raise UnknownVariableError(first, engine.network.variables)
    if extra:
        print(f"carried over, no variables: {', '.join(map(str, extra))}", file=sys.stderr)
    wanted = split_names(targets)
    import pandas as pd

    blocks = [frame[known].iloc[k : k + BLOCK] for k in range(0, len(frame), BLOCK)]
    parts = list(progress(answers(engine, blocks, wanted, scheduler), len(blocks)))
    found = pd.concat(parts) if parts else pd.DataFrame()
    try:
        save(pd.concat([frame[extra], found], axis=1), out)
    except OSError as error:
        raise FormatError(f"{out}: cannot be written: {error}") from None
    print(f"{out}: {len(found)} cases", file=sys.stderr)


def answers(
    engine: Engine,
    blocks: "Sequence[pd.DataFrame]",
    targets: list[str] | None,
    scheduler: str | None,
) -> "Iterator[pd.DataFrame]":
    """Yield the posteriors of each block, here or on the workers of a scheduler."""
    if scheduler is None:
        return (engine.posteriors(block, targets=targets) for block in blocks)
    from fascinet.cli_cluster import spread

    return spread(engine.network, blocks, targets, scheduler)


def read_table(path: Path) -> "pd.DataFrame":
    """Read a table by its suffix, every cell a text; blank cells are unknown."""
    import pandas as pd

    check_suffix(path, SUFFIXES)
    try:
        return pd.read_csv(path, dtype=str) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError, ImportError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: cannot be read: {error}") from None


def writer_of(path: Path) -> "Callable[[pd.DataFrame, Path], None]":
    """Return what writes a table by its suffix."""
    writers: dict[str, Callable[[pd.DataFrame, Path], None]] = {
        ".csv": lambda frame, p: frame.to_csv(p, index=False),
        ".parquet": lambda frame, p: frame.to_parquet(p, index=False),
    }
    check_suffix(path, writers)
    return writers[path.suffix]


def check_suffix(path: Path, known: "Iterable[str]") -> None:
    """Raise unless the suffix is a known one."""
    if path.suffix not in known:
        raise FormatError(f"{path}: expected a table in {' or '.join(known)}")


def progress(parts: "Iterator[pd.DataFrame]", count: int) -> "Iterator[pd.DataFrame]":
    """Yield the parts as they come, with a bar on standard error if a person looks on."""
    from rich.console import Console
    from rich.progress import track

    bar = Console(stderr=True)
    quiet = not sys.stderr.isatty()
    yield from track(parts, "cases", total=count, console=bar, disable=quiet, transient=True)
>>>>>>> know
