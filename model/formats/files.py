"""Reading and writing files: gzip where the name says so, bounded sizes, all or nothing."""

import codecs
import gzip
import re
import zlib
from pathlib import Path

from fascinet.model.atomic import reason, whole_file
from fascinet.model.errors import FormatError
from fascinet.model.formats.common import warn

DECLARED = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SIZE_LIMIT = 2**28
"""Most bytes of text that are read from one file, after unpacking."""


def read_text(path: Path) -> str:
    """Return the text of a file, unpacked if it ends in ``.gz``.

    Raises
    ------
    FormatError
        If there is no such file, it is not gzip or text, or it unpacks to more than 256 MiB.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"{path}: not a whole gzip file ({error})") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {reason(error)}") from None
    if len(data) > SIZE_LIMIT:
        raise FormatError(f"{path}: expected at most {SIZE_LIMIT} bytes of text, got more")
    return decode(data, path)


def decode(data: bytes, path: Path) -> str:
    """Return bytes as text: UTF-8, or as a byte order mark or an XML declaration says.

    HUGIN's files may be Latin-1, which they cannot say: that is taken with a warning.
    """
    try:
        return data.decode("utf-16" if data.startswith(MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        declared = DECLARED.match(data)
        if ".net" in path.suffixes and b"\0" not in data:
            line = data.count(b"\n", 0, error.start) + 1
            warn(f"{path}:{line}: expected UTF-8 text; read as Latin-1")
            return data.decode("latin-1")
    name = declared[1].decode() if declared else "utf-8"
    try:
        return data.decode(name)
    except (LookupError, UnicodeError):
        raise FormatError(f"{path}: expected {name.upper()} text") from None


def write_text(path: Path, text: str) -> None:
    """Write `text` whole or not at all; a failure leaves the old file untouched."""
    data = text.encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    try:
        with whole_file(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {reason(error)}") from None
