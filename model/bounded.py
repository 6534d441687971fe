"""Reading within bounds: no file is read further than its kind can be long."""

import errno
import sys
from pathlib import Path

TEXT_LIMIT = 2**23
"""Most bytes of a case, of a file of the knowledge base, or of a table of answers."""


def read_bytes(path: str | Path, most: int = TEXT_LIMIT) -> bytes:
    """Return the content of a file, or of standard input for "-".

    Raises
    ------
    OSError
        If it cannot be read, or is longer than `most` bytes: devices have no end.
    """
    if str(path) == "-":
        if sys.stdin is None:
            raise OSError(errno.EBADF, "standard input is closed")
        data = sys.stdin.buffer.read(most + 1)
    else:
        with Path(path).open("rb") as stream:
            data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"expected at most {most:,} bytes, got more")
    return data


def read_text(path: str | Path, most: int = TEXT_LIMIT) -> str:
    """Return a UTF-8 text file's content.

    Raises
    ------
    OSError
        As `read_bytes` does, and if it is not UTF-8.
    """
    try:
        return read_bytes(path, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "expected UTF-8 text") from None
    except ValueError as error:  # a name that no file can have
        raise OSError(errno.EINVAL, str(error)) from None


def why(error: OSError) -> str:
    """Return what went wrong, in the system's words or ours."""
    return error.strerror or str(error)
