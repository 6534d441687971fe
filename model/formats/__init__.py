"""Network files in and out: `read(path)`, `write(network, path)`, one file a format.

The suffix names the format; ``.gz`` after it packs the file. A format is one module with
``parse(text, file) -> Network`` and ``render(network) -> str``, and one entry below.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fascinet.model.arguments import mapping_of
from fascinet.model.errors import FormatError, OptionError, shown
from fascinet.model.formats import bif, hugin, json_format, uai, xdsl, xmlbif
from fascinet.model.formats.common import FormatWarning, losses, warn
from fascinet.model.formats.continuous import Cuts
from fascinet.model.formats.divorce import Divorced, divorced
from fascinet.model.formats.files import read_text, write_text
from fascinet.model.network import Network

__all__ = ["FORMATS", "Format", "FormatWarning", "format_of", "read", "read_evidence", "write"]


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes
    ----------
    name : str
        As shown in messages.
    suffixes : tuple of str
        File endings, with dot; the first is the usual one.
    parse : callable
        ``(text, file) -> Network``; `file` is for messages.
    render : callable
        ``(network) -> str``.
    keeps : frozenset of str
        What it holds beyond full tables (see `losses`).
    cuts : bool
        Whether it holds continuous nodes; `parse` then takes cut points, too.
    """

    name: str
    suffixes: tuple[str, ...]
    parse: Callable[..., Network]
    render: Callable[[Network], str]
    keeps: frozenset[str] = frozenset()
    cuts: bool = False


NAMED = frozenset({"names", "version", "text"})
GATES = frozenset({"noisy_max", "function"})
KNOWN = (
    Format("BIF", (".bif",), bif.parse, bif.render, NAMED),
    Format("XMLBIF", (".xmlbif", ".bifxml", ".xml"), xmlbif.parse, xmlbif.render, NAMED),
    Format("UAI", (".uai",), uai.parse, uai.render),
    Format("HUGIN .net", (".net", ".oobn"), hugin.parse, hugin.render, NAMED, True),
    Format("GeNIe .xdsl", (".xdsl",), xdsl.parse, xdsl.render, NAMED | GATES, True),
    Format("JSON", (".json",), json_format.parse, json_format.render, NAMED | GATES | {"meta"}),
)
FORMATS: dict[str, Format] = {suffix: form for form in KNOWN for suffix in form.suffixes}


def format_of(path: str | Path) -> Format:
    """Return the format that the file's name says.

    Raises
    ------
    OptionError
        If the suffix names none.
    """
    if not isinstance(path, str | Path):  # pyright: ignore  (called from scripts too)
        raise FormatError(f"network file: expected a path, got {type(path).__name__}")
    name = Path(path).name
    suffix = Path(name[:-3] if name.lower().endswith(".gz") else name).suffix.lower()
    if suffix == ".evid":
        raise FormatError(f"{path}: UAI evidence is no network: give it beside one, as evidence")
    if suffix not in FORMATS:
        raise OptionError(f"format of {shown(str(path), 200)} with suffix", suffix, FORMATS)
    return FORMATS[suffix]


def read(path: str | Path, encoding: str | None = None, cuts: Cuts | None = None) -> Network:
    """Read a network; the suffix names the format.

    Parameters
    ----------
    path : str or Path
        Ends in one of `FORMATS`, and in ``.gz`` after it if packed, in letters of either case.
    encoding : str, optional
        Of the text ("latin-1", "cp1252"); by default UTF-8, or what the file itself says.
    cuts : mapping of name to increasing numbers, or to a number of quantiles, optional
        Where continuous nodes of HUGIN and GeNIe are cut into states.

    Raises
    ------
    OptionError
        If the suffix names no format, or `cuts` what is no continuous node.
    FormatError
        With file and line, if the file cannot be read or is not a Bayesian network.

    Warns
    -----
    FormatWarning
        Once, if rows off by up to 1e-3 were renormalised; and of what cutting loses.
    """
    form, path = format_of(path), Path(path)
    if cuts and not form.cuts:
        raise FormatError(f"{path}: cuts: {form.name} has no continuous nodes")
    more = (
        (mapping_of("cuts", cuts, "name to cut points"),) if cuts is not None and form.cuts else ()
    )
    network = form.parse(read_text(path, encoding), str(path), *more)
    if network.name:
        return network
    return network.replace(name=re.sub(r"\.gz$", "", path.name, flags=re.I).rpartition(".")[0])


def read_evidence(path: str | Path, network: Network) -> Mapping[str, str]:
    """Return the findings of a UAI evidence file (.evid, also .gz) on a network read from UAI.

    Raises
    ------
    FormatError
        If the file cannot be read, or names what the network does not have.
    """
    return uai.parse_evidence(read_text(Path(path)), str(path), network)


def write(network: Network, path: str | Path) -> None:
    """Write a network; the suffix names the format. The file is replaced whole or not at all.

    Where the format has tables only, noisy-MAX gates of more than 4,096 entries become exact
    chains of small tables over auxiliary variables (see `fascinet.model.formats.divorce`).

    Raises
    ------
    OptionError
        If the suffix names no format.
    FormatError
        If a function's full table is too large for the format, or the file cannot be written.

    Warns
    -----
    FormatWarning
        Once, naming everything that the format cannot hold.
    """
    form = format_of(path)
    written = Divorced(network, {}) if "noisy_max" in form.keeps else divorced(network)
    text = form.render(written.network)
    lost = losses(network, form.keeps, written.chains)
    write_text(Path(path), text)
    if lost:
        warn(f"{path}: {form.name} cannot hold " + "; ".join(lost))
