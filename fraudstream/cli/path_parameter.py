"""Parameters that name a file or folder, local or in S3."""

from pathlib import Path
from typing import Any

import typer

from schemas.errors import UserError
from schemas.s3_path import S3Path, as_path

METAVAR = "PATH"


def path_option(*names: str, **settings: Any) -> Any:
    """Return a Typer option whose value is a path, also s3://BUCKET/KEY."""
    return typer.Option(*names, parser=as_path, metavar=METAVAR, **settings)


def path_argument(*, metavar: str | None = None, **settings: Any) -> Any:
    """Return a Typer argument whose value is a path, also s3://BUCKET/KEY."""
    return typer.Argument(parser=as_path, metavar=metavar, **settings)


def local_path(text: str | Path) -> Path:
    """Return a local path.

    Raises
    ------
    UserError
        It is an address in S3.
    """
    path = as_path(text)
    if isinstance(path, S3Path):
        raise UserError(f"expected a local path, got {path}: the tool of this command has no S3. Copy it here first")
    return path
