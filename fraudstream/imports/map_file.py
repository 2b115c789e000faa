"""Map files in TOML, see docs/import.md."""

import os
from codecs import BOM_UTF8
from pathlib import Path

from fraudstream.settings.toml_text import TomlTextError, parse_toml
from schemas.mapping.map_parser import parse_map
from schemas.mapping.transaction_map import MapError, TransactionMap

MIN_KEY_BYTES = 16
"""Smallest key: card numbers are few enough to try all of them with a short one."""


def read_map(path: Path, *, timezone: str | None = None) -> TransactionMap:
    """Read a map.

    Raises
    ------
    MapError
        The file is missing, not TOML, or has mistakes: a line for each.
    """
    try:
        tables = parse_toml(path.read_bytes().removeprefix(BOM_UTF8))
    except OSError as error:
        raise MapError(
            f"expected a map at {path}, got: {error.strerror}. Correct its name, or write one with --guess"
        ) from None
    except TomlTextError as error:
        raise MapError(f"expected TOML in {path}, got: {error}. Correct that line") from None
    try:
        return parse_map(tables, timezone=timezone)
    except MapError as error:
        problems = str(error).splitlines()
        if len(problems) == 1:
            raise MapError(f"{path}: {problems[0]}") from None
        lines = "".join(f"\n  {problem}" for problem in problems)
        raise MapError(f"{path}: expected a map, got {len(problems)} problems:{lines}") from None


def hash_key(mapping: TransactionMap) -> bytes | None:
    """Return the key of hashed columns from the environment; None for a map without any.

    Raises
    ------
    MapError
        The variable is unset, or its key is short.
    """
    if not any(mapping.hashed):
        return None
    name = mapping.key_variable
    key = os.environ.get(name, "").encode()
    if len(key) < MIN_KEY_BYTES:
        got = "none" if not key else f"{len(key)} bytes"
        raise MapError(
            f"expected a key of at least {MIN_KEY_BYTES} bytes in the environment variable {name}, got {got}. "
            f"Set it to a secret that stays the same: export {name}=$(openssl rand -hex 32)"
        )
    return key
