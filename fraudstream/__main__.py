"""Entry point of `fraudstream` and of `python -m fraudstream`; imports nothing slow before an interrupt is handled."""

import sys

from fraudstream.system.interrupts import exit_on_interrupt
from fraudstream.system.own_packages import package_complaints


def main() -> None:
    """Run the command line, unless a package of another project would run instead of ours.

    Ctrl-C and TERM end it in the same way while it loads and later.
    """
    exit_on_interrupt()
    complaints = package_complaints()
    if complaints:
        sys.stderr.write("".join(f"Error: {text}\n" for text in complaints))
        sys.exit(3)
    from fraudstream.cli.main import main as run  # noqa: PLC0415  (slow, and imports what was checked)

    run()


if __name__ == "__main__":
    main()
