"""The command line: `fascinet`, or `python -m fascinet`."""

import signal
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line; exit 0 if all went well, 2 on bad input, 130 if interrupted."""
    try:
        from fascinet.streams import finish, prepare

        prepare()
        sys.exit(finish(_run(sys.argv[1:])))
    except KeyboardInterrupt:  # while modules are imported, or the last lines written
        sys.exit(_stopped())


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
