"""Python environments of the baselines whose packages clash with ours, made from their locks under the cache folder."""

import re
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.baselines.jars import fetch_peer_jars
from benchmarks.baselines.peer import FOLDER, Peer, ProcessPeer
from fraudstream.system.isolated_venv import isolated_venv

LOCKS = FOLDER / "requirements"


def interpreter(peer: ProcessPeer) -> Path:
    """Return the Python of a peer; its environment is made when it is not there, or when its lock has changed.

    Raises
    ------
    RuntimeFailure
        When the packages can't be installed.
    """
    fetch_peer_jars(peer.module)
    if not peer.isolated_venv:
        return Path(sys.executable)
    return isolated_venv(LOCKS / f"{peer.module}.lock", "baselines")


def version_of(peer: Peer) -> str:
    """Return the version of a peer's package, as its environment has it."""
    if not (isinstance(peer, ProcessPeer) and peer.isolated_venv):
        return version(peer.package)
    locked = re.search(rf"^{peer.package}==(\S+)", (LOCKS / f"{peer.module}.lock").read_text(), re.MULTILINE)
    return locked.group(1) if locked else "unknown"
