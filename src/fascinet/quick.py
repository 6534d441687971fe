"""Case commands and queries without the full parser, whose import takes longer than the answer.

Only plain, complete arguments are understood here. Anything else (help, an abbreviation, an
unknown option, a missing value) is left to `fascinet.cli`, which says what is wrong.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fascinet.cli_errors import be_quiet, guarded

VALUE, MANY = "value", "many"
CASE = {"finding": MANY, "setting": VALUE, "do": MANY, "format": VALUE}
REPORT = {"network": VALUE, "report": VALUE}
COMMANDS: dict[str, dict[str, str]] = {
    "diagnose": CASE | {"rank": VALUE},
    "next": CASE | REPORT | {"target": VALUE},
    "explain": CASE | REPORT | {"target": VALUE, "against": VALUE},
    "sensitivity": CASE | REPORT | {"target": VALUE, "reach": VALUE},
    "whatif": CASE | REPORT,
    "query": {"finding": MANY, "do": MANY, "evidence": VALUE, "targets": VALUE, "format": VALUE},
}
SHORT = {"-f": "--finding"}
DEFAULTS = {"rank": "responsibility", "format": "table"}
FORMATS = ("table", "json")
NAMES = {"finding": "findings", "format": "form"}


def answer(arguments: Sequence[str]) -> int | None:
    """Run such a command; return its exit code, or None if the full parser is needed."""
    quiet = arguments[:1] in (["--quiet"], ["-q"])
    rest = arguments[1:] if quiet else arguments
    given = parse(rest)
    if given is None:
        return None

    def work() -> None:
        be_quiet(quiet)
        command = _command(rest[0])
        command(**given)

    return guarded(work)


def _command(name: str) -> Callable[..., None]:
    if name == "query":
        from fascinet.cli_network import query

        return query
    from fascinet import cli_case

    return getattr(cli_case, "next_" if name == "next" else name)


def parse(arguments: Sequence[str]) -> dict[str, Any] | None:
    """Return the arguments of such a command by name; None if they are not plain.

    >>> parse(["next", "-f", "weakness=objective"])["findings"]
    ['weakness=objective']
    >>> parse(["diagnose", "--help"]) is None
    True
    """
    if not arguments or arguments[0] not in COMMANDS:
        return None
    kinds = COMMANDS[arguments[0]]
    found: dict[str, Any] = {n: DEFAULTS.get(n) if k == VALUE else [] for n, k in kinds.items()}
    cases: list[str] = []
    rest = list(arguments[1:])
    while rest:
        token = rest.pop(0)
        if token == "-" or not token.startswith("-"):
            cases.append(token)
            continue
        name, mark, value = SHORT.get(token, token).partition("=")
        kind = kinds.get(name.removeprefix("--")) if name.startswith("--") else None
        if kind is None or not (mark or rest):
            return None
        value = value if mark else rest.pop(0)
        if kind == MANY:
            found[name[2:]].append(value)
        else:
            found[name[2:]] = value
    subject = "network" if arguments[0] == "query" else "case"
    is_whole = len(cases) == 1 or (subject == "case" and not cases)
    if not is_whole or found["format"] not in FORMATS:
        return None
    named = {NAMES.get(name, name): value for name, value in found.items()}
    return named | {subject: cases[0] if cases else None}
