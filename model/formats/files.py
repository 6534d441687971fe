"""Reading and writing files: gzip where the name says so, bounded sizes, all or nothing."""

import codecs
import gzip
import re
import zlib
from pathlib import Path

from fascinet.model.atomic import reason, whole_file
from fascinet.model.errors import FormatError, shown
from fascinet.model.formats.common import warn

DECLARED = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SIZE_LIMIT = 2**25
"""Most bytes of text that are read from one file, after unpacking."""
HUGIN = (".net", ".oobn")


def read_text(path: Path, encoding: str | None = None) -> str:
    """Return the text of a file, unpacked if it ends in ``.gz``.

    Parameters
    ----------
    encoding : str, optional
        Of the text; by default UTF-8, or what the file itself says.

    Raises
    ------
    FormatError
        If there is no such file, it is not gzip or text, or it unpacks to more than 32 MiB.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"{path}: not a whole gzip file ({error})") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {reason(error)}") from None
    except ValueError as error:  # a name that no file can have
        raise FormatError(f"{shown(str(path))}: cannot be read: {error}") from None
    if len(data) > SIZE_LIMIT:
        raise FormatError(f"{path}: expected at most {SIZE_LIMIT:,} bytes of text, got more")
    return decode(data, path, encoding)


def decode(data: bytes, path: Path, encoding: str | None = None) -> str:
    """Return bytes as text: UTF-8, or as a byte order mark or an XML declaration says.

    HUGIN's files may be Latin-1, which they cannot say: that is taken with a warning.
    """
    if encoding is not None:
        return _as(data, encoding, path)
    try:
        return data.decode("utf-16" if data.startswith(MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        declared = DECLARED.match(data)
        if any(s.lower() in HUGIN for s in path.suffixes) and b"\0" not in data:
            line = data.count(b"\n", 0, error.start) + 1
            warn(f"{path}:{line}: expected UTF-8 text; read as Latin-1")
            return data.decode("latin-1")
    return _as(data, declared[1].decode() if declared else "utf-8", path)


def _as(data: bytes, encoding: str, path: Path) -> str:
    try:
        text = data.decode(encoding)
    except (LookupError, UnicodeError, ValueError):
        known = _is_encoding(encoding)
        what = f"expected {encoding.upper()} text" if known else f"unknown encoding {encoding!r}"
        remedy = "; give encoding= for another, or fascinet convert --encoding" if known else ""
        raise FormatError(f"{path}: {what}{remedy}") from None
    return text.removeprefix("\ufeff")


def _is_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name).name != ""
    except (LookupError, ValueError):
        return False


def write_text(path: Path, text: str) -> None:
    """Write `text` whole or not at all; a failure leaves the old file untouched."""
    data = text.encode()
    if path.suffix.lower() == ".gz":
        data = gzip.compress(data, mtime=0)
    try:
        with whole_file(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {reason(error)}") from None
