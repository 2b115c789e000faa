"""Python environments of the peers whose packages clash with ours, made from their locks under the cache folder."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.jars import fetch_peer_jars
from benchmarks.peers.peer import FOLDER, Peer, ProcessPeer
from runtime.failures import RuntimeFailure
from runtime.folders import PROJECT_ROOT, cache_folder

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
    return locked_interpreter(LOCKS / f"{peer.module}.lock")


def locked_interpreter(lock: Path) -> Path:
    """Return the Python of an environment that has the packages of a lock; it is made when it is not there.

    Raises
    ------
    RuntimeFailure
        When the packages can't be installed.
    """
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / "peers" / f"{lock.stem}-{digest}"
    python, done = folder / "bin" / "python", folder / ".done"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".making").open("w") as made_by_one:
        fcntl.flock(made_by_one, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            run_uv("venv", "--python", sys.executable, str(folder))
            run_uv("pip", "install", "--python", str(python), "--require-hashes", "-r", str(lock))
            done.touch()
    return python


def run_uv(*arguments: str) -> None:
    """Run the project's uv, which never downloads a Python."""
    uv = Path(sys.executable).with_name("uv")
    environment = os.environ | {"UV_CACHE_DIR": str(cache_folder() / "uv"), "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(  # noqa: S603
        [uv, "--quiet", *arguments], env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"it ended with {done.returncode}"
        raise RuntimeFailure(f"expected locked packages, but `uv {' '.join(arguments)}` failed: {reason}")


def version_of(peer: Peer) -> str:
    """Return the version of a peer's package, as its environment has it."""
    if not (isinstance(peer, ProcessPeer) and peer.own_environment):
        return version(peer.package)
    locked = re.search(rf"^{peer.package}==(\S+)", (LOCKS / f"{peer.module}.lock").read_text(), re.MULTILINE)
    return locked.group(1) if locked else "unknown"
