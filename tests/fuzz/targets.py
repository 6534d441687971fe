"""The readers, each given the bytes of a file as its user would give the file."""

import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fascinet.cohort.tables import read_table
from fascinet.engine.clinic.evaluate import read_truth
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.errors import FascinetError
from fascinet.model.formats import read, read_evidence
from fascinet.model.load import load_knowledge, shipped_folder
from fascinet.model.validate import check

CORPUS = Path(__file__).parents[1] / "data" / "fuzz"
NETWORKS = Path(__file__).parents[1] / "data" / "networks"


def network(path: Path) -> None:
    """Read a network file."""
    found = read(path)
    for v in found.variables:
        found.states(v)


def evidence(path: Path) -> None:
    """Read a UAI evidence file."""
    read_evidence(path, _asia())


def case(path: Path) -> None:
    """Read a case, native or a Phenopacket, and answer it now and then."""
    shipped_reasoner().read(path, strict=False)


def truth(path: Path) -> None:
    """Read a table of answers."""
    read_truth(path)


def table(path: Path) -> None:
    """Read a table of cases."""
    read_table(path)


def knowledge(path: Path) -> None:
    """Check and load a knowledge base in which one file is this one."""
    folder = Path(_folder().name)
    name = path.name.replace("+", "/")
    place = folder / name
    kept = place.read_bytes()
    try:
        shutil.copyfile(path, place)
        problems = [issue for issue in check(folder) if issue.level == "error"]
        assert all("\n" not in str(issue) for issue in problems)
        load_knowledge.__globals__["_load"].cache_clear()
        load_knowledge(folder)
    finally:
        place.write_bytes(kept)


@lru_cache(maxsize=1)
def _asia():
    return read(NETWORKS / "asia.bif.gz")


@lru_cache(maxsize=1)
def _folder() -> TemporaryDirectory[str]:
    """Return a copy of the knowledge base, which goes when the process ends."""
    folder = TemporaryDirectory(prefix="fuzz-knowledge-")
    ignored = shutil.ignore_patterns("cases", "*.py", "__pycache__")
    shutil.copytree(shipped_folder(), folder.name, dirs_exist_ok=True, ignore=ignored)
    return folder


Target = Callable[[Path], None]
TARGETS: dict[str, Target] = {
    "network": network, "evidence": evidence, "case": case, "truth": truth, "table": table,
    "knowledge": knowledge,
}  # fmt: skip
ERRORS = (FascinetError,)


def seeds(name: str) -> dict[str, bytes]:
    """Return the files that a target starts from: the kept corpus, or the shipped knowledge."""
    if name == "knowledge":
        root = shipped_folder()
        found = [*root.glob("*.yaml"), *root.glob("causes/a*.yaml"), root / "sources.bib"]
        found.append(root / "hpo_unmapped.csv")
        return {p.relative_to(root).as_posix().replace("/", "+"): p.read_bytes() for p in found}
    return {p.name: p.read_bytes() for p in sorted((CORPUS / name).glob("*"))}
