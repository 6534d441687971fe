"""Write the figures in the tables of the lesson plans anew, after the knowledge base has changed.

    python -m tools.lesson_tables

The link says which case a lesson tells, the head of its table which cause it follows. The prose
is the teacher's: read it again where a figure has moved.
"""

import re
from pathlib import Path
from urllib.parse import unquote

from fascinet.dashboard import service
from fascinet.dashboard.links import from_link
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.views.present import Talk, told_from
from fascinet.dashboard.words import percent
from fascinet.engine.teaching.weights import independent

FOLDER = Path(__file__).parents[1] / "docs" / "teaching"
LINK = re.compile(r"`/present\?s=(\w+)&e=([^`&]+)&follow=(\w+)`")
TABLE = re.compile(
    r"^(?P<head>\| told \| (?:P\(`(?P<a>\w+)`\)|`(?P<b>\w+)`, of 100,000) \|.*\n\|.*\|\n)"
    r"(?P<rows>(?:\|.*\|\n)+)", re.MULTILINE,
)  # fmt: skip


def lessons() -> list[Path]:
    """Return the lesson plans."""
    return sorted(p for p in FOLDER.glob("*.md") if p.stem != "index")


def talk_of(text: str) -> Talk:
    """Return the case that a lesson tells."""
    setting, codes, follow = LINK.findall(text)[0]
    link = {"s": setting, "e": unquote(codes)}
    case, messages = from_link(link, service.resources().catalogue.states)
    if messages:
        raise ValueError(messages[0])
    talk = told_from("lesson", case)
    talk.focus = follow
    return talk


def rewritten(text: str) -> str:
    """Return a lesson with the figures of its table as the network has them now."""
    found = TABLE.search(text)
    if found is None:
        raise ValueError("no table of the form | told | P(`cause`) | ratios multiplied |")
    cause, talk = found["a"] or found["b"], talk_of(text)
    if talk.focus != cause:
        raise ValueError(f"the link follows {talk.focus}, the table {cause}")
    rows = ""
    for k in range(len(talk.steps) + 1):
        known = talk.known(k)
        name = describe(*talk.steps[k - 1]) if k else "the story"
        told = (rooms().belief(known)[cause], independent(rooms(), known, cause))
        figures = [f"{round(1e5 * p):,}" if found["b"] else percent(p) for p in told]
        rows += f"| {' | '.join([name, *figures])} |\n"
    return text[: found.start("rows")] + rows + text[found.end("rows") :]


if __name__ == "__main__":
    for path in lessons():
        path.write_text(rewritten(path.read_text()))
