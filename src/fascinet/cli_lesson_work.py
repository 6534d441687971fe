"""The commands on teaching cases: check one, keep it in the library, list, delete, hand out."""

from pathlib import Path
from typing import TYPE_CHECKING

from fascinet.cli_output import percent, print_json, print_table, say
from fascinet.model.atomic import reason, whole_file
from fascinet.model.errors import CaseError, FormatError, OptionError
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.teaching.case_file import TeachingCase
    from fascinet.engine.teaching.case_library import CaseLibrary

SHEETS = (".html", ".pdf")


def list_(form: str) -> None:
    """List the library."""
    library = _library()
    rows = [(k.name, k.title, k.problem) for k in library.entries()]
    if form == "json":
        print_json([dict(zip(("name", "title", "problem"), r, strict=True)) for r in rows])
    elif rows:
        print_table(f"Cases in {library.folder}", ("file", "title", "problem"), rows, ("problem",))
    else:
        say(f"no case is kept in {library.folder}")


def check(source: str, form: str) -> None:
    """Print where a case points after each step."""
    from fascinet.engine.teaching.case_file import check_case
    from fascinet.engine.teaching.words import name_of

    library = _library()
    case = _case(library, source)
    found = check_case(library.rooms, case)
    told = ["the story", *(f"{s.finding}={s.state}" for s in case.steps)]
    if form == "json":
        print_json([{"told": t, **vars(c)} for t, c in zip(told, found, strict=True)])
        return
    rows = [(t, percent(c.probability), name_of(library.rooms, c.leader),
             percent(c.leader_probability), f"{round(c.conflict, 2) + 0.0:.2f}")
            for t, c in zip(told, found, strict=True)]  # fmt: skip
    heads = ("told", f"P({case.cause})", "most probable", "its probability", "conflict")
    print_table(case.title, heads, rows)


def save(source: str, name: str | None) -> None:
    """Keep a case in the library once it is checked."""
    from fascinet.engine.teaching.case_file import check_case

    library = _library()
    case = _case(library, source)
    check_case(library.rooms, case)
    kept = library.save(case, name)
    say(f"kept as {kept} in {library.folder}: {counted(len(case.steps), 'step')}")


def delete(name: str) -> None:
    """Delete a case of the library."""
    library = _library()
    library.delete(name)
    say(f"deleted {name} from {library.folder}")


def handout(source: str, out: Path, *, answers: bool) -> None:
    """Write the handout of a case, or its answer sheet."""
    if out.suffix.lower() not in SHEETS:
        raise OptionError("suffix of OUT", out.suffix, SHEETS)
    case = _case(_library(), source)
    try:
        from fascinet.dashboard.teaching import handout as sheets
    except ImportError as error:
        raise FormatError(
            f"{error.name} is not installed: pip install 'fascinet[dashboard]'"
        ) from None
    is_pdf = out.suffix.lower() == ".pdf"
    data = sheets.pdf_of(case, answers=answers) if is_pdf else \
        sheets.html_of(case, answers=answers).encode()  # fmt: skip
    try:
        with whole_file(out) as part:
            part.write_bytes(data)
    except OSError as error:
        raise FormatError(f"{out}: cannot be written: {reason(error)}") from error


def _library() -> "CaseLibrary":
    try:
        from fascinet.engine.teaching.case_library import CaseLibrary
    except ImportError as error:
        raise FormatError(f"{error.name} is not installed: pip install 'fascinet[teaching]'") \
            from None  # fmt: skip
    from fascinet.engine.teaching.practice import practice

    return CaseLibrary(practice())


def _case(library: "CaseLibrary", source: str) -> "TeachingCase":
    """Return the case of a file, or of the library's file of that name."""
    from fascinet.engine.teaching.case_file import read_teaching_case

    path = Path(source)
    if not path.exists() and path.name == source:
        return library.read(source)
    try:
        return read_teaching_case(library.rooms, path.read_bytes(), path.name)
    except OSError as error:
        raise CaseError(f"{source}: cannot be read: {reason(error)}") from error
