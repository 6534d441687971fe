"""Reading and writing network files, beside the readers of pyAgrum and pgmpy."""

import logging
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.clock import shortest
from benchmarks.networks import FOLDER
from fascinet.model.formats import read, write

SUFFIXES = (".bif", ".xmlbif", ".net", ".xdsl", ".uai", ".json")
NAMES = ("alarm", "hepar2", "munin1", "munin")
PYAGRUM = {".bif": ".bif", ".xmlbif": ".bifxml", ".net": ".net"}
SLOW, MOST = (".bif", ".net"), 100
"""pgmpy's grammars of these are asked for networks of up to so many variables only: a thousand
take them minutes."""
Row = dict[str, Any]


def formats(folder: Path = FOLDER, names: tuple[str, ...] = NAMES) -> list[Row]:
    """Return CPU time to write and read each format, ours and the peers'."""
    logging.getLogger("pgmpy").setLevel(logging.ERROR)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as place:
        warnings.simplefilter("ignore")
        return [row(n, s, folder, Path(place)) for n in names for s in SUFFIXES]


def row(name: str, suffix: str, folder: Path, place: Path) -> Row:
    """Return the times of one network in one format."""
    network = read(folder / f"{name}.bif.gz")
    path = place / f"{name}{PYAGRUM.get(suffix, suffix)}"
    found: Row = {
        "network": name,
        "variables": len(network.variables),
        "format": suffix,
        "write_ms": 1e3 * shortest(lambda: write(network, path), 3, 0.0),
        "read_ms": 1e3 * shortest(lambda: read(path), 3, 0.0),
    }
    patient = suffix in SLOW and len(network.variables) > MOST
    found["pyagrum_read_ms"] = peer(pyagrum_reader(suffix), path)
    found["pgmpy_read_ms"] = None if patient else peer(pgmpy_reader(suffix), path)
    return found


def peer(reader: Callable[[str], Any] | None, path: Path) -> float | None:
    """Return CPU milliseconds of a peer's reader; None where it has none or refuses the file."""
    if reader is None:
        return None
    try:
        return 1e3 * shortest(lambda: reader(str(path)), 2, 0.0)
    except Exception as error:  # whatever a peer raises on a file it cannot read
        print(f"{path.name}: {type(error).__name__}: {str(error)[:80]}")
        return None


def pyagrum_reader(suffix: str) -> Callable[[str], Any] | None:
    """Return pyAgrum's reader, if it reads what we write as we mean it."""
    if suffix not in PYAGRUM:
        return None
    import pyagrum

    return pyagrum.loadBN


def pgmpy_reader(suffix: str) -> Callable[[str], Any] | None:
    """Return pgmpy's reader, if it reads what we write as we mean it."""
    from pgmpy.readwrite import BIFReader, NETReader, XDSLReader, XMLBIFReader

    known = {".bif": BIFReader, ".xmlbif": XMLBIFReader, ".net": NETReader, ".xdsl": XDSLReader}
    reader = known.get(suffix)
    return None if reader is None else lambda path: reader(path).get_model()
