"""Writes to Flink's map state in both modes."""

from collections.abc import Mapping
from typing import Any

from pyflink.datastream.state import MapState

from jobs.job_config import Mode


def put_all(state: MapState, entries: Mapping[str, bytes] | Mapping[int, bytes], mode: Mode) -> None:
    """Put all entries into a map state at once, in thread mode by one crossing into the JVM.

    PyFlink's two modes disagree on what they accept: the map itself, or (in process mode, which loops over it
    for pairs) its items.
    """
    accepted: Any = entries.items() if mode == "process" else entries
    state.put_all(accepted)
