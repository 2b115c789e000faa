"""Jars that a peer needs: `requirements/MODULE.jars.lock`, kept with the project's own in the cache folder."""

from pathlib import Path

from benchmarks.baselines.peer import FOLDER
from fraudstream.devstack.jars import fetch_jars, read_lock
from fraudstream.system.folders import cache_folder


def jar_paths(module: str) -> list[Path]:
    """Say where the jars of a peer lie once they are fetched; none for one that needs none."""
    lock = _lock(module)
    return [cache_folder() / "jars" / jar.filename for jar in read_lock(lock)] if lock.exists() else []


def fetch_peer_jars(module: str) -> None:
    """Fetch the jars of a peer, each checked against its checksum."""
    if _lock(module).exists():
        fetch_jars(read_lock(_lock(module)), cache_folder() / "jars")


def _lock(module: str) -> Path:
    return FOLDER / "requirements" / f"{module}.jars.lock"
