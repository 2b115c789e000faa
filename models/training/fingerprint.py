"""Fingerprint of a history file."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import DataFingerprint


def fingerprint(path: Path, event_time_ms: NDArray[np.int64]) -> DataFingerprint:
    """Return the fingerprint of a history file.

    Parameters
    ----------
    path : Path
        Parquet file whose bytes are hashed.
    event_time_ms : ndarray of int64, (n,), n > 0
        Event times, ascending.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return DataFingerprint(
        sha256=digest,
        rows=len(event_time_ms),
        first_event_time_ms=int(event_time_ms[0]),
        last_event_time_ms=int(event_time_ms[-1]),
    )
