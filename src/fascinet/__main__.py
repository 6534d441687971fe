"""The command line: `fascinet`, or `python -m fascinet`."""

import sys


def main() -> None:
    """Run the command line; exit 0 if all went well, 2 on bad input."""
    from fascinet.quick import answer

    code = answer(sys.argv[1:])
    if code is None:
        from fascinet.cli import run

        code = run(sys.argv[1:])
    sys.exit(code)


if __name__ == "__main__":
    main()
