"""Entry point of `fraudstream` and of `python -m fraudstream`."""

import sys

from fraudstream.system.own_packages import package_complaints


def main() -> None:
    """Run the command line, unless a package of another project would run in the place of ours."""
    complaints = package_complaints()
    if complaints:
        sys.stderr.write("".join(f"Error: {text}\n" for text in complaints))
        sys.exit(3)
    from fraudstream.cli.main import main as run  # noqa: PLC0415 (it imports the packages that were checked)

    run()


if __name__ == "__main__":
    main()
