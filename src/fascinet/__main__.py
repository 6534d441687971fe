"""The command line: `fascinet`, or `python -m fascinet`."""

import _thread
import signal
import sys
from contextlib import suppress
from threading import Timer

AGAIN = 1.0  # seconds


def main() -> None:
    """Run the command line; exit 0 if all went well, 2 on bad input, 130 if interrupted."""
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt)
        from fascinet.streams import finish, prepare

        prepare()
        code = _run(sys.argv[1:])
        if code == 130:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(finish(code))
    except KeyboardInterrupt:  # while modules are imported, or the last lines written
        sys.exit(_stopped())
    except Exception as error:
        if not _was_interrupted(error):
            raise
        sys.exit(_stopped())


def _interrupt(number: int, frame: object) -> None:
    """Raise, and again after a second: code that swallows exceptions may have been running."""
    again = Timer(AGAIN, _thread.interrupt_main)
    again.daemon = True
    again.start()
    raise KeyboardInterrupt


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether an interrupt lies behind another error: Python 3.11 wraps what ends a class body."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _stopped() -> int:
    """Say so in one line; a second interrupt changes nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, ValueError):
        print("fascinet: stopped", file=sys.stderr)
    return 130


def _run(arguments: list[str]) -> int:
    from fascinet.quick import answer

    code = answer(arguments)
    if code is None:
        from fascinet.cli import run

        code = run(arguments)
    return code


if __name__ == "__main__":
    main()
