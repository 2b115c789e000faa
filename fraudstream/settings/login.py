"""Logins and secrets in the settings."""

from __future__ import annotations

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
        raise mistake("one password, but there are two: unset the variable or leave out password_file")
    if username is None and (password is not None or password_file is not None):
        raise mistake("a username with the password, but there is none: add username")
    if username is not None and password is None and password_file is None:
        raise mistake("a password for the username, but there is none: set the variable ending in __PASSWORD, "
                      "or name a file in password_file")  # fmt: skip
    if password is not None and not password.get_secret_value():
        raise mistake("a password, but the variable is empty: set it")


def check_one_source(name: str, value: SecretStr | None, file: Path | None) -> None:
    """Refuse a secret that is set twice, or by an empty variable."""
    if value is not None and file is not None:
        raise mistake(f"one {name}, but there are two: unset the variable or leave out {name}_file")
    if value is not None and not value.get_secret_value():
        raise mistake(f"a {name}, but the variable is empty: set it, or unset it")


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
        raise UserError(f"expected a {name} in {path}, but: {error}: name another {name}_file") from None
    if not text or "\n" in text:
        # The Java client reads the whole file.
        raise UserError(
            f"expected the {name} alone in {path}, but it has {'a line end' if text else 'nothing'} in it: "
            "write it with printf '%s' instead of echo"
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
        raise UserError('expected a Kafka password without " and \\, but it has one: give the user another password')
    return password


def keep_secret(path: Path, secret: str) -> Path:
    """Write a secret to a file that only this user can read, and return its path."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    path.write_text(secret)
    return path
