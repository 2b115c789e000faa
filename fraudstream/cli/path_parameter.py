"""Parameters that name a file or folder, local or in S3."""

from typing import Any

import typer

from schemas.s3_path import as_path

METAVAR = "PATH"


def path_option(*names: str, **settings: Any) -> Any:
    """Return a Typer option whose value is a path, also s3://BUCKET/KEY."""
    return typer.Option(*names, parser=as_path, metavar=METAVAR, **settings)


def path_argument(*, metavar: str | None = None, **settings: Any) -> Any:
    """Return a Typer argument whose value is a path, also s3://BUCKET/KEY."""
    return typer.Argument(parser=as_path, metavar=metavar, **settings)
