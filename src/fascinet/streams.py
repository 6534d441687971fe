"""Standard streams that are closed, full, or of another encoding: one line instead of a traceback.

Only a process of its own is touched (`fascinet.__main__`), never the streams of an importer.
"""

import io
import os
import sys
from contextlib import suppress
from errno import EBADF, EDQUOT, EFBIG, EIO, ENOSPC
from typing import Any

BAD = 2
FULL = (ENOSPC, EFBIG, EDQUOT, EIO)


class _Closed(io.TextIOBase):
    """Stands for a standard output that was closed before the start: nothing is lost unsaid."""

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        raise OSError(EBADF, "standard output is closed")


def prepare() -> None:
    """Make the standard streams usable: a closed one has no descriptor that a file could take."""
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest free number, which is this one
    given: Any = sys
    if given.stdin is None:
        given.stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    if given.stderr is None:
        given.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if given.stdout is None:
        given.stdout = _Closed()
    elif isinstance(given.stdout, io.TextIOWrapper):
        # what an encoding lacks is a question mark; a lone surrogate is written as JSON would
        given.stdout.reconfigure(errors="backslashreplace" if is_unicode() else "replace")


def is_unicode() -> bool:
    """Whether standard output can hold every character."""
    name = str(getattr(sys.stdout, "encoding", None) or "utf-8")
    return name.lower().replace("_", "-").startswith(("utf", "cp65001"))


def finish(code: int) -> int:
    """Write out what is still to be written; return the exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(1)
    except (OSError, ValueError) as error:
        _silence(1)
        if code == 0:
            with suppress(OSError, ValueError):
                print(f"fascinet: {words(error)}", file=sys.stderr)
            code = BAD
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        _silence(2)
    return code


def words(error: Exception) -> str:
    """Return the system's words for an error, with the file if there is one."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    said = error.strerror.lower()
    if error.filename is None and error.errno in FULL:
        return f"standard output: {said}"
    return f"{error.filename}: {said}" if error.filename else said


def _silence(number: int) -> None:
    """Point a descriptor at nothing, so that the end of the interpreter does not try again."""
    with suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)
