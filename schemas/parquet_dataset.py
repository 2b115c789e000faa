"""Parquet files, local or in S3, as one table."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.dataset as ds

from schemas.s3_path import S3Path, file_system


def parquet_dataset(files: Sequence[Path]) -> ds.Dataset:
    """Open files as a dataset with the columns of the first.

    Parameters
    ----------
    files : sequence of Path
        At least one; all local, or all in S3.
    """
    keys = [file.key for file in files if isinstance(file, S3Path)]
    if keys:
        return ds.dataset(keys, filesystem=file_system(), format="parquet")
    return ds.dataset([str(file) for file in files], format="parquet")
