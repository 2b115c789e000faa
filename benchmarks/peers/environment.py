"""Python environments of the peers whose packages clash with ours, made from their locks under the cache folder."""

import re
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.jars import fetch_peer_jars
from benchmarks.peers.peer import FOLDER, Peer, ProcessPeer
from fraudstream.system.own_environment import own_environment

LOCKS = FOLDER / "requirements"


def interpreter(peer: ProcessPeer) -> Path:
    """Return the Python of a peer; its environment is made when it is not there, or when its lock has changed.

    Raises
    ------
    RuntimeFailure
        When the packages can't be installed.
    """
    fetch_peer_jars(peer.module)
    if not peer.own_environment:
        return Path(sys.executable)
    return own_environment(LOCKS / f"{peer.module}.lock", "peers")


def version_of(peer: Peer) -> str:
    """Return the version of a peer's package, as its environment has it."""
    if not (isinstance(peer, ProcessPeer) and peer.own_environment):
        return version(peer.package)
    locked = re.search(rf"^{peer.package}==(\S+)", (LOCKS / f"{peer.module}.lock").read_text(), re.MULTILINE)
    return locked.group(1) if locked else "unknown"
