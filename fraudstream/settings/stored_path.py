"""Paths in the settings."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from schemas.errors import UserError
from schemas.s3_path import SCHEME, as_path


def stored_path(value: Path) -> Path:
    """Read a path, local or s3://BUCKET/KEY."""
    try:
        return as_path(value)
    except UserError as error:
        raise ValueError(str(error)) from None


def local_path(value: Path) -> Path:
    """Check a path that processes of this machine lock and rename files in."""
    if value.parts[:1] == (SCHEME,):
        raise ValueError("a local folder: set models.serving, model.artifact and Flink's folders to addresses in S3")
    return value


StoredPath = Annotated[Path, AfterValidator(stored_path)]
LocalPath = Annotated[Path, AfterValidator(local_path)]
