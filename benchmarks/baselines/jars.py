"""Jars of a baseline: `requirements/MODULE.jars.lock`, in the cache folder."""

from pathlib import Path

from benchmarks.baselines.baseline_program import FOLDER
from fraudstream.devstack.jars import fetch_jars, read_lock
from fraudstream.system.folders import cache_folder


def jar_paths(module: str) -> list[Path]:
    """Return the paths of the jars of a baseline."""
    lock = _lock(module)
    return [cache_folder() / "jars" / jar.filename for jar in read_lock(lock)] if lock.exists() else []


def fetch_baseline_jars(module: str) -> None:
    """Fetch the jars of a baseline, each checked against its checksum."""
    if _lock(module).exists():
        fetch_jars(read_lock(_lock(module)), cache_folder() / "jars")


def _lock(module: str) -> Path:
    return FOLDER / "requirements" / f"{module}.jars.lock"
