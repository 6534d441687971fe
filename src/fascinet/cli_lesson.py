"""The group of commands on teaching cases; their work is in `cli_lesson_work`."""

from pathlib import Path
from typing import Annotated

import typer

from fascinet.cli_options import Format, FormatOption

lesson = typer.Typer(
    name="lesson", help="Teaching cases: check them, keep them in your library, hand them out.",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip
LessonArgument = Annotated[
    str, typer.Argument(metavar="CASE", help="A case file in YAML or JSON, or one of the library.")
]


@lesson.command("list")
def lesson_list(format: FormatOption = Format.table) -> None:
    """List the cases of your library."""
    from fascinet.cli_lesson_work import list_

    list_(format)


@lesson.command("check")
def lesson_check(case: LessonArgument, format: FormatOption = Format.table) -> None:
    """Say where a case points after each step, and whether its findings go together."""
    from fascinet.cli_lesson_work import check

    check(case, format)


@lesson.command("save")
def lesson_save(
    case: LessonArgument,
    replace: Annotated[
        str | None, typer.Option(metavar="NAME", help="The file of the library to replace.")
    ] = None,
) -> None:
    """Check a case and keep it in your library."""
    from fascinet.cli_lesson_work import save

    save(case, replace)


@lesson.command("delete")
def lesson_delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A file of the library.")],
) -> None:
    """Delete a case of your library."""
    from fascinet.cli_lesson_work import delete

    delete(name)


@lesson.command("handout")
def lesson_handout(
    case: LessonArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A file in .html or .pdf.")],
    answers: Annotated[bool, typer.Option("--answers", help="Write the answer sheet.")] = False,
) -> None:
    """Write the handout of a case, or its answer sheet."""
    from fascinet.cli_lesson_work import handout

    handout(case, out, answers=answers)
