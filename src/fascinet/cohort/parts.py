"""The folder beside an output that holds what is finished, so that a crash costs one block.

`OUT.part/manifest.json` holds a key of the input's bytes, the network and all options. A later run
with the same key takes what is finished, any other starts anew. Block by block there are
`000000.rows` (the block as it will stand in the output), `000000.bad` (its rows without an answer)
and, written last, `000000.json` (counts): a block without it is not finished.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from fascinet.cohort.work import Done
from fascinet.model.atomic import whole_file
from fascinet.model.errors import FormatError

MANIFEST, LOCK = "manifest.json", "lock"
OURS = (".rows", ".bad", ".json", ".whole")
PIECE = 2**20  # bytes


class Parts:
    """Finished blocks of one output.

    Parameters
    ----------
    out : Path
        The output.
    key : str
        Of all that the output follows from.

    Attributes
    ----------
    folder : Path
    finished : frozenset of int
        The blocks that an earlier run finished.

    Raises
    ------
    FormatError
        If there is a folder of that name which is not such, or another run writes to it.
    """

    def __init__(self, out: Path, key: str) -> None:
        self.folder = folder_of(out)
        try:
            self.folder.mkdir(exist_ok=True)
            self._check()
            self._lock = lock(self.folder / LOCK, out)
            if self._key() != key:
                self._clear()
                with whole_file(self.folder / MANIFEST) as part:
                    part.write_text(json.dumps({"key": key}), encoding="ascii")
            found = (p.stem for p in self.folder.glob("[0-9]*.json"))
            self.finished = frozenset(int(stem) for stem in found)
        except OSError as error:
            raise FormatError(f"{self.folder}: cannot be used: {error.strerror}") from None

    def path(self, block: int, suffix: str) -> Path:
        """Return the file of a block."""
        return self.folder / f"{block:06d}{suffix}"

    def keep(self, block: int, done: Done) -> None:
        """Write a block that is finished, whole or not at all."""
        told = asdict(done)
        for suffix, content in ((".rows", told.pop("rows")), (".bad", told.pop("bad"))):
            with self.path(block, suffix).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        with whole_file(self.path(block, ".json")) as part:
            part.write_text(json.dumps(told), encoding="utf-8")

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *error: object) -> None:
        """Let another run go on."""
        unlock(self._lock)

    def has_some(self) -> bool:
        """Whether any block is finished."""
        return any(True for _ in self.folder.glob("[0-9]*.json"))

    def counts(self, block: int) -> dict[str, Any]:
        """Return what is told of a finished block."""
        return json.loads(self.path(block, ".json").read_text(encoding="utf-8"))

    def joined(self, suffix: str, count: int, head: bytes) -> Iterator[bytes]:
        """Yield the head and then the content of all blocks, in pieces."""
        yield head
        for block in range(count):
            with self.path(block, suffix).open("rb") as file:
                yield from iter(lambda: file.read(PIECE), b"")  # noqa: B023

    def remove(self) -> None:
        """Remove the folder: what says that blocks are finished first, the manifest last."""
        self._clear()
        with suppress(OSError):
            (self.folder / MANIFEST).unlink(missing_ok=True)
            unlock(self._lock)
            (self.folder / LOCK).unlink(missing_ok=True)
            self.folder.rmdir()

    def _clear(self) -> None:
        for suffixes in ((".json",), OURS):
            for path in self.folder.iterdir():
                if path.suffix in suffixes and path.name != MANIFEST:
                    path.unlink(missing_ok=True)
        for path in self.folder.glob(".*"):  # written halfway when it was killed
            path.unlink(missing_ok=True)

    def _key(self) -> str | None:
        try:
            return json.loads((self.folder / MANIFEST).read_text(encoding="ascii"))["key"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _check(self) -> None:
        """Raise if something of somebody else lies here: it would be removed at the end."""
        for path in self.folder.iterdir():
            ours = path.name in (MANIFEST, LOCK) or path.name.startswith(f".{MANIFEST}")
            ours = ours or path.name.lstrip(".")[:6].isdigit()
            if not ours or path.is_dir():
                raise FormatError(
                    f"{self.folder}: expected no folder of this name, or one of a run that was "
                    f"stopped; it has {path.name!r}"
                )


def folder_of(out: Path) -> Path:
    """Return the folder of an output's parts, on the same file system as the output."""
    real = Path(os.path.realpath(out))
    return real.with_name(f"{real.name}.part")


def key_of(files: Iterable[Path], options: Any) -> str:
    """Return a digest of the content of files and of options that JSON can hold."""
    total = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for path in files:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def lock(path: Path, out: Path) -> IO[str] | None:
    """Take the lock that one run at a time may hold; it ends with the process, however that ends.

    Raises
    ------
    FormatError
        If another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return None
    file = path.open("a", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise FormatError(f"{out}: another run is writing it") from None
    return file


def unlock(file: IO[str] | None) -> None:
    """Let go of a lock."""
    if file is not None:
        file.close()
