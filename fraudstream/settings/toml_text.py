"""TOML text from users."""

import tomllib
from typing import Any


class TomlTextError(ValueError):
    """Invalid TOML; the message is one line."""


def parse_toml(raw: bytes) -> dict[str, Any]:
    """Parse TOML.

    Raises
    ------
    TomlTextError
        Any bytes that are not TOML.
    """
    try:
        return tomllib.loads(raw.decode())
    except RecursionError:
        raise TomlTextError("arrays and tables that are nested too deep") from None
    except ValueError as error:  # also of an integer of more than 4,300 digits, which is not a TOMLDecodeError
        got = str(error).partition(";")[0] if "integer string" in str(error) else str(error)
        raise TomlTextError(" ".join(got.split())) from None
