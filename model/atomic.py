"""Files that are written whole or not at all."""

import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path, folder: Path | None = None) -> Generator[Path, None, None]:
    """Give a name to write to; it takes the name `path` when the block ends well.

    The name lies beside `path`, or in `folder`, which must be of the same file system.

    Whatever ends the block otherwise, an interrupt included, leaves what was there before. Links
    are followed, so that a link stays one; what is no plain file (a device, a pipe) is given as it
    is, since it cannot be replaced.

    Raises
    ------
    OSError
    """
    target = Path(os.path.realpath(path))
    if is_special(target):
        yield target
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=folder or target.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(mode_of(target))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def is_special(path: Path) -> bool:
    """Whether a path is there and neither a plain file nor a folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def mode_of(path: Path) -> int:
    """Return the access mode that `path` has, or a new file would have."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def reason(error: OSError) -> str:
    """Return the system's words for `error`, in lower case."""
    return (error.strerror or str(error)).lower()
