"""Declaration files in TOML, see docs/declaration.md."""

import json
import tomllib
from codecs import BOM_UTF8
from dataclasses import replace
from pathlib import Path
from typing import Any

from schemas.declaration.declaration import Declaration, DeclarationError
from schemas.declaration.declaration_parser import parse_declaration


def read_declaration(path: Path) -> Declaration:
    """Read a declaration, and the Avro schemas that it names, by paths from its own folder.

    Raises
    ------
    DeclarationError
        The file is missing, not TOML, or has mistakes: a line for each.
    """
    try:
        tables = tomllib.loads(path.read_bytes().removeprefix(BOM_UTF8).decode())
    except OSError as error:
        raise DeclarationError(
            f"expected a declaration at {path}, got: {error.strerror}. Correct job.declaration, or unset it"
        ) from None
    except (ValueError, RecursionError) as error:
        got = " ".join(str(error).split())[:200]
        raise DeclarationError(f"expected TOML in {path}, got: {got}. Correct that line") from None
    try:
        found = parse_declaration(tables, lambda name: _schema(path.parent / name))
    except DeclarationError as error:
        problems = str(error).splitlines()
        if len(problems) == 1:
            raise DeclarationError(f"{path}: {problems[0]}") from None
        lines = "".join(f"\n  {problem}" for problem in problems)
        raise DeclarationError(f"{path}: expected a declaration, got {len(problems)} problems:{lines}") from None
    return replace(found, path=path)


def _schema(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DeclarationError(
            f"expected an Avro schema at {path}, got: {error.strerror}. Correct schema in [transaction]"
        ) from None
    except (ValueError, RecursionError) as error:
        got = " ".join(str(error).split())[:200]
        raise DeclarationError(f"expected JSON in {path}, got: {got}. Correct it") from None
