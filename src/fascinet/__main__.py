"""The command line: `fascinet`, or `python -m fascinet`."""

import sys


def main() -> None:
    """Run the command line; exit 0 if all went well, 2 on bad input, 130 if interrupted."""
    from fascinet.streams import finish, prepare

    prepare()
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are imported
        from fascinet.cli_errors import stopped

        code = stopped()
    sys.exit(finish(code))


def _run(arguments: list[str]) -> int:
    from fascinet.quick import answer

    code = answer(arguments)
    if code is None:
        from fascinet.cli import run

        code = run(arguments)
    return code


if __name__ == "__main__":
    main()
