"""Errors of the command line: one line on standard error, exit code 2."""

import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fascinet.model.errors import FascinetError
from fascinet.streams import BAD, words

STOPPED = 130  # as a shell says of what an interrupt ended


quiet = False
"""Whether messages that are no errors are left out (`--quiet`)."""


def be_quiet(wanted: bool = True) -> None:
    """Leave out messages that are no errors."""
    global quiet
    quiet = wanted


def guarded(work: Callable[[], Any]) -> int:
    """Run a command; return its exit code, 2 with one line on standard error for bad input."""
    warnings.showwarning = note
    try:
        code = work()
        return code if isinstance(code, int) else 0
    except FascinetError as error:
        return complain(error)
    except KeyboardInterrupt:
        return stopped()
    except (BrokenPipeError, SystemExit):
        return 0  # whoever read it has read enough; typer and rich leave so when a pipe breaks
    except OSError as error:
        return complain(words(error))
    except MemoryError:
        return complain("not enough memory")


def note(message: Warning | str, category: type[Warning], *place: object) -> None:
    """Write a warning as one line on standard error, without the place in the code."""
    tell("fascinet: note: " + " ".join(str(message).split()))


def tell(line: str) -> None:
    """Write a message that is no error on standard error, unless `--quiet` is given."""
    if not quiet:
        _say(line)


def complain(message: object) -> int:
    """Write one line on standard error; return the exit code of bad input."""
    _say("fascinet: " + " ".join(str(message).split()))
    return BAD


def stopped() -> int:
    """Say that an interrupt ended the work; return the exit code for it."""
    complain("stopped")
    return STOPPED


def _say(line: str) -> None:
    with suppress(OSError, ValueError):  # standard error itself may be full or closed
        print(line, file=sys.stderr)
