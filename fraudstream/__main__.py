"""Entry of the command line; imports nothing slow before an interrupt is handled."""

from fraudstream.system.interrupts import exit_on_interrupt


def main() -> None:
    """Run the command line; Ctrl-C and TERM end it alike while it loads and later."""
    exit_on_interrupt()
    from fraudstream.cli.main import main as run  # noqa: PLC0415  (takes a second)

    run()


if __name__ == "__main__":
    main()
