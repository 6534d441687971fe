"""The user's own library of teaching cases: one file a case, in a folder of theirs.

The folder is `cases` in the user's data folder, or what FASCINET_CASES names. A file is what
`read_teaching_case` reads, so that one written by hand in YAML lies beside those that the dashboard
saves. A save is whole or not at all; a file that cannot be read is listed with the reason.
"""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import platformdirs

from fascinet.engine.teaching.case_file import TeachingCase, read_teaching_case
from fascinet.engine.teaching.practice import Practice
from fascinet.model.atomic import reason, whole_file
from fascinet.model.errors import CaseError, FascinetError, OptionError

WHERE = "FASCINET_CASES"  # the environment's word for another folder than the user's own
NAME = re.compile(r"[^./\\][^/\\]{0,120}\.(json|yaml|yml)", re.I)  # of no other folder
LONGEST = 60  # letters of a title that make the name of its file
LARGEST = 1_000_000  # bytes of a file that is read


@dataclass(frozen=True)
class Kept:
    """One file of the library.

    Attributes
    ----------
    name : str
        Of the file.
    case : TeachingCase or None
        None for a file that cannot be read.
    problem : str
        Why it cannot be read.
    """

    name: str
    case: TeachingCase | None
    problem: str = ""

    @property
    def title(self) -> str:
        """The title, or the file's name where there is none."""
        return self.case.title if self.case else self.name


class CaseLibrary:
    """Keeps teaching cases as files.

    Parameters
    ----------
    rooms : Practice
        What the cases are checked against.
    folder : path, optional
        Default: FASCINET_CASES, else a folder in the user's data folder.
    """

    def __init__(self, rooms: Practice, folder: str | Path | None = None) -> None:
        self.rooms, self.folder = rooms, Path(folder) if folder else default_folder()

    def entries(self) -> tuple[Kept, ...]:
        """Return all files of the library by title, those that cannot be read among them.

        Raises
        ------
        CaseError
            If the folder is there and cannot be read.
        """
        with self._told("read"):
            paths = [p for p in self.folder.iterdir() if NAME.fullmatch(p.name)] \
                if self.folder.exists() else []  # fmt: skip
        return tuple(sorted(map(self._entry, paths), key=lambda k: (k.title.lower(), k.name)))

    def read(self, name: str) -> TeachingCase:
        """Return a case.

        Raises
        ------
        OptionError
            If there is none of this name, with the nearest.
        FascinetError
            What is wrong with its file.
        """
        return _read(self.rooms, self._path(name), self._stamp(name))

    def save(self, case: TeachingCase, name: str | None = None) -> str:
        """Keep a case whole or not at all; return the name of its file.

        Parameters
        ----------
        case : TeachingCase
        name : str, optional
            Of a file that it replaces; default: a new file named by the title.

        Raises
        ------
        CaseError
            If the folder cannot be written or the disk is full; what was there is still there.
        """
        with self._told("written"):
            self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / self._free(case.title) if name is None else self._path(name)
        with self._told("written"), whole_file(path) as part:
            part.write_text(case.to_json() + "\n", encoding="utf-8")
        return path.name

    def delete(self, name: str) -> None:
        """Delete a case.

        Raises
        ------
        OptionError, CaseError
        """
        path = self._path(name)
        with self._told("changed"):
            path.unlink()

    # ---------------------------------------------------------------- files

    def _path(self, name: str) -> Path:
        """Return the path of a file that is there; a name leads to no other folder."""
        path = self.folder / name
        if not NAME.fullmatch(name) or not path.exists():
            raise OptionError("case of your library", name, [k.name for k in self.entries()])
        return path

    def _stamp(self, name: str) -> tuple[int, int]:
        with self._told("read"):
            stat = (self.folder / name).stat()
        return stat.st_mtime_ns, stat.st_size

    def _entry(self, path: Path) -> Kept:
        try:
            return Kept(path.name, _read(self.rooms, path, self._stamp(path.name)))
        except FascinetError as error:
            return Kept(path.name, None, str(error))

    def _free(self, title: str) -> str:
        """Return a file name for a title that no file has yet."""
        stem = re.sub(r"[\W_]+", "-", title.lower())[:LONGEST].strip("-") or "case"
        names = (f"{stem}.json", *(f"{stem}-{k}.json" for k in range(2, 10_000)))
        return next(n for n in names if not (self.folder / n).exists())

    @contextmanager
    def _told(self, what: str) -> Generator[None, None, None]:
        """Turn what a disk says into one clear line."""
        try:
            yield
        except OSError as error:
            raise CaseError(f"the case library {self.folder} cannot be {what}: {reason(error)} "
                            f"({WHERE} may name another folder)") from error  # fmt: skip


def default_folder() -> Path:
    """Return where the library lies: FASCINET_CASES, else a folder of the user's own."""
    given = os.environ.get(WHERE, "")
    return Path(given) if given else Path(platformdirs.user_data_dir("fascinet")) / "cases"


@lru_cache(maxsize=256)
def _read(rooms: Practice, path: Path, stamp: tuple[int, int]) -> TeachingCase:
    """Return the case of a file as it was at a time and of a size."""
    if stamp[1] > LARGEST:
        raise CaseError(f"{path.name}: expected at most {LARGEST:,} bytes, got {stamp[1]:,}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CaseError(f"{path.name} cannot be read: {reason(error)}") from error
    return read_teaching_case(rooms, data, path.name)
