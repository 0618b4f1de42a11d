"""`deskbell`: the entry point."""

import sys


def main() -> int:
    """Run the command line; its exit code."""
    if sys.argv[1:] == ["--version"]:  # asked by scripts and package managers: answered without loading anything
        from deskbell_wire.version import RELEASE

        sys.stdout.write(f"deskbell {RELEASE}\n")
        return 0
    from deskbell_daemon.cli.table import build

    build()(prog_name="deskbell")
    return 0


if __name__ == "__main__":
    sys.exit(main())
