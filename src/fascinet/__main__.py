"""The command line: `fascinet`, or `python -m fascinet`."""

import sys


def main() -> None:
    """Run the command line; exit 0 if all went well, 2 on bad input."""
    from fascinet.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
