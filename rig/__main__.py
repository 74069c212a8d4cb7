"""``python -m rig``: the ``rig`` command, for where its script is not on the path."""

import sys

BROKE = 2


def main() -> None:
    """Run the command; Ctrl-C is met in a sentence even while Python still reads the program in."""
    try:
        from rig.cli import main as command

        command()
    except KeyboardInterrupt:
        print("stopped before anything began", file=sys.stderr)
        sys.exit(BROKE)


if __name__ == "__main__":
    main()
