"""The command that lists what can be entered, and finds it by everyday words."""

from fascinet.cli_output import print_json, print_table, say
from fascinet.model.find import Entry, Match, find
from fascinet.model.find import findings as entries

SHOWN = 15


def findings(words: str, form: str) -> None:
    """Print all findings, or those that the words may mean."""
    found = find(words, SHOWN) if words.strip() else entries()
    if form == "json":
        print_json(found.to_dicts())
        return
    if not found:
        say(f"nothing found for {words!r}")
        return
    title = f"Findings for {words!r}" if words.strip() else "What can be entered"
    print_table(title, ("finding", "label", "matched" if words.strip() else "section"),
                [_row(record) for record in found])  # fmt: skip


def _row(record: Match | Entry) -> tuple[str, str, str]:
    if isinstance(record, Match):
        return f"{record.variable}={record.state}", record.label, record.words
    return f"{record.variable}={'|'.join(record.states)}", record.label, record.section
