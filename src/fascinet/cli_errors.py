"""Errors of the command line: one line on standard error, exit code 2."""

import sys
import warnings
from collections.abc import Callable
from typing import Any

from fascinet.model.errors import FascinetError


def guarded(work: Callable[[], Any]) -> int:
    """Run a command; return its exit code, 2 with one line on standard error for bad input."""
    warnings.showwarning = note
    try:
        code = work()
        return code if isinstance(code, int) else 0
    except FascinetError as error:
        return complain(error)
    except KeyboardInterrupt:
        return complain("stopped")
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def note(message: Warning | str, category: type[Warning], *place: object) -> None:
    """Write a warning as one line on standard error, without the place in the code."""
    print("fascinet: note: " + " ".join(str(message).split()), file=sys.stderr)


def complain(message: object) -> int:
    """Write one line on standard error; return the exit code of bad input."""
    print("fascinet: " + " ".join(str(message).split()), file=sys.stderr)
    return 2
