"""Exceptions for user errors."""


class UserError(Exception):
    """A mistake that the user can fix: its message says what was expected, what came and what to do.

    The command line prints the message alone, without a stack trace, and exits with `exit_code`.
    """

    exit_code = 2


class ColumnError(UserError):
    """A column of a file that cannot be read as its canonical type; the message follows the column's name."""
