"""Arguments and options that commands share."""

from enum import StrEnum
from typing import Annotated

import typer

from fascinet.cli_complete import RANKS, SETTINGS, complete_network, complete_pair, one_of


class Format(StrEnum):
    """How results are written."""

    table = "table"
    json = "json"


CaseArgument = Annotated[
    str | None,
    typer.Argument(help="A case or Phenopacket in JSON, or - for standard input."),
]
FindingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--finding", "-f", metavar="NAME=STATE", help="A finding.", autocompletion=complete_pair
    ),
]
SettingOption = Annotated[
    str | None,
    typer.Option(
        "--setting",
        help=f"Where the person is seen: {', '.join(SETTINGS)}; primary_care by default.",
        autocompletion=one_of(SETTINGS),
    ),
]
DoOption = Annotated[
    list[str] | None,
    typer.Option(
        "--do", metavar="NAME=STATE", help="An intervention.", autocompletion=complete_pair
    ),
]
RankOption = Annotated[
    str, typer.Option("--rank", help=f"{', '.join(RANKS)}.", autocompletion=one_of(RANKS))
]
FormatOption = Annotated[Format, typer.Option("--format", help="table or json.")]
TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="CAUSE or CAUSE=STATE; default: the first cause.",
        autocompletion=complete_pair,
    ),
]
NetworkOption = Annotated[
    str | None,
    typer.Option(
        "--network",
        help="A network file or an example's name, instead of the shipped network.",
        autocompletion=complete_network,
    ),
]


def report_option(names: str) -> typer.models.OptionInfo:
    """Return the option that picks one of several reports."""
    return typer.Option(
        "--report", help=f"{names}; the first by default.", autocompletion=one_of(names.split(", "))
    )
