"""Logins and secrets in the settings."""

import stat
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from schemas.errors import UserError

HIDDEN = "hidden"
"""Type of errors whose input is not shown, because it may contain a secret."""


def mistake(expected: str) -> PydanticCustomError:
    """Return a validation error with a complete message, without the input."""
    return PydanticCustomError(HIDDEN, "{expected}", {"expected": expected})


def check_login(username: str | None, password: SecretStr | None, password_file: Path | None) -> None:
    """Refuse an incomplete login: a user without a password, a password without a user, two passwords."""
    if password is not None and password_file is not None:
        raise mistake("one password, got two. Unset the variable or leave out password_file")
    if username is None and (password is not None or password_file is not None):
        raise mistake("a username with the password, got none. Add username")
    if username is not None and password is None and password_file is None:
        raise mistake("a password for the username, got none. Set the variable ending in __PASSWORD, "
                      "or name a file in password_file")  # fmt: skip
    if password is not None and not password.get_secret_value():
        raise mistake("a password, got an empty variable. Set it")


def check_one_source(name: str, value: SecretStr | None, file: Path | None) -> None:
    """Refuse a secret that is set twice, or by an empty variable."""
    if value is not None and file is not None:
        raise mistake(f"one {name}, got two. Unset the variable or leave out {name}_file")
    if value is not None and not value.get_secret_value():
        raise mistake(f"a {name}, got an empty variable. Set or unset it")


def read_password(password: SecretStr | None, password_file: Path | None, *, name: str = "password") -> str:
    """Return the password, or another secret, from its file if one is set.

    Raises
    ------
    UserError
        The file can't be read, or has not exactly one line.
    """
    if password_file is None:
        return password.get_secret_value() if password else ""
    path = password_file.expanduser()
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"expected a {name} in {path}, got: {error}. Name another {name}_file") from None
    if not text or "\n" in text:
        # The Java client reads the whole file.
        raise UserError(
            f"expected only the {name} in {path}, got {'a line end' if text else 'an empty file'}. "
            "Write it with printf '%s' instead of echo"
        )
    return text


def quotable(password: str) -> str:
    """Return a password that needs no escape in the quotes of Java's login settings.

    Raises
    ------
    UserError
        It has a quote or a backslash in it.
    """
    if '"' in password or "\\" in password:
        raise UserError('expected a Kafka password without " and \\, got one. Give the user another password')
    return password


def keep_secret(path: Path, secret: str) -> Path:
    """Write a secret to a file that only this user can read, and return its path."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    path.write_text(secret)
    return path
