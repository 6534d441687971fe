"""Commands and errors of the command line. Each command's work is in `cli_*`.

Results go to standard output, messages to standard error. Every error is one line, exit code 2.
"""

from pathlib import Path
from typing import Annotated

import typer

from fascinet import __version__
from fascinet.cli_complete import complete_network
from fascinet.cli_errors import STOPPED, be_quiet, complain, guarded, stopped
from fascinet.cli_lesson import lesson
from fascinet.cli_options import (
    CaseArgument,
    DoOption,
    FindingOption,
    Format,
    FormatOption,
    NetworkOption,
    RankOption,
    SettingOption,
    TargetOption,
    report_option,
)
from fascinet.model.errors import FascinetError

app = typer.Typer(
    name="fascinet",
    help="Exact, explained differential reasoning. For teaching; not for the care of a patient.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(lesson)


def _version(wanted: bool) -> None:
    if wanted:
        from fascinet.engine.core import BUILD, NUMPY

        print(f"fascinet {__version__} ({'NumPy' if BUILD == NUMPY else f'core {BUILD}'})")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Show the version, and which build of the core answers.",
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only results and errors.")
    ] = False,
) -> None:
    """Exact, explained differential reasoning. For teaching; not for the care of a patient."""
    be_quiet(quiet)


@app.command()
def diagnose(
    case: CaseArgument = None,
    finding: FindingOption = None,
    setting: SettingOption = None,
    do: DoOption = None,
    rank: RankOption = "responsibility",
    format: FormatOption = Format.table,
) -> None:
    """Rank the causes of a case."""
    from fascinet.cli_case import diagnose

    diagnose(case, finding, setting, do, rank, format)


@app.command()
def explain(
    case: CaseArgument = None,
    finding: FindingOption = None,
    setting: SettingOption = None,
    do: DoOption = None,
    target: TargetOption = None,
    format: FormatOption = Format.table,
    against: Annotated[str | None, typer.Option(help="CAUSE=STATE to contrast it with.")] = None,
    network: NetworkOption = None,
    report: Annotated[
        str | None, report_option("weights, contrast, conflict, rarity, joint, mechanisms")
    ] = None,
) -> None:
    """Show how strongly each finding supports or opposes a cause."""
    from fascinet.cli_case import explain

    explain(case, finding, setting, do, target, format, against, network, report)


@app.command("next")
def next_(
    case: CaseArgument = None,
    finding: FindingOption = None,
    setting: SettingOption = None,
    do: DoOption = None,
    format: FormatOption = Format.table,
    target: Annotated[str | None, typer.Option(help="What to learn about.")] = None,
    network: NetworkOption = None,
    report: Annotated[str | None, report_option("tests, pairs, policy, utility, actions")] = None,
) -> None:
    """Rank questions and tests by expected information."""
    from fascinet.cli_case import next_

    next_(case, finding, setting, do, format, target, network, report)


@app.command()
def whatif(
    case: CaseArgument = None,
    finding: FindingOption = None,
    setting: SettingOption = None,
    do: DoOption = None,
    format: FormatOption = Format.table,
    network: NetworkOption = None,
    report: Annotated[str | None, report_option("compare, causes")] = None,
) -> None:
    """Compare a case with the same case under --do: what would change."""
    from fascinet.cli_case import whatif

    whatif(case, finding, setting, do, format, network, report)


@app.command()
def sensitivity(
    case: CaseArgument = None,
    finding: FindingOption = None,
    setting: SettingOption = None,
    do: DoOption = None,
    target: TargetOption = None,
    format: FormatOption = Format.table,
    reach: Annotated[str | None, typer.Option(help="The probability that it should reach.")] = None,
    network: NetworkOption = None,
    report: Annotated[
        str | None, report_option("parameters, intervals, poorly_sourced, changes, reach")
    ] = None,
) -> None:
    """Show how strongly a posterior depends on each parameter."""
    from fascinet.cli_case import sensitivity

    sensitivity(case, finding, setting, do, target, format, reach, network, report)


@app.command()
def findings(
    words: Annotated[
        list[str] | None, typer.Argument(help="What to look for: water pill, low potassium, …")
    ] = None,
    format: FormatOption = Format.table,
) -> None:
    """List what can be entered in a case, or find it by everyday words."""
    from fascinet.cli_find import findings

    findings(" ".join(words or ()), format)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A folder with a knowledge base.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Another version of it.")],
    format: FormatOption = Format.table,
) -> None:
    """Compare two knowledge bases: which teaching cases change rank, and why."""
    from fascinet.cli_analyses import diff

    diff(old, new, format)


@app.command()
def query(
    network: Annotated[
        str,
        typer.Argument(
            help="A network file, an example (asia, cancer, child, alarm), or 'shipped'.",
            autocompletion=complete_network,
        ),
    ],
    finding: FindingOption = None,
    do: DoOption = None,
    evidence: Annotated[
        str | None, typer.Option(help="JSON or UAI .evid file of evidence, or -.")
    ] = None,
    targets: Annotated[str | None, typer.Option(help="Variables, separated by commas.")] = None,
    format: FormatOption = Format.table,
) -> None:
    """Compute posteriors in any network."""
    from fascinet.cli_network import query

    query(network, evidence, targets, format, finding, do)


@app.command()
def ask(
    question: Annotated[
        str,
        typer.Argument(help='"EVENT | CONDITION", such as "als=yes or ms=yes | weakness=none".'),
    ],
    network: NetworkOption = None,
    against: Annotated[
        str | None, typer.Option(help="Another condition: compare the two risks.")
    ] = None,
    format: FormatOption = Format.table,
) -> None:
    """Compute the probability of states joined by and, or, not."""
    from fascinet.cli_ask import ask

    ask(question, network, against, format)


@app.command()
def cohort(
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="Table of findings (csv, tsv, parquet), or a folder."),
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Table to write: csv, tsv or parquet.")
    ],
    network: NetworkOption = None,
    targets: Annotated[str | None, typer.Option(help="Variables, separated by commas.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a dask scheduler.")] = None,
    carry: Annotated[
        list[str] | None, typer.Option(help="A column that is no variable: copy it unchanged.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="YAML: how columns of codes and numbers are read.")
    ] = None,
    add: Annotated[
        str | None,
        typer.Option(help="More columns: differential, red_flags, conflict, intervals."),
    ] = None,
    top: Annotated[int, typer.Option(help="Causes of the differential.")] = 3,
    processes: Annotated[int, typer.Option(help="Processes that answer.")] = 1,
    block: Annotated[int | None, typer.Option(help="Rows at a time (bounds the memory).")] = None,
) -> None:
    """Compute posteriors for a table of cases, one per row; blank cells are unknown.

    After a crash the same command goes on where it stopped.
    """
    from fascinet.cli_cohort import cohort

    cohort(source, out, network, targets, scheduler, carry, mapping, add, top, processes, block)


@app.command()
def learn(
    network: Annotated[
        str,
        typer.Argument(
            help="A network file or an example's name.", autocompletion=complete_network
        ),
    ],
    source: Annotated[
        Path, typer.Argument(metavar="DATA", help="Table of cases: csv, tsv or parquet.")
    ],
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="The network to write; of 'shipped', or a new folder."),
    ],
    variables: Annotated[
        str | None, typer.Option(help="Learn these alone, separated by commas.")
    ] = None,
    sample_size: Annotated[
        float, typer.Option(help="Cases that a row of figures without a range is worth.")
    ] = 1.0,
    fading: Annotated[
        float, typer.Option(help="Share of its worth that a range keeps, 0 to 1.")
    ] = 1.0,
    carry: Annotated[
        list[str] | None, typer.Option(help="A column to leave out, whatever its name.")
    ] = None,
    changes: Annotated[
        Path | None, typer.Option(help="Write every figure, before and after, as csv.")
    ] = None,
    format: FormatOption = Format.table,
) -> None:
    """Learn the figures of a network from a table of cases; blank cells are unknown."""
    from fascinet.cli_learn import learn_figures

    learn_figures(network, source, out, variables, sample_size, fading, carry, changes, format)


@app.command()
def solve(
    diagram: Annotated[
        Path, typer.Argument(help="An influence diagram: .json, .xdsl, .net or .xmlbif.")
    ],
    finding: FindingOption = None,
    value_of: Annotated[
        str | None, typer.Option("--value-of", help="A decision: what observing more is worth.")
    ] = None,
    control: Annotated[
        bool, typer.Option("--control", help="What setting each variable is worth.")
    ] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="At which figures a decision changes.")
    ] = False,
    format: FormatOption = Format.table,
) -> None:
    """Find the best policy of every decision in an influence diagram."""
    from fascinet.cli_solve import solve_diagram

    solve_diagram(diagram, finding, value_of, control, sensitivity, format)


@app.command()
def simulate(
    cases: Annotated[int, typer.Argument(help="How many.")],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Table to write: csv, tsv or parquet.")
    ],
    network: NetworkOption = None,
    finding: FindingOption = None,
    do: DoOption = None,
    missing: Annotated[float, typer.Option(help="Share of cells left blank, 0 to 1.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
) -> None:
    """Draw cases from a network, all with the given findings."""
    from fascinet.cli_simulate import simulate_cases

    simulate_cases(cases, out, network, finding, do, missing, seed)


@app.command()
def audit(
    source: Annotated[
        Path, typer.Argument(metavar="CASES", help="Table of cases: csv, tsv or parquet.")
    ],
    event: Annotated[str, typer.Argument(metavar="NAME=STATE", help="What is forecast.")],
    network: NetworkOption = None,
    groups: Annotated[
        str | None, typer.Option(help="Columns that make subgroups, separated by commas.")
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(help="Variables not to forecast by, separated by commas.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write a page with charts: .html, .svg or .png.")
    ] = None,
    carry: Annotated[
        list[str] | None, typer.Option(help="A column to leave out, whatever its name.")
    ] = None,
    format: FormatOption = Format.table,
) -> None:
    """Hold a network against cases with a known outcome: calibration, discrimination, monitors."""
    from fascinet.cli_audit import audit_cases

    audit_cases(source, event, network, groups, ignore, page, carry, format)


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="packets/*.json and truth.csv.")],
    rank: RankOption = "responsibility",
    setting: SettingOption = None,
    blank_tests: Annotated[bool, typer.Option(help="Leave out all test results.")] = False,
    format: FormatOption = Format.table,
) -> None:
    """Score the differential on published cases."""
    from fascinet.cli_batch import evaluate

    evaluate(folder, rank, setting, blank_tests, format)


@app.command()
def outside(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Cases of other diseases, *.json.")
    ] = None,
    draws: Annotated[int, typer.Option(help="Simulated cases; 0 for none.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the simulated cases.")] = 0,
    format: FormatOption = Format.table,
) -> None:
    """Count how often the warning outside the model fires: simulated cases, and those of DIR."""
    from fascinet.cli_batch import outside

    outside(folder, draws, seed, format)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A network file.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of IN, such as latin-1; UTF-8 by default.")
    ] = None,
) -> None:
    """Convert a network between formats, named by the suffix."""
    from fascinet.cli_network import convert

    convert(source, out, encoding)


@app.command()
def info(
    network: Annotated[
        str | None,
        typer.Argument(
            help="A network file or an example's name; default: the shipped network.",
            autocompletion=complete_network,
        ),
    ] = None,
    influence: Annotated[
        bool, typer.Option("--influence", help="Rank the figures of the knowledge base.")
    ] = False,
    draws: Annotated[int, typer.Option(help="Simulated cases of each setting.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the simulated cases.")] = 0,
    format: FormatOption = Format.table,
) -> None:
    """Describe a network, or rank the figures behind the shipped one by influence."""
    if influence:
        from fascinet.cli_batch import influence as rank

        rank(network, draws, seed, format)
        return
    from fascinet.cli_network import info

    info(network, format)


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A knowledge base.")] = None,
    format: FormatOption = Format.table,
) -> None:
    """Check a knowledge base; list every issue with its place and remedy."""
    from fascinet.cli_network import check

    check(folder, format)


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
    phones: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Let students' phones join a class: lan, or an address of this machine.",
        ),
    ] = "",
    phones_port: Annotated[
        int | None, typer.Option(help="Port for the phones; default: PORT + 1.")
    ] = None,
) -> None:
    """Serve the dashboard on 127.0.0.1; with --phones the students' pages on the network, too."""
    from fascinet.cli_network import dashboard

    dashboard(port, headless, phones, phones_port)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address; beyond this machine needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="TCP port.")] = 8000,
    network: NetworkOption = None,
    threads: Annotated[int, typer.Option(help="Answers worked on at a time.")] = 2,
    seconds: Annotated[float, typer.Option(help="Most time of an answer.")] = 20.0,
    megabytes: Annotated[float, typer.Option(help="Most size of a request.")] = 1.0,
    processes: Annotated[int, typer.Option(help="Processes that answer.")] = 1,
) -> None:
    """Answer by HTTP; a token in FASCINET_TOKEN is then asked of every request."""
    from fascinet.cli_serve import serve

    serve(host, port, network, threads, seconds, megabytes, processes)


def run(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    return guarded(lambda: _parsed(arguments))


def _parsed(arguments: list[str]) -> int | None:
    try:
        code = app(arguments, prog_name="fascinet", standalone_mode=False)
    except typer.Abort:
        return stopped()
    except (FascinetError, OSError, MemoryError):
        raise
    except Exception as error:
        # usage errors: typer brings its own copy of click, so they are known by what they can do
        explain = getattr(error, "format_message", None)
        if explain is None:
            raise
        return complain(_usage(error, explain()))
    return stopped() if code == STOPPED else code


def _usage(error: Exception, message: str) -> str:
    is_bare = type(error).__name__ == "NoArgsIsHelpError"
    return "expected a command; see fascinet --help" if is_bare else message
