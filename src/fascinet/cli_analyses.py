"""`fascinet diff`: what two versions of the knowledge base say differently."""

from pathlib import Path

from fascinet.cli_output import print_json, print_table, say
from fascinet.engine.clinic.difference import Difference, compare
from fascinet.model.errors import FormatError
from fascinet.model.load import load_knowledge

SHOWN = 15


def diff(old: Path, new: Path, form: str) -> None:
    """Compare two folders of data on the composed cases."""
    for folder in (old, new):
        if not folder.is_dir():
            raise FormatError(f"{folder}: expected a folder with a knowledge base")
    found = compare(load_knowledge(old), load_knowledge(new))
    if form == "json":
        rows = found.to_frame().to_dict(orient="records")
        print_json({**found.summary(), "cases": rows})
        return
    show(found)


def show(found: Difference) -> None:
    """Print a difference for people."""
    say(found.title())
    for change in found.figures[:SHOWN]:
        say(f"  {change.where}: {_figure(change.old)} → {_figure(change.new)}")
    if len(found.figures) > SHOWN:
        say(f"  … and {len(found.figures) - SHOWN} more")
    if found.figures and not found.variables:
        say("  No gate differs: after a change of priors, run tools/refit_priors.py.")
    rows = [
        (c.case, "yes" if c.moved else "", c.old[0].replace("_", " "),
         c.new[0].replace("_", " "), c.leader.replace("_", " "), f"{c.change_db:+.2f}",
         ", ".join(f"{v} {x:+.1f}" for v, x in list(c.by.items())[:3]))
        for c in found.cases
    ]  # fmt: skip
    columns = ("case", "moved", "first_before", "first_now", "cause", "dB", "by")
    print_table("Composed cases under both versions", columns, rows)


def _figure(figure: dict[str, object] | None) -> str:
    if figure is None:
        return "nothing"
    return str(figure.get("p", figure.get("value", figure)))
